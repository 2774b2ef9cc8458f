import { expect, test } from '@jest/globals';
import { changesOf, compareTotals, sayChange } from './verify-statement.js';

const code = (name: string, events: number, sums: Record<string, string>, late = 0, duplicates = 0) => ({
  ...{ code: name, events, sums, late, duplicates },
});

test('what came is told by code, exactly', () => {
  const before = [code('calls', 10, { tokens: '0.3', gone: '1' }), code('same', 1, { n: '1' })];
  const after = [
    code('calls', 12, { tokens: '12345678901234567890.4' }, 1, 2),
    code('same', 1, { n: '1' }),
    code('new', 1, {}),
  ];
  const changes = changesOf(before, after);
  expect(changes.map((change) => `${change.code}: ${sayChange(change)}`)).toEqual([
    'calls: 2 events more, 1 late one more, 2 duplicates more, gone -1, tokens +12345678901234567890.1',
    'new: 1 event more',
  ]);
  const [back] = changesOf(after, before);
  expect(sayChange(back!)).toContain('2 events fewer, 1 late one fewer');
});

test('what a statement says otherwise than its files', () => {
  const totals = { codes: [code('calls', 10, {})], unknown: 0, filtered: 2, rules: ['v1'] };
  const statement = { ...totals, versions: { program: '0.2.0', rules: ['v1'] } };
  expect(compareTotals(statement, totals)).toEqual([]);
  expect(compareTotals({ ...statement, filtered: 1 }, totals)).toEqual([
    '2 events were filtered, and it says 1',
  ]);
  expect(compareTotals({ ...statement, unknown: 1 }, totals)).toHaveLength(1);
  expect(compareTotals({ ...statement, codes: [] }, totals)).toEqual([
    'calls: its files come to 10 events more than it says',
  ]);
  expect(compareTotals(statement, { ...totals, rules: ['v2'] })).toHaveLength(1);
});
