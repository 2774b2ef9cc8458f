import { expect, test } from '@jest/globals';
import { listAttempts } from './attempts.js';

const at = Date.UTC(2026, 10, 21, 12);

test('attempts are numbered, the first and the newest where not all are remembered', () => {
  const tries = {
    attempts: 40,
    firstFailedAt: at,
    lastFailedAt: at + 90_000,
    lastCode: 'refused',
    lastStatus: 422,
    lastDetail: 'HTTP 422: no such code',
    earlier: [
      { at, code: 'timeout', detail: 'no answer within 30000 ms' },
      { at: at + 60_000, code: 'server_error', status: 503 },
    ],
  };
  expect(listAttempts(tries)).toEqual([
    ['attempt 1', '2026-11-21 12:00:00, timeout, no answer within 30000 ms'],
    ['attempt 39', '2026-11-21 12:01:00, server_error, HTTP 503'],
    ['attempt 40', '2026-11-21 12:01:30, refused, HTTP 422: no such code'],
  ]);
});
