import { expect, test } from '@jest/globals';
import type { LagoOptions } from '../src/lago/options.js';
import { call, lagoEvent, postLago, start } from './fixture.js';

/** Answers as recorded from Lago 1.51.0 on 2026-11-29, where the sandbox knows enough to give them. */
const LAGO: Partial<LagoOptions> = {
  metrics: {
    calls: { aggregation: 'sum_agg', field: 'tokens' },
    setups: { aggregation: 'count_agg' },
    unused: { aggregation: 'count_agg' },
  },
  knownSubscriptions: [
    {
      external_id: 'sub_1',
      external_customer_id: 'acme',
      plan_code: 'gold',
      started_at: '2026-09-15T00:00:00Z',
    },
    {
      external_id: 'up',
      external_customer_id: 'up',
      plan_code: 'silver',
      status: 'terminated',
      started_at: '2026-11-24T15:53:48.531Z',
      terminated_at: '2026-11-29T15:53:50Z',
      subscription_at: '2026-11-24T15:53:48Z',
      next_plan_code: 'gold',
    },
    {
      external_id: 'up',
      external_customer_id: 'up',
      plan_code: 'gold',
      started_at: '2026-11-29T15:53:50.558Z',
      subscription_at: '2026-11-24T15:53:48Z',
      previous_plan_code: 'silver',
    },
    { external_id: 'later', external_customer_id: 'later', plan_code: 'gold', status: 'pending' },
  ],
  plans: {
    silver: { charges: [] },
    gold: {
      charges: [
        { billable_metric_code: 'calls', properties: { amount: '0.01' } },
        {
          billable_metric_code: 'setups',
          pay_in_advance: true,
          properties: { amount: '10' },
          filters: [{ values: { region: ['eu'] }, properties: { amount: '2' } }],
        },
      ],
    },
  },
};

async function startLago() {
  const sandbox = await start({ lago: LAGO, now: () => Date.parse('2026-11-29T16:00:00Z') });
  await postLago(sandbox, [
    lagoEvent('now', {
      code: 'calls',
      timestamp: Date.parse('2026-11-02T00:00:00Z') / 1000,
      properties: { tokens: 254 },
    }),
    lagoEvent('late', {
      code: 'calls',
      timestamp: Date.parse('2026-10-15T00:00:00Z') / 1000,
      properties: { tokens: 10 },
    }),
    lagoEvent('setup', { code: 'setups', timestamp: Date.parse('2026-10-15T00:00:00Z') / 1000 }),
  ]);
  return {
    sandbox,
    get: (path: string) => call('GET', `${sandbox.lago.url}/api/v1${path}`),
  };
}

test('a subscription says which period can still be billed', async () => {
  const { get } = await startLago();
  expect((await get('/subscriptions?external_customer_id=acme')).json).toMatchObject({
    subscriptions: [
      {
        started_at: '2026-09-15T00:00:00.000Z',
        terminated_at: null,
        current_billing_period_started_at: '2026-11-01T00:00:00Z',
        current_billing_period_ending_at: '2026-11-30T23:59:59Z',
      },
    ],
  });
});

test('after an upgrade there are two rows with one id, the newer first; the end has no milliseconds', async () => {
  const { get } = await startLago();
  const path = '/subscriptions?external_customer_id=up&status[]=active&status[]=terminated';
  expect((await get(path)).json).toMatchObject({
    subscriptions: [
      {
        external_id: 'up',
        plan_code: 'gold',
        started_at: '2026-11-29T15:53:50.558Z',
        previous_plan_code: 'silver',
      },
      {
        external_id: 'up',
        plan_code: 'silver',
        terminated_at: '2026-11-29T15:53:50Z',
        next_plan_code: 'gold',
      },
    ],
  });
});

test('a pending subscription is listed to who asks for it, and has no period', async () => {
  const { get } = await startLago();
  const path = '/subscriptions?external_customer_id=later';
  expect((await get(path)).json).toMatchObject({ subscriptions: [] });
  expect((await get(`${path}&status[]=pending`)).json).toMatchObject({
    subscriptions: [{ started_at: null, current_billing_period_started_at: null }],
  });
});

