import { expect, test } from '@jest/globals';
import { decideSources } from './decide-sources.js';

const MONTH = { from: Date.parse('2026-10-01T00:00Z'), to: Date.parse('2026-11-01T00:00Z') };
const on = (source: string, days: number[]) =>
  days.map((day) => {
    const date = `2026-10-${String(day).padStart(2, '0')}`;
    return { source, acceptedHour: 0, day: date, deliveries: 1, lastAt: Date.parse(`${date}T12:00Z`) };
  });
const days = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test.each<[string, number[], string | null]>([
  ['every day', days(1, 31), null],
  ['until three days before the end', days(1, 29), null],
  [
    'until the 28th',
    days(1, 28),
    'web had events on 28 of the first 28 days, and none after 2026-10-28T12:00Z',
  ],
  ['until the 10th', days(1, 10), 'web had events on 10 of the first 10 days'],
  [
    'on workdays, until the 16th',
    [1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16],
    'web had events on 12 of the first 16',
  ],
  ['now and then', [2, 9, 16, 23], null],
  ['on three days', [1, 2, 3], null],
  ['on no day', [], null],
])('a source with events %s', (_name, spoke, against) => {
  const { ok, words } = decideSources([...on('backend', days(1, 31)), ...on('web', spoke)], MONTH);
  expect(ok).toBe(against === null);
  expect(words.join('\n')).toContain(against ?? 'no source fell silent');
});
