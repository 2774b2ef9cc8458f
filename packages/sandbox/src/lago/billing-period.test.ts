import { expect, test } from '@jest/globals';
import { firstOpenMs, type Life, periodFrom, periodsDue, showPeriod } from './billing-period.js';

const ms = (time: string) => Date.parse(time);
const lifeOf = (started: string, ended?: string): Life => ({
  startedMs: ms(started),
  endedMs: ended === undefined ? undefined : ms(ended),
});
const NOW_MS = ms('2026-11-29T16:00:00Z');

/** Recorded from Lago 1.51.0, plans by the calendar month. */
test.each<[string, string, string | undefined, string, string]>([
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
])('a subscription %s', (_what, started, ended, from, to) => {
  const life = lifeOf(started, ended);
  expect(showPeriod(periodFrom(firstOpenMs(life, NOW_MS), life.endedMs))).toEqual({
    current_billing_period_started_at: from,
    current_billing_period_ending_at: to,
  });
});

test('what has not begun has no period, and begins with its first moment', () => {
  expect(showPeriod(null)).toEqual({
    current_billing_period_started_at: null,
    current_billing_period_ending_at: null,
  });
  expect(firstOpenMs(lifeOf('2026-12-05T00:00:00.250Z'), NOW_MS)).toBe(ms('2026-12-05T00:00:00.250Z'));
});

test.each<[string, string, string | undefined, string, string[], boolean]>([
  ['nothing within a month', '2026-11-01T00:00:00Z', undefined, '2026-11-30T23:59:59.999Z', [], false],
  [
    'a month that is over',
    '2026-11-01T00:00:00Z',
    undefined,
    '2026-12-01T00:00:00.000Z',
    ['2026-11-01T00:00:00.000Z 2026-11-30T23:59:59.999Z'],
    false,
  ],
  [
    'each of several',
    '2026-11-24T15:53:48.531Z',
    undefined,
    '2027-01-02T00:00:00.000Z',
    [
      '2026-11-24T15:53:48.531Z 2026-11-30T23:59:59.999Z',
      '2026-12-01T00:00:00.000Z 2026-12-31T23:59:59.999Z',
    ],
    false,
  ],
  [
    'the last of what has ended',
    '2026-11-01T00:00:00Z',
    '2026-11-20T12:00:00.040Z',
    '2026-11-20T12:00:00.040Z',
    ['2026-11-01T00:00:00.000Z 2026-11-20T12:00:00.040Z'],
    true,
  ],
  [
    'nothing before a planned end',
    '2026-11-01T00:00:00Z',
    '2026-11-20T12:00:00.040Z',
    '2026-11-20T12:00:00.039Z',
    [],
    false,
  ],
  [
    'nothing of what ended before its open period',
    '2026-11-01T00:00:00Z',
    '2026-10-20T00:00:00Z',
    '2026-11-02T00:00:00Z',
    [],
    true,
  ],
])('due is %s', (_what, from, ended, now, due, isOver) => {
  const { periods, ...rest } = periodsDue(ms(from), lifeOf(from, ended), ms(now));
  const show = (at: number) => new Date(at).toISOString();
  expect(periods.map(({ fromMs, toMs }) => `${show(fromMs)} ${show(toMs)}`)).toEqual(due);
  expect(rest).toEqual({ isOver });
});
