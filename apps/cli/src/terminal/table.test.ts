import { expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { type Column, renderTable, wrap } from './table.js';

const COLUMNS: Column[] = [
  { head: 'id' },
  { head: 'events in 14 days', align: 'right' },
  { head: 'reason', dropRank: 1 },
  { head: 'since', dropRank: 2 },
  { head: 'detail', minWidth: 12 },
];
const ROWS = [
  ['lago/1', '1,200', 'refused', '2026-11-30', 'no such metric as api_call is known there'],
  ['lago/22', '7', 'unmapped', '2026-11-29', 'tokens is missing'],
];
const WIDE = Number.POSITIVE_INFINITY;

test('a row is a line, with one rule below the head', () => {
  expect(renderTable({ columns: COLUMNS, rows: ROWS, total: ['total', '1,207', '', '', ''] }, WIDE)).toBe(
    `id       events in 14 days  reason    since       detail
───────────────────────────────────────────────────────────────────────────────────────────
lago/1               1,200  refused   2026-11-30  no such metric as api_call is known there
lago/22                  7  unmapped  2026-11-29  tokens is missing
───────────────────────────────────────────────────────────────────────────────────────────
total                1,207`,
  );
});

test('where there is no room columns go by their rank, which is said, and text goes on between words', () => {
  expect(renderTable({ columns: COLUMNS, rows: ROWS }, 40)).toBe(
    `id        events  reason    detail
           in 14
            days
────────────────────────────────────────
lago/1     1,200  refused   no such
                            metric as
                            api_call is
                            known there
lago/22        7  unmapped  tokens is
                            missing
Not shown here: since (--wide)`,
  );
});

test.each([80, 60, 40, 30])('nothing is wider than %p, whatever stands in it', (width) => {
  const columns = [
    { head: 'name', minWidth: 10 },
    { head: 'count', align: 'right' as const },
    { head: 'a', dropRank: 1 },
    { head: 'b', dropRank: 2 },
  ];
  const rows = [
    ['x'.repeat(300), '1', 'a'.repeat(30), 'b'.repeat(30)],
    ['大きさ🎉'.repeat(40), '1,000,000', '', ''],
    ['\u001b[2J\n\u202e'.repeat(40), '', '', ''],
  ];
  const lines = renderTable({ columns, rows }, width).split('\n');
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
});

test.each([
  ['a b', 10, ['a b']],
  ['one two three', 8, ['one two', 'three']],
  ['a longerword b', 5, ['a', 'longe', 'rword', 'b']],
  ['', 5, ['']],
])('%p in %p characters', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines);
});
