import { expect, test } from '@jest/globals';
import type { Sandbox } from '../src/index.js';
import type { LagoOptions, LagoSubscription } from '../src/lago/options.js';
import { call, lagoEvent, postLago, start } from './fixture.js';

const ms = (time: string) => Date.parse(time);

const METRICS: LagoOptions['metrics'] = {
  tokens: { aggregation: 'sum_agg', field: 'n' },
  seats: { aggregation: 'unique_count_agg', field: 'user' },
  kept: { aggregation: 'sum_agg', field: 'n', recurring: true },
  stored: { aggregation: 'max_agg', field: 'n' },
};
const PLANS: LagoOptions['plans'] = {
  small: {
    charges: [
      { billable_metric_code: 'tokens' },
      { billable_metric_code: 'kept' },
      { billable_metric_code: 'seats', pay_in_advance: true, properties: { amount: '10' } },
    ],
  },
  large: { amount_cents: 1000, charges: [{ billable_metric_code: 'tokens', properties: { amount: '2' } }] },
};

/** A Lago whose clock the test sets. */
async function startLago(knownSubscriptions: LagoSubscription[], at: string) {
  const clock = { nowMs: ms(at) };
  const sandbox = await start({
    lago: { knownSubscriptions, metrics: METRICS!, plans: PLANS! },
    now: () => clock.nowMs,
  });
  // Lago knows its subscriptions before the first event comes.
  await get(sandbox, '/subscriptions');
  return {
    sandbox,
    get: (path: string) => get(sandbox, path),
    passTo(time: string) {
      clock.nowMs = ms(time);
    },
  };
}

async function get(sandbox: Sandbox, path: string) {
  return (await call('GET', `${sandbox.lago.url}/api/v1${path}`)).json;
}

let count = 0;

/** Sends usage, each event with an id of its own. */
async function send(
  sandbox: Sandbox,
  at: string,
  { times = 1, code = 'tokens', to = 'sub_1', properties = { n: 10 } as Record<string, unknown> } = {},
): Promise<void> {
  const events = Array.from({ length: times }, () => {
    count += 1;
    const timestamp = (ms(at) / 1000).toFixed(3);
    return lagoEvent(`i${count}`, { code, external_subscription_id: to, timestamp, properties });
  });
  expect(await postLago(sandbox, events)).toMatchObject({ status: 200 });
}

function billedOf({ lago }: Sandbox): string[] {
  return lago
    .invoices()
    .flatMap(({ from, external_subscription_id, fees }) =>
      fees.map(({ code, units }) => `${from.slice(0, 10)} ${external_subscription_id} ${code} ${units}`),
    );
}

const SINCE_OCTOBER: LagoSubscription = {
  external_id: 'sub_1',
  external_customer_id: 'acme',
  plan_code: 'small',
  started_at: '2026-10-01T00:00:00.000Z',
};

test('usage that comes after its month was billed is on no invoice, then or later', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-10-31T23:59:30Z');
  await send(sandbox, '2026-10-31T23:58:00Z', { properties: { n: 1 } });
  passTo('2026-11-01T00:10:00Z');
  await send(sandbox, '2026-10-31T23:59:00Z', { times: 10 });
  passTo('2026-12-01T00:10:00Z');
  expect(await get('/events?external_subscription_id=sub_1')).toMatchObject({ meta: { total_count: 11 } });
  expect(sandbox.lago.invoices()).toMatchObject([
    { from: '2026-10-01T00:00:00.000Z', fees: [{ code: 'tokens', units: '1', amount_cents: 100 }] },
    { from: '2026-11-01T00:00:00.000Z', fees: [] },
  ]);
  expect(sandbox.lago.inspect()).toMatchObject({ late: 10, events: { stored: 11, unbillable: {} } });
  expect(await get('/fees?external_subscription_id=sub_1&fee_type=charge')).toMatchObject({
    fees: [
      {
        units: '1.0',
        events_count: 1,
        from_date: '2026-10-01T00:00:00+00:00',
        to_date: '2026-10-31T23:59:59+00:00',
      },
    ],
    meta: { total_count: 1 },
  });
});

