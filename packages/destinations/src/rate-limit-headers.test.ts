import { expect, test } from '@jest/globals';
import { readRefusedWaitMs, readSpentWaitMs } from './rate-limit-headers.js';

const now = Date.parse('2026-08-21T10:00:00.000Z');

test.each([
  ['nothing said', {}, 5_000],
  ["Lago's seconds", { 'x-ratelimit-reset': '7' }, 7_000],
  ['fractions of a second', { 'x-ratelimit-reset': '1.5' }, 1_500],
  ["Hyperline's date and time", { 'x-ratelimit-reset': '2026-08-21T10:00:08Z' }, 8_000],
  ['a date and time without a zone, as UTC', { 'x-ratelimit-reset': '2026-08-21 10:00:08' }, 8_000],
  ['an HTTP date', { 'retry-after': 'Fri, 21 Aug 2026 10:00:09 GMT' }, 9_000],
  ['seconds since 1970', { 'x-ratelimit-reset': String(now / 1000 + 6) }, 6_000],
  ['milliseconds since 1970', { 'x-ratelimit-reset': String(now + 6_000) }, 6_000],
  ['the longer of the two', { 'retry-after': '3', 'x-ratelimit-reset': '2026-08-21T10:00:10.000Z' }, 10_000],
  ['Retry-After, where it is longer', { 'retry-after': '12', 'x-ratelimit-reset': '2' }, 12_000],
  ['a second at least', { 'retry-after': '0' }, 1_000],
  ['a date long gone', { 'x-ratelimit-reset': '2020-01-01T00:00:00Z' }, 1_000],
  ['ten minutes at most', { 'retry-after': '86400' }, 600_000],
  ['what cannot be read', { 'retry-after': 'soon', 'x-ratelimit-reset': '' }, 5_000],
])('a 429 with %s', (_, headers, waitMs) => {
  expect(readRefusedWaitMs(headers, now)).toBe(waitMs);
});

test.each([
  ['is silent', {}, undefined],
  ['has some left', { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '5' }, undefined],
  ['has none left', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' }, 5_000],
  ['has none left until now', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' }, undefined],
  ['has none left for nobody knows how long', { 'x-ratelimit-remaining': '0' }, undefined],
  ['says nonsense', { 'x-ratelimit-remaining': 'some', 'x-ratelimit-reset': '5' }, undefined],
])('the wait after an answer whose limit %s', (_, headers, waitMs) => {
  expect(readSpentWaitMs(headers, now)).toBe(waitMs);
});