test('a plan names its charges, and with them the metrics that are in no plan', async () => {
  const { get } = await startLago();
  const charges = [
    { billable_metric_code: 'calls', charge_model: 'standard', pay_in_advance: false, filters: [] },
    { billable_metric_code: 'setups', pay_in_advance: true, filters: [{ values: { region: ['eu'] } }] },
  ];
  expect((await get('/plans')).json).toMatchObject({
    plans: [{ code: 'gold', charges }, { code: 'silver' }],
  });
  expect((await get('/plans/gold')).json).toMatchObject({ plan: { code: 'gold', charges } });
  expect((await get('/subscriptions/sub_1')).json).toMatchObject({ subscription: { plan: { charges } } });
  expect(await get('/plans/x')).toMatchObject({ status: 404, json: { code: 'plan_not_found' } });
});

test('without plans of its own each plan charges every metric, and without metrics nobody may read plans', async () => {
  const open = await start();
  expect(await call('GET', `${open.lago.url}/api/v1/plans`)).toMatchObject({ status: 403 });
  const sandbox = await start({ lago: { knownSubscriptions: ['sub_1'], metrics: LAGO.metrics! } });
  expect((await call('GET', `${sandbox.lago.url}/api/v1/plans`)).json).toMatchObject({
    plans: [{ code: 'sandbox', charges: { length: 3 } }],
  });
});

test('the usage is that of the open period', async () => {
  const { get } = await startLago();
  const path = '/customers/acme/current_usage?external_subscription_id=sub_1';
  const calls = { units: '254.0', events_count: 1, amount_cents: 254, billable_metric: { code: 'calls' } };
  expect((await get(path)).json).toMatchObject({
    customer_usage: {
      from_datetime: '2026-11-01T00:00:00Z',
      issuing_date: '2026-11-30',
      charges_usage: [calls, { units: '0.0' }],
    },
  });
  expect((await get(`${path}&billable_metric_code=calls`)).json).toMatchObject({
    customer_usage: { charges_usage: [calls] },
  });
  expect(await get('/customers/none/current_usage')).toMatchObject({
    status: 404,
    json: { code: 'resource_not_found' },
  });
  expect(await get('/customers/acme/current_usage?external_subscription_id=none')).toMatchObject({
    status: 405,
    json: { code: 'no_active_subscription' },
  });
  expect((await get('/customers/acme/past_usage')).json).toMatchObject({
    usage_periods: [],
    meta: { current_page: 0 },
  });
});

test('one amount that is not a number breaks the usage', async () => {
  const { sandbox, get } = await startLago();
  await postLago(sandbox, [
    lagoEvent('nan', {
      timestamp: Date.parse('2026-11-02T00:00:00Z') / 1000,
      precise_total_amount_cents: 'NaN',
    }),
  ]);
  expect((await get('/customers/acme/current_usage?external_subscription_id=sub_1')).status).toBe(500);
});

test('a fee tells of an event that is paid in advance, and of no other', async () => {
  const { get } = await startLago();
  expect((await get('/fees?event_transaction_id=now')).json).toMatchObject({
    fees: [],
    meta: { current_page: 0 },
  });
  expect((await get('/fees?event_transaction_id=setup')).json).toMatchObject({
    fees: [
      {
        event_transaction_id: 'setup',
        units: '1.0',
        amount_cents: 1000,
        precise_amount: '10.0',
        from_date: '2026-10-01T00:00:00+00:00',
      },
    ],
    meta: { total_count: 1 },
  });
  expect((await get('/fees?external_subscription_id=sub_1')).json).toMatchObject({
    meta: { total_count: 1 },
  });
});

test.each<[string, number, unknown]>([
  ['calls', 422, { error_details: { code: ['does_not_match_an_instant_charge'] } }],
  ['setups', 200, { fees: [{ units: '1.0', amount_cents: 1000 }] }],
])('an estimate for %s', async (code, status, json) => {
  const { sandbox } = await startLago();
  for (const path of ['estimate_fees', 'estimate_instant_fees']) {
    const event = { code, external_subscription_id: 'sub_1', properties: { tokens: 2 } };
    expect(await call('POST', `${sandbox.lago.url}/api/v1/events/${path}`, { event })).toMatchObject({
      status,
      json,
    });
  }
});

test('an organization says where its events are, and Postgres has no enriched ones', async () => {
  const { get } = await startLago();
  expect((await get('/organizations')).json).toMatchObject({ organization: { events_store: 'postgres' } });
  expect(await get('/events_enriched')).toMatchObject({
    status: 403,
    json: { code: 'endpoint_not_available' },
  });
});
