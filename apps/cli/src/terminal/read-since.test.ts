import { expect, test } from '@jest/globals';
import { isoHour, readSince, readTime } from './read-since.js';

const NOW = Date.parse('2026-11-21T14:25:59.999Z');

test.each([
  ['25m', '2026-11-21T14:00Z'],
  ['26m', '2026-11-21T13:00Z'],
  ['24h', '2026-11-20T14:00Z'],
  ['7d', '2026-11-14T14:00Z'],
  ['2026-11-21', '2026-11-21T00:00Z'],
  ['2026-11-21T09:59', '2026-11-21T09:00Z'],
  ['2026-11-21T09:59:59.9Z', '2026-11-21T09:00Z'],
  ['2026-11-21T09:30+02:00', '2026-11-21T07:00Z'],
  ['2026-11-21T09:30-02:00', '2026-11-21T11:00Z'],
])('since %s begins with the hour %s', (text, hour) => {
  expect(isoHour(readSince(text, NOW)!)).toBe(hour);
});

test.each([
  '',
  '24',
  'h',
  '1w',
  '-1h',
  '1.5h',
  'yesterday',
  '2026',
  '2026-11',
  '2026-13-01',
  '2026-11-21T25:00',
  '21.11.2026',
  '2026-11-21Z',
  '2026-11-21 09:00',
])('since "%s" is no time', (text) => {
  expect(readSince(text, NOW)).toBeNull();
});

test.each([
  ['90m', '2026-11-21T12:55:59.999Z'],
  ['2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['2026-11-21T09:59:30.25', '2026-11-21T09:59:30.250Z'],
  ['2026-11-21T09:30+02:00', '2026-11-21T07:30:00.000Z'],
])('the time %s is %s, to the millisecond', (text, iso) => {
  expect(new Date(readTime(text, NOW)!).toISOString()).toBe(iso);
});
