import { expect, test } from '@jest/globals';
import type { Period, Preference } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import {
  chooseSubscription,
  classifySubscriptions,
  lagoSubscriptions,
  subscriptionsPath,
} from './subscriptions.js';

const NOW = Date.parse('2026-08-01T12:00:00.000Z');
const at = (time: string) => Date.parse(`2026-08-01T${time}Z`);

test('the path names the customer, whatever its id holds, and asks for ended subscriptions too', () => {
  const url = new URL(`https://lago${subscriptionsPath('a&b=c/d é?#', 3)}`);
  expect(url.pathname).toBe('/api/v1/subscriptions');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    external_customer_id: 'a&b=c/d é?#',
    page: '3',
    per_page: '100',
  });
  expect(url.searchParams.getAll('status[]')).toEqual(['active', 'terminated']);
});

const ended: Period = { subscription: 'old', from: at('01:00:00'), to: at('06:00:00.500') };
const active: Period = { subscription: 'new', from: at('06:00:01'), to: null };

test.each<[string, Period[], string, string]>([
  ['the one that is active', [active], '10:00:00', 'new'],
  ['from its first moment', [active], '06:00:01', 'new'],
  ['the one that was active then', [ended, active], '05:00:00', 'old'],
  ['to its last moment', [ended, active], '06:00:00.500', 'old'],
  ['the one that is active now', [ended, active], '11:00:00', 'new'],
  [
    'one that was upgraded twice at the same id',
    [{ ...ended, subscription: 'new' }, active],
    '05:00:00',
    'new',
  ],
  [
    'one of two at the very moment of an upgrade',
    [ended, { ...ended, from: ended.to! }],
    '06:00:00.500',
    'old',
  ],
])('chooses %s', (_what, periods, time, subscription) => {
  expect(chooseSubscription(periods, at(time))).toEqual({ ok: true, subscription, fate: 'unknown' });
});

test.each<[string, Period[], string, string, string]>([
  ['none at all', [], '10:00:00', 'no_subscription', 'no subscription of this customer'],
  ['not begun', [active], '05:00:00', 'no_subscription', 'before its first subscription began'],
  ['ended', [ended], '07:00:00', 'no_subscription', 'when it had no subscription'],
  ['between two', [ended, active], '06:00:00.700', 'no_subscription', 'when it had no subscription'],
  [
    'two',
    [active, { ...active, subscription: 'b' }],
    '10:00:00',
    'several_subscriptions',
    'had 2 subscriptions',
  ],
])('chooses none: %s', (_what, periods, time, code, words) => {
  const detail = expect.stringContaining(words);
  expect(chooseSubscription(periods, at(time))).toEqual({ ok: false, code, detail });
});

function aSubscription(over: object = {}) {
  const times = { started_at: '2026-08-01T01:00:00.000Z', terminated_at: null };
  return { external_id: 's1', external_customer_id: 'c1', status: 'active', ...times, ...over };
}

function answer(subscriptions: unknown, meta: object = { next_page: null }): HttpAnswer {
  return { status: 200, headers: {}, body: JSON.stringify({ subscriptions, meta }) };
}

const classify = (given: HttpAnswer) => classifySubscriptions(given, 'c1', NOW);

test('reads what a page says, and whether there is another', () => {
  const page = answer(
    [aSubscription(), aSubscription({ external_id: 's2', terminated_at: '2026-08-01T02:00:00.250Z' })],
    { next_page: 2 },
  );
  expect(classify(page)).toMatchObject({
    verdict: 'read',
    periods: [
      { subscription: 's1', from: at('01:00:00'), to: null },
      { subscription: 's2', from: at('01:00:00'), to: at('02:00:00.250') },
    ],
    isLast: false,
  });
  expect(classify(answer([]))).toEqual({ verdict: 'read', periods: [], isLast: true });
});

test('an end without a fraction may have been any moment of that second', () => {
  const page = answer([aSubscription({ terminated_at: '2026-08-01T02:00:00Z' })]);
  expect(classify(page)).toMatchObject({ periods: [{ to: at('02:00:00.999') }] });
});

test('a limit that is spent is waited for', () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2' };
  expect(classify({ status: 200, headers, body: '{"subscriptions":[]}' })).toMatchObject({
    verdict: 'read',
    waitMs: 2_000,
  });
});

test.each<[string, unknown]>([
  ["another customer's", [aSubscription(), aSubscription({ external_customer_id: 'c2' })]],
  ["nobody's", [aSubscription({ external_customer_id: undefined })]],
  ['without an id', [aSubscription({ external_id: '' })]],
  ['without a beginning', [aSubscription({ started_at: null })]],
  ['with an end that is no time', [aSubscription({ terminated_at: 'soon' })]],
  ['no object', ['s1']],
  ['no list', { s1: true }],
])('a subscription that is %s is no answer', (_what, subscriptions) => {
  expect(classify(answer(subscriptions))).toMatchObject({ verdict: 'transient', code: 'unexpected_answer' });
});

