import { expect, test } from '@jest/globals';
import { toBillingPeriod } from './billing-period.js';

const NOW_MS = Date.parse('2026-11-29T16:00:00Z');

/** Recorded from Lago 1.51.0, plans by the calendar month. */
test.each<[string, string, string | undefined, string | null, string | null]>([
  [
    'from an earlier month',
    '2026-09-15T00:00:00.000Z',
    undefined,
    '2026-11-01T00:00:00Z',
    '2026-11-30T23:59:59Z',
  ],
  ['begun this month', '2026-11-24T15:53:48.531Z', undefined, '2026-11-24T15:53:48Z', '2026-11-30T23:59:59Z'],
  [
    'ended',
    '2026-11-24T15:43:54.959Z',
    '2026-11-29T15:44:02Z',
    '2026-11-24T15:43:54Z',
    '2026-11-29T15:44:02Z',
  ],
  [
    'ended in an earlier month',
    '2026-01-01T00:00:00Z',
    '2026-03-05T00:00:00Z',
    '2026-03-01T00:00:00Z',
    '2026-03-05T00:00:00Z',
  ],
  ['not yet begun', '2026-12-01T00:00:00Z', undefined, null, null],
])('a subscription %s', (_what, startedAt, terminatedAt, from, to) => {
  expect(toBillingPeriod({ startedAt, terminatedAt }, NOW_MS)).toEqual({
    current_billing_period_started_at: from,
    current_billing_period_ending_at: to,
  });
});
