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

/** The cells of each row of a table. */
const rows = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .slice(1)
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test('says of each rule what it took and when, and which ones fell silent or take nothing', () => {
  const rules = [
    rule({}),
    rule({ rule: 'reports', state: 'silent', taken: 7, lastTakenAt: AT - 5 * HOUR, silentAt: AT - 2 * HOUR }),
    rule({ rule: 'typo', state: 'unused', taken: 0, lastTakenAt: null, silentAt: null }),
  ];
  const [table] = renderActivity({ rules, untaken: [], at: AT });
  expect(rows(table!)).toEqual([
    ['lago', 'calls', '1,200', '5 s ago', ''],
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
  const [table, ...others] = renderActivity({ rules: [], untaken: [line, { ...line, names: [] }], at: AT });
  expect(others).toEqual([]);
  expect(rows(table!).slice(0, 3)).toEqual([
    ['track "API Calls"', '12,000', '1 s ago'],
    ['track "\\u{1b}[2J"', '7', '1 s ago'],
    ['page', '5', '1 s ago'],
  ]);
  expect(rows(table!)).toHaveLength(10);
  expect(table).toMatch(/\nand 390 more; --json has the hundred most frequent$/);
});