test.each<[HttpAnswer, object]>([
  [
    { error: 'timeout', detail: 'late' },
    { verdict: 'transient', code: 'timeout' },
  ],
  [
    { error: 'connection', detail: 'ECONNREFUSED' },
    { verdict: 'transient', code: 'connection' },
  ],
  [
    { status: 200, headers: {}, body: '<html>' },
    { verdict: 'transient', code: 'unexpected_answer' },
  ],
  [
    { status: 204, headers: {}, body: '' },
    { verdict: 'transient', code: 'unexpected_answer' },
  ],
  [
    { status: 302, headers: {}, body: '' },
    { verdict: 'transient', code: 'unexpected_answer' },
  ],
  [
    { status: 301, headers: { location: 'https://new.example/api/v1/subscriptions?id=c1' }, body: '' },
    {
      verdict: 'hold',
      code: 'wrong_url',
      detail: 'HTTP 301: the API has moved to https://new.example/api/v1/subscriptions: is the URL right?',
    },
  ],
  [
    { status: 308, headers: {}, body: '' },
    { verdict: 'hold', code: 'wrong_url', status: 308 },
  ],
  [
    { status: 401, headers: {}, body: '{"status":401,"error":"Unauthorized"}' },
    { verdict: 'hold', code: 'unauthorized' },
  ],
  [
    { status: 401, headers: {}, body: '' },
    { verdict: 'refused', isWorded: false },
  ],
  [
    { status: 403, headers: {}, body: '{"status":403,"error":"Forbidden","code":"read_action_not_allowed"}' },
    { verdict: 'hold', code: 'forbidden' },
  ],
  [
    { status: 403, headers: {}, body: '<html>' },
    { verdict: 'refused', isWorded: false },
  ],
  [
    { status: 404, headers: {}, body: '{"status":404,"error":"Not Found","code":"resource_not_found"}' },
    { verdict: 'hold', code: 'wrong_url' },
  ],
  [
    { status: 404, headers: {}, body: '' },
    { verdict: 'refused', isWorded: false },
  ],
  [
    { status: 404, headers: {}, body: '{"status":404,"error":"Not Found","code":"customer_not_found"}' },
    { verdict: 'read', periods: [] },
  ],
  [
    { status: 413, headers: {}, body: '' },
    { verdict: 'transient', code: 'unexpected_answer' },
  ],
  [
    { status: 422, headers: {}, body: '{}' },
    { verdict: 'refused', isWorded: false },
  ],
  [
    { status: 429, headers: { 'x-ratelimit-reset': '7' }, body: '' },
    { verdict: 'rate-limited', waitMs: 7_000 },
  ],
  [
    { status: 503, headers: {}, body: '' },
    { verdict: 'transient', code: 'server_error', status: 503 },
  ],
])('%j is %j', (given, verdict) => {
  expect(classify(given)).toMatchObject(verdict);
});

const two = [
  { ...active, subscription: 'a', plan: 'gold' },
  { ...active, subscription: 'b', plan: 'silver' },
];

test.each<[string, Preference, string]>([
  ['of the plan', { plans: ['silver'] }, 'b'],
  ['of the first plan that fits', { plans: ['bronze', 'silver', 'gold'] }, 'b'],
  ['of the id', { subscription: 'a' }, 'a'],
  ['of the id before the plan', { subscription: 'a', plans: ['silver'] }, 'a'],
  ['of the plan where none has the id', { subscription: 'c', plans: ['silver'] }, 'b'],
])('of several it is the one %s', (_what, prefer, subscription) => {
  expect(chooseSubscription(two, at('10:00:00'), prefer)).toMatchObject({ ok: true, subscription });
});

test.each<[string, Preference | undefined, string]>([
  ['says none', undefined, 'say in the rule which one, by "prefer"'],
  ['fits none', { plans: ['bronze'] }, '"prefer" does not tell apart'],
])('of several it is none where the rule %s', (_what, prefer, words) => {
  expect(chooseSubscription(two, at('10:00:00'), prefer)).toEqual({
    ok: false,
    code: 'several_subscriptions',
    detail: expect.stringContaining(words),
  });
});

test('the only one takes an event, whatever is preferred', () => {
  expect(chooseSubscription([active], at('10:00:00'), { plans: ['bronze'] })).toMatchObject({ ok: true });
});

/** As Lago tells it: A has ended at 58.040 and B has begun at 58.403, and the end is cut to its second. */
const SWAPPED: Period[] = [
  { subscription: 'a', from: at('01:00:00'), to: at('15:53:58.999') },
  { subscription: 'b', from: at('15:53:58.403'), to: null },
];

test.each([
  ['15:53:57.999', 'a'],
  ['15:53:58.040', 'a'],
  ['15:53:58.409', 'b'],
  ['15:53:58.999', 'b'],
  ['15:53:59.000', 'b'],
])('within the second of an end, at %s, it is the one that has begun', (time, subscription) => {
  expect(chooseSubscription(SWAPPED, at(time))).toMatchObject({ ok: true, subscription });
});

test('two that cover a time for certain are several, though one ends soon', () => {
  const both: Period[] = [{ ...SWAPPED[0]!, to: at('15:54:00.999') }, SWAPPED[1]!];
  expect(chooseSubscription(both, at('15:53:58.409'))).toMatchObject({ code: 'several_subscriptions' });
});

const BILLED = {
  plan_code: 'gold',
  current_billing_period_started_at: '2026-08-01T00:00:00Z',
  current_billing_period_ending_at: '2026-08-31T23:59:59Z',
};

test('what was read says whether an event is billed, and until when that holds', () => {
  const page = answer([aSubscription({ ...BILLED, started_at: '2026-07-01T00:00:00.000Z' })]);
  const verdict = classify(page);
  const periods = verdict.verdict === 'read' ? verdict.periods : [];
  expect(periods).toMatchObject([{ subscription: 's1', plan: 'gold' }]);
  const fateAt = (time: string) => chooseSubscription(periods, Date.parse(time));
  expect(fateAt('2026-08-01T00:00:00Z')).toMatchObject({ fate: 'open' });
  expect(fateAt('2026-07-31T23:59:59.999Z')).toMatchObject({ fate: 'late_for_its_period' });
  const { isOutdated } = lagoSubscriptions;
  expect(isOutdated(periods, Date.parse('2026-08-31T23:59:59.999Z'))).toBe(false);
  expect(isOutdated(periods, Date.parse('2026-09-01T00:00:00Z'))).toBe(true);
});