test('the same where the period is closed by hand', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-10-20T12:00:00.500Z');
  await send(sandbox, '2026-10-20T11:00:00Z', { properties: { n: 1 } });
  expect(sandbox.lago.closePeriods('other')).toBe(0);
  expect(sandbox.lago.closePeriods('sub_1')).toBe(1);
  expect(sandbox.lago.closePeriods()).toBe(0);
  await send(sandbox, '2026-10-20T11:59:59.999Z');
  await send(sandbox, '2026-10-20T12:00:00Z', { properties: { n: 5 } });
  expect(await get('/subscriptions')).toMatchObject({
    subscriptions: [
      {
        current_billing_period_started_at: '2026-10-20T12:00:00Z',
        current_billing_period_ending_at: '2026-10-31T23:59:59Z',
      },
    ],
  });
  passTo('2026-11-01T00:00:00Z');
  expect(billedOf(sandbox)).toEqual(['2026-10-01 sub_1 tokens 1', '2026-10-20 sub_1 tokens 5']);
  expect(sandbox.lago.inspect().late).toBe(1);
});

test('usage that waits while its subscription ends is on no invoice', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-10-20T12:00:00.040Z');
  await send(sandbox, '2026-10-20T11:00:00Z', { properties: { n: 1 } });
  const ended = await call('DELETE', `${sandbox.lago.url}/api/v1/subscriptions/sub_1`);
  expect(ended).toMatchObject({
    status: 200,
    json: { subscription: { status: 'terminated', terminated_at: '2026-10-20T12:00:00Z' } },
  });
  await send(sandbox, '2026-10-20T11:30:00Z', { times: 10 });
  passTo('2026-12-01T00:10:00Z');
  expect(sandbox.lago.invoices()).toMatchObject([
    { to: '2026-10-20T12:00:00.040Z', reason: 'subscription_terminating', fees: [{ units: '1' }] },
  ]);
  expect(sandbox.lago.inspect().late).toBe(10);
  expect(await get('/subscriptions/sub_1?status=terminated')).toMatchObject({
    subscription: {
      current_billing_period_started_at: '2026-10-01T00:00:00Z',
      current_billing_period_ending_at: '2026-10-20T12:00:00Z',
    },
  });
  expect(await call('DELETE', `${sandbox.lago.url}/api/v1/subscriptions/sub_1`)).toMatchObject({
    status: 404,
    json: { code: 'subscription_not_found' },
  });
});

test('a planned end is told, and comes by the clock', async () => {
  const planned = { ...SINCE_OCTOBER, ending_at: '2026-10-20T12:00:00Z' };
  const { sandbox, get, passTo } = await startLago([planned], '2026-10-20T11:00:00Z');
  await send(sandbox, '2026-10-20T10:00:00Z');
  expect(await get('/subscriptions/sub_1')).toMatchObject({
    subscription: { status: 'active', ending_at: '2026-10-20T12:00:00Z', terminated_at: null },
  });
  passTo('2026-10-20T12:00:00Z');
  expect(await get('/subscriptions/sub_1?status=terminated')).toMatchObject({
    subscription: { terminated_at: '2026-10-20T12:00:00Z' },
  });
  expect(billedOf(sandbox)).toEqual(['2026-10-01 sub_1 tokens 10']);
});

test('a backfill of months before the current one is stored, whether they were billed or not', async () => {
  const { sandbox, passTo } = await startLago([SINCE_OCTOBER], '2026-11-29T16:00:00Z');
  await send(sandbox, '2026-10-15T00:00:00Z');
  passTo('2026-12-01T00:00:00Z');
  expect(sandbox.lago.invoices()).toMatchObject([{ from: '2026-11-01T00:00:00.000Z', fees: [] }]);
  expect(sandbox.lago.inspect().late).toBe(1);
});

test('after an upgrade usage of before it is on no invoice, and the id has two rows', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-10-20T12:00:00.558Z');
  await send(sandbox, '2026-10-20T11:00:00Z', { properties: { n: 1 } });
  expect(sandbox.lago.upgradeSubscription('sub_1', 'large')).toBe(true);
  await send(sandbox, '2026-10-20T12:00:00.557Z');
  await send(sandbox, '2026-10-20T12:00:00.558Z', { properties: { n: 5 } });
  const rows = await get('/subscriptions?external_customer_id=acme&status[]=active&status[]=terminated');
  expect(rows).toMatchObject({
    subscriptions: [
      {
        plan_code: 'large',
        status: 'active',
        previous_plan_code: 'small',
        started_at: '2026-10-20T12:00:00.558Z',
        subscription_at: '2026-10-01T00:00:00Z',
        current_billing_period_started_at: '2026-10-20T12:00:00Z',
      },
      {
        plan_code: 'small',
        status: 'terminated',
        next_plan_code: 'large',
        terminated_at: '2026-10-20T12:00:00Z',
      },
    ],
  });
  passTo('2026-11-01T00:00:00Z');
  expect(sandbox.lago.invoices()).toMatchObject([
    { plan_code: 'small', fees: [{ units: '1', amount_cents: 100 }] },
    { plan_code: 'large', fees: [{ units: '5', amount_cents: 1000 }] },
  ]);
});

