import { expect, test } from '@jest/globals';
import type { RuleLine, UntakenLine } from '@meterbridge/operations';
import { renderActivity } from './render-activity.js';

const HOUR = 3_600_000;
const AT = 1_000_000 * HOUR;

const rule = (fields: Partial<RuleLine>): RuleLine => ({
  destination: 'lago',
  rule: 'calls',
  state: 'taking',
  taken: 1_200,
  lastTakenAt: AT - 5_000,
  silentAt: AT + HOUR,
  ...fields,
});

const WIDE = Number.POSITIVE_INFINITY;

/** The cells of each row of a table, below its head. */
const rows = (text: string) =>
  text
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/ {2,}/));

test('says of each rule what it took and when, and which ones fell silent or take nothing', () => {
  const rules = [
    rule({}),
    rule({ rule: 'reports', state: 'silent', taken: 7, lastTakenAt: AT - 5 * HOUR, silentAt: AT - 2 * HOUR }),
    rule({ rule: 'typo', state: 'unused', taken: 0, lastTakenAt: null, silentAt: null }),
  ];
  const [, table] = renderActivity({ rules, untaken: [], at: AT }, WIDE);
  expect(rows(table!)).toEqual([
    ['lago', 'calls', '1,200', '5 s ago'],
    ['lago', 'reports', '7', '5 h 0 min ago', 'fell silent: it never rested for 3 h 0 min before'],
    ['lago', 'typo', '0', '–', 'has taken none'],
  ]);
});

test('shows the ten most frequent names that no rule takes, with nothing that commands a terminal', () => {
  const track = (event: string, events: number) => ({ type: 'track' as const, event, events, lastAt: AT });
  const names = [
    track('API Calls', 12_000),
    track('\u001b[2J', 7),
    { ...track('', 5), type: 'page' as const, event: null },
  ];
  const further = Array.from({ length: 20 }, (_, index) => track(`n${index}`, 1));
  const line: UntakenLine = { source: 'backend', count: 400, names: [...names, ...further] };
  const untaken = [line, { ...line, names: [] }];
  const [, table, ...others] = renderActivity({ rules: [], untaken, at: AT }, WIDE);
  expect(others).toEqual([]);
  expect(rows(table!).slice(0, 3)).toEqual([
    ['track "API Calls"', '12,000', '1 s ago'],
    ['track "\\u001b[2J"', '7', '1 s ago'],
    ['page', '5', '1 s ago'],
  ]);
  expect(rows(table!)).toHaveLength(11);
  expect(table).toMatch(/\nand 390 more; --json has the hundred most frequent$/);
});
