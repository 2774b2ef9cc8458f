import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readTimestampMs } from './timestamps.js';

test.each([
  ['2026-08-01T10:00:00.000Z', '2026-08-01T10:00:00.000Z'],
  ['2026-08-01T10:00:00Z', '2026-08-01T10:00:00.000Z'],
  ['2026-08-01T10:00:00.123456+00:00', '2026-08-01T10:00:00.123Z'],
  ['2026-08-01T10:00:00.999999999+02:00', '2026-08-01T08:00:00.999Z'],
  ['2026-08-01T10:00:00.5Z', '2026-08-01T10:00:00.500Z'],
  ['2026-08-01T10:00:00-0330', '2026-08-01T13:30:00.000Z'],
  ['2026-08-01T10:00:00+02', '2026-08-01T08:00:00.000Z'],
  ['2026-08-01 10:00:00', '2026-08-01T10:00:00.000Z'],
  ['2026-08-01T10:00', '2026-08-01T10:00:00.000Z'],
  ['2026-08-01', '2026-08-01T00:00:00.000Z'],
  ['2024-02-29T23:59:59z', '2024-02-29T23:59:59.000Z'],
])('%s is %s', (text, expected) => {
  expect(new Date(readTimestampMs(text)!).toISOString()).toBe(expected);
});

test.each([
  '2026-02-30T00:00:00Z',
  '2025-02-29',
  '2026-13-01',
  '2026-00-01',
  '2026-01-00',
  '2100-02-29',
  '0026-01-01',
  '2026-08-01T24:00:00Z',
  '2026-08-01T10:60:00Z',
  '2026-08-01T10:00:00+25:00',
  '2026-08-01T10:00:00Zulu',
  'yesterday',
  '1 Aug 2026',
  '',
  '1785542400',
  1785542400,
  1785542400000,
  null,
  {},
  true,
])('%j is no time', (value) => {
  expect(readTimestampMs(value)).toBeNull();
});

test('reads what toISOString writes', () => {
  const dates = fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true });
  fc.assert(fc.property(dates, (date) => expect(readTimestampMs(date.toISOString())).toBe(date.getTime())));
});