test('late, what is carried over and what is paid in advance are billed all the same', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-11-29T16:00:00Z');
  await send(sandbox, '2026-10-15T00:00:00Z', { code: 'kept' });
  await send(sandbox, '2026-10-15T00:00:00Z', { code: 'seats', properties: { user: 'u1' } });
  passTo('2027-01-01T00:00:00Z');
  expect(billedOf(sandbox)).toEqual([
    '2026-10-01 sub_1 seats 1',
    '2026-11-01 sub_1 kept 10',
    '2026-12-01 sub_1 kept 10',
  ]);
  expect(await get('/fees?billable_metric_code=seats')).toMatchObject({
    fees: [{ pay_in_advance: true, amount_cents: 1000, created_at: '2026-11-29T16:00:00Z' }],
  });
});

test('in advance a value that is held costs nothing more, and a number is another value than its text', async () => {
  const { sandbox, get } = await startLago([SINCE_OCTOBER], '2026-11-29T16:00:00Z');
  for (const user of ['u1', 'u1', 1, '1']) {
    await send(sandbox, '2026-11-28T00:00:00Z', { code: 'seats', properties: { user } });
  }
  const fees = sandbox.lago.invoices().flatMap((invoice) => invoice.fees.map(({ units }) => units));
  expect(fees).toEqual(['1', '0', '1', '1']);
  const usage = await get('/customers/acme/current_usage?external_subscription_id=sub_1');
  expect(usage).toMatchObject({ customer_usage: { charges_usage: [{}, { units: '2.0' }, {}] } });
});

test('a metric that is in no charge of the plan is on no invoice', async () => {
  const { sandbox, passTo } = await startLago([SINCE_OCTOBER], '2026-10-20T12:00:00Z');
  await send(sandbox, '2026-10-20T11:00:00Z', { code: 'stored' });
  passTo('2026-11-01T00:00:00Z');
  expect(sandbox.lago.inspect()).toMatchObject({ events: { unbillable: {} }, late: 0 });
  expect(sandbox.lago.invoices()).toMatchObject([{ fees: [] }]);
});

test('a subscription that is assigned from an earlier month on bills the open month only', async () => {
  const subscriptions: LagoSubscription[] = [];
  const { sandbox, passTo } = await startLago(subscriptions, '2026-11-29T16:00:00Z');
  subscriptions.push(SINCE_OCTOBER);
  await send(sandbox, '2026-10-20T00:00:00Z', { times: 7, properties: { n: 1 } });
  await send(sandbox, '2026-11-20T00:00:00Z', { times: 7, properties: { n: 1 } });
  passTo('2026-12-01T00:00:00Z');
  expect(billedOf(sandbox)).toEqual(['2026-11-01 sub_1 tokens 7']);
});

const A: LagoSubscription = { ...SINCE_OCTOBER, external_id: 'a', started_at: '2026-11-20T12:00:00.500Z' };
const BOTH = '/subscriptions?external_customer_id=acme&status[]=active&status[]=terminated';

test('an event of the same second and before the first moment is not billed; one that begins earlier takes it, and all that follows matches both', async () => {
  const subscriptions = [A];
  const { sandbox, get, passTo } = await startLago(subscriptions, '2026-11-29T16:00:00Z');
  await send(sandbox, '2026-11-20T12:00:00.499Z', { to: 'a' });
  subscriptions.push({ ...A, external_id: 'b', started_at: '2026-11-20T11:00:00.000Z' });
  await send(sandbox, '2026-11-20T12:00:00.499Z', { to: 'b' });
  expect(await get(BOTH)).toMatchObject({
    subscriptions: [
      { external_id: 'a', started_at: '2026-11-20T12:00:00.500Z', terminated_at: null },
      { external_id: 'b', started_at: '2026-11-20T11:00:00.000Z', terminated_at: null },
    ],
  });
  passTo('2026-12-01T00:00:00Z');
  expect(billedOf(sandbox)).toEqual(['2026-11-20 b tokens 10']);
});

