import { expect, test } from '@jest/globals';
import { pauseAfterRead } from './pause-after-read.js';

const answer = (status: number, headers: Record<string, string> = {}) => ({ status, headers, body: '' });

test.each([
  ['an answer', answer(200), 0],
  ['that something is not there', answer(404), 0],
  [
    'an answer that spent the limit',
    answer(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '3' }),
    3_000,
  ],
  ['429', answer(429, { 'x-ratelimit-reset': '30' }), 30_000],
  ['429 without a word', answer(429), 5_000],
  ['403', answer(403), 5_000],
  ['500', answer(500), 5_000],
  ['302', answer(302), 5_000],
  ['no answer', { error: 'timeout' as const, detail: '' }, 5_000],
])('after %s', (_what, given, waitMs) => {
  expect(pauseAfterRead(given, 0)).toBe(waitMs);
});
