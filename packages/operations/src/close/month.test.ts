import { expect, test } from '@jest/globals';
import { readMonth } from './month.js';

test.each([
  ['2026-10', '2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z'],
  ['2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2028-02', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
])('%s is from %s to %s', (text, from, to) => {
  const { name, span } = readMonth(text)!;
  expect([name, new Date(span.from).toISOString(), new Date(span.to).toISOString()]).toEqual([
    text,
    from,
    to,
  ]);
});

test.each(['2026-13', '2026-00', '2026-1', '2026', '2026-10-01', ' 2026-10', ''])(
  '%j is no month',
  (text) => {
    expect(readMonth(text)).toBeNull();
  },
);