test('of two subscriptions at one time, ending one now leaves the time in both', async () => {
  const { sandbox, get } = await startLago([A, { ...A, external_id: 'b' }], '2026-11-29T16:00:00Z');
  sandbox.lago.endSubscription('b');
  const at = '2026-11-25T00:00:00Z';
  const { subscriptions } = (await get(BOTH)) as { subscriptions: Record<string, string | null>[] };
  const covering = subscriptions.filter(
    ({ started_at, terminated_at }) => started_at! <= at && (terminated_at === null || at <= terminated_at!),
  );
  expect(covering.map(({ external_id }) => external_id)).toEqual(['a', 'b']);
});

test('between an end and a beginning of one second neither bills; Lago tells the end without its milliseconds', async () => {
  const ended: LagoSubscription = {
    ...A,
    started_at: '2026-11-01T00:00:00Z',
    terminated_at: '2026-11-29T15:53:58.040Z',
  };
  const begun: LagoSubscription = { ...A, external_id: 'b', started_at: '2026-11-29T15:53:58.403Z' };
  const { sandbox, get, passTo } = await startLago([ended, begun], '2026-11-29T15:53:57Z');
  for (const time of ['58.040', '58.221', '58.409', '58.999']) {
    for (const to of ['a', 'b']) await send(sandbox, `2026-11-29T15:53:${time}Z`, { to });
  }
  expect(await get('/subscriptions?external_id=a')).toMatchObject({
    subscriptions: [{ terminated_at: '2026-11-29T15:53:58Z' }],
  });
  passTo('2026-12-01T00:00:00Z');
  expect(billedOf(sandbox)).toEqual(['2026-11-01 a tokens 10', '2026-11-29 b tokens 20']);
});

test('invoices and past usage say what was billed', async () => {
  const { sandbox, get, passTo } = await startLago([SINCE_OCTOBER], '2026-10-31T23:00:00Z');
  await send(sandbox, '2026-10-30T00:00:00Z');
  passTo('2026-12-01T00:00:00Z');
  const list = (await get('/invoices?external_customer_id=acme')) as { invoices: { lago_id: string }[] };
  expect(list).toMatchObject({
    invoices: [{ total_amount_cents: 0 }, { total_amount_cents: 1000, status: 'finalized' }],
    meta: { total_count: 2 },
  });
  expect(await get('/invoices?external_customer_id=other')).toMatchObject({ invoices: [] });
  const { lago_id: id } = list.invoices[1]!;
  expect(await get(`/invoices/${id}`)).toMatchObject({
    invoice: {
      fees: [{ units: '10.0', lago_invoice_id: id }],
      billing_periods: [
        { charges_to_datetime: '2026-10-31T23:59:59Z', invoicing_reason: 'subscription_periodic' },
      ],
      subscriptions: [{ external_id: 'sub_1' }],
    },
  });
  expect(await get('/invoices/none')).toMatchObject({ code: 'invoice_not_found' });
  expect(await get('/customers/acme/past_usage?external_subscription_id=sub_1')).toMatchObject({
    usage_periods: [
      { from_datetime: '2026-11-01T00:00:00Z', amount_cents: 0 },
      { from_datetime: '2026-10-01T00:00:00Z', amount_cents: 1000, lago_invoice_id: id },
    ],
  });
});

test('a reset forgets invoices, and what was made of subscriptions', async () => {
  const { sandbox, get } = await startLago([SINCE_OCTOBER], '2026-10-31T23:00:00Z');
  sandbox.lago.endSubscription('sub_1');
  expect(sandbox.lago.endSubscription('sub_1')).toBe(false);
  expect(sandbox.lago.upgradeSubscription('sub_1', 'large')).toBe(false);
  expect(sandbox.lago.invoices()).toHaveLength(1);
  sandbox.lago.reset();
  expect(sandbox.lago.invoices()).toEqual([]);
  expect(await get('/subscriptions')).toMatchObject({ subscriptions: [{ status: 'active' }] });
});
