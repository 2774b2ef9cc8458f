import { expect, test } from '@jest/globals';
import type { BillingTimes, Fate } from '../destination.js';
import { fateAmong, fateOf, isOutdated, periodOf } from './billing-fate.js';

const ms = (time: string) => Date.parse(time);

function read(change: Record<string, unknown> = {}): BillingTimes {
  return periodOf({ ...ACTIVE, ...change })!;
}

/** As Lago 1.51.0 answered them, less the fields that say nothing of times. */
const ACTIVE = {
  external_id: 'adv_w1',
  status: 'active',
  started_at: '2026-09-15T00:00:00.000Z',
  ending_at: null,
  terminated_at: null,
  current_billing_period_started_at: '2026-11-01T00:00:00Z',
  current_billing_period_ending_at: '2026-11-30T23:59:59Z',
};
const ENDED = {
  external_id: 'adv_t1_wait',
  status: 'terminated',
  started_at: '2026-11-24T15:43:54.959Z',
  ending_at: null,
  terminated_at: '2026-11-29T15:44:02Z',
  current_billing_period_started_at: '2026-11-24T15:43:54Z',
  current_billing_period_ending_at: '2026-11-29T15:44:02Z',
};
const BEFORE_UPGRADE = {
  ...ENDED,
  external_id: 'adv_l3_up',
  started_at: '2026-11-24T15:53:48.531Z',
  terminated_at: '2026-11-29T15:53:50Z',
  current_billing_period_started_at: '2026-11-24T15:53:48Z',
  current_billing_period_ending_at: '2026-11-29T15:53:50Z',
};
const AFTER_UPGRADE = {
  ...ACTIVE,
  external_id: 'adv_l3_up',
  started_at: '2026-11-29T15:53:50.558Z',
  current_billing_period_started_at: '2026-11-29T15:53:50Z',
};

test('the open period and both ends, an end padded to its second', () => {
  expect(periodOf(ENDED)).toEqual({
    subscription: 'adv_t1_wait',
    startedMs: ms('2026-11-24T15:43:54.959Z'),
    endedMs: ms('2026-11-29T15:44:02.999Z'),
    isEnded: true,
    openFromMs: ms('2026-11-24T15:43:54Z'),
    openToMs: ms('2026-11-29T15:44:02.999Z'),
  });
  expect(periodOf(ACTIVE)).toMatchObject({ endedMs: null, isEnded: false });
});

test.each<[string, Record<string, unknown>]>([
  ['no id', { external_id: null }],
  ['an empty id', { external_id: '' }],
  ['no beginning', { started_at: null }],
  ['a beginning that is no time', { started_at: 'soon' }],
  ['an end that is no time', { terminated_at: 5 }],
  ['a period that is no time', { current_billing_period_started_at: 'soon' }],
])('%s is no subscription', (_what, change) => {
  expect(periodOf({ ...ACTIVE, ...change })).toBeNull();
});

test.each<[string, string, Record<string, unknown>, Fate]>([
  ['of the open period', '2026-11-15T00:00:00Z', ACTIVE, 'open'],
  ['of its first moment', '2026-11-01T00:00:00.000Z', ACTIVE, 'open'],
  ['of the month before, billed or not', '2026-10-31T23:59:59.999Z', ACTIVE, 'late_for_its_period'],
  ['of a period to come', '2026-12-01T00:00:00Z', ACTIVE, 'open'],
  ['of before the subscription', '2026-09-14T23:59:59.999Z', ACTIVE, 'before_its_start'],
  ['of the first second, too early', '2026-11-29T15:53:50.557Z', AFTER_UPGRADE, 'before_its_start'],
  ['of the first moment', '2026-11-29T15:53:50.558Z', AFTER_UPGRADE, 'open'],
  ['of an ended one, in its last period', '2026-11-29T15:44:00Z', ENDED, 'late_for_its_period'],
  ['of its last second, which is never billed', '2026-11-29T15:44:02.999Z', ENDED, 'late_for_its_period'],
  ['of after it', '2026-11-29T15:44:03.000Z', ENDED, 'after_its_end'],
  [
    'of before a planned end',
    '2026-11-20T00:00:00Z',
    { ...ACTIVE, ending_at: '2026-11-20T00:00:00Z' },
    'open',
  ],
  [
    'of after a planned end',
    '2026-11-20T00:00:01Z',
    { ...ACTIVE, ending_at: '2026-11-20T00:00:00Z' },
    'after_its_end',
  ],
  [
    'where Lago tells of no period',
    '2026-11-15T00:00:00Z',
    {
      ...ACTIVE,
      current_billing_period_started_at: undefined,
      current_billing_period_ending_at: undefined,
    },
    'unknown',
  ],
  [
    'of a pending one',
    '2026-11-15T00:00:00Z',
    { ...ACTIVE, status: 'pending', started_at: null },
    'before_its_start',
  ],
])('an event %s', (_what, at, item, fate) => {
  expect(fateOf(ms(at), periodOf(item)!)).toBe(fate);
});

const UPGRADED = [periodOf(BEFORE_UPGRADE)!, periodOf(AFTER_UPGRADE)!];

test.each<[string, string, BillingTimes[], Fate]>([
  ['of before an upgrade', '2026-11-29T15:53:49Z', UPGRADED, 'late_for_its_period'],
  ['of the second of an upgrade, before it', '2026-11-29T15:53:50.557Z', UPGRADED, 'late_for_its_period'],
  ['of the second of an upgrade, after it', '2026-11-29T15:53:50.600Z', UPGRADED, 'open'],
  ['of after an upgrade', '2026-11-29T16:00:00Z', UPGRADED, 'open'],
  ['of before both', '2026-11-01T00:00:00Z', UPGRADED, 'before_its_start'],
  ['of an id without a row', '2026-11-01T00:00:00Z', [], 'unknown'],
])('under one id an event %s', (_what, at, rows, fate) => {
  expect(fateAmong(ms(at), rows)).toBe(fate);
});

test.each<[string, BillingTimes, string, boolean]>([
  ['to the last moment of its period', read(), '2026-11-30T23:59:59.999Z', false],
  ['not after it', read(), '2026-12-01T00:00:00.000Z', true],
  ['for ever once it has ended', periodOf(ENDED)!, '2027-01-01T00:00:00Z', false],
  [
    'where it tells of no period',
    read({ current_billing_period_ending_at: null }),
    '2027-01-01T00:00:00Z',
    false,
  ],
])('a row that was read holds good %s', (_what, times, now, outdated) => {
  expect(isOutdated(times, ms(now))).toBe(outdated);
});
