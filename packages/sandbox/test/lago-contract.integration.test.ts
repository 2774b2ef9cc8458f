import { describe, expect, test } from '@jest/globals';
import { call, lagoEvent, postLago, start } from './fixture.js';
import { type LagoContract, loadLagoContract } from './lago-openapi.js';

const loaded = loadLagoContract();

/** Lago 1.51.0 itself answers null for these, against its own document. */
const NULL_AT_LAGO =
  /\/(on_termination_credit_note|payment_method_id|cancellation_reason|invoice_display_name|description|trial_period|expression|pricing_unit_details) must/;
const describeIfLoaded = loaded === undefined ? describe.skip : describe;

describeIfLoaded("against Lago's OpenAPI document (skipped where ../shared/data is missing)", () => {
  const contract = loaded as LagoContract;
  const BATCH = '/events/batch';

  test.each<[string, ReturnType<typeof lagoEvent>, boolean]>([
    ['a good event', lagoEvent('t1'), true],
    ['an amount', lagoEvent('t1', { precise_total_amount_cents: '12.5' }), true],
    ['seconds by number', lagoEvent('t1', { timestamp: 1717236000 }), true],
    ['no properties', lagoEvent('t1', { properties: null }), true],
    ['no subscription', lagoEvent('t1', { external_subscription_id: undefined }), false],
    ['a boolean property', lagoEvent('t1', { properties: { ok: true } }), false],
    ['a nested property', lagoEvent('t1', { properties: { a: { b: 1 } } }), false],
  ])('a request with %s is judged', (_what, event, isGood) => {
    const body = JSON.parse(JSON.stringify(event));
    expect(contract.checkRequest('post', '/events', { event: body }).length === 0).toBe(isGood);
    expect(contract.checkRequest('post', BATCH, { events: [body] }).length === 0).toBe(isGood);
  });

  test.each(['postgres', 'clickhouse'] as const)('answers to events, in the manner of %s', async (store) => {
    const sandbox = await start({ lago: { store, readOnlyApiKey: 'reader' } });
    const url = `${sandbox.lago.url}/api/v1/events`;
    const problems = [];
    const events = [lagoEvent('t1'), lagoEvent('t2', { precise_total_amount_cents: '1.5', properties: {} })];
    for (const [status, body] of [
      [200, { events }],
      [422, { events: [] }],
      [422, { events: [{ code: 'c' }, lagoEvent('t3', { timestamp: 'x' })] }],
    ] as const) {
      const reply = await call('POST', `${url}/batch`, body);
      expect(reply.status).toBe(status);
      problems.push(...contract.checkResponse('post', BATCH, status, reply.json));
    }
    const single = await call('POST', url, { event: lagoEvent('t4') });
    problems.push(...contract.checkResponse('post', '/events', 200, single.json));
    for (const [path, status] of [
      ['/events/{transaction_id}', 200],
      ['/events', 200],
    ] as const) {
      const reply = await call('GET', url + (path === '/events' ? '?per_page=2' : '/t1'));
      problems.push(...contract.checkResponse('get', path, status, reply.json));
    }
    expect(problems).toEqual([]);
  });

  test('refusals of all kinds', async () => {
    const sandbox = await start({ lago: { readOnlyApiKey: 'reader' } });
    const url = `${sandbox.lago.url}/api/v1/events`;
    await postLago(sandbox, [lagoEvent('t1')]);
    const replies = [
      await call('POST', url, {}),
      await call('POST', url, {}, { authorization: '' }),
      await call('POST', url, {}, { authorization: 'Bearer reader' }),
      await call('POST', url, { event: lagoEvent('t1') }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([400, 401, 403, 422]);
    for (const { status, json } of replies)
      expect(contract.checkResponse('post', '/events', status, json)).toEqual([]);
    const missing = await call('GET', `${url}/nothing`);
    expect(contract.checkResponse('get', '/events/{transaction_id}', 404, missing.json)).toEqual([]);
  });

  test('subscriptions, metrics, plans, usage', async () => {
    const sandbox = await start({
      lago: {
        knownSubscriptions: ['sub_1', { external_id: 'sub_2', terminated_at: '2024-01-01T00:00:00Z' }],
        metrics: {
          calls: { aggregation: 'count_agg' },
          hours: { aggregation: 'sum_agg', field: 'h', expression: 'event.properties.a' },
        },
      },
    });
    const problems = [];
    for (const [path, actual] of [
      ['/subscriptions', '/subscriptions'],
      ['/subscriptions/{external_id}', '/subscriptions/sub_1'],
      ['/billable_metrics', '/billable_metrics'],
      ['/billable_metrics/{code}', '/billable_metrics/hours'],
      ['/plans', '/plans'],
      ['/plans/{code}', '/plans/sandbox'],
      [
        '/customers/{external_customer_id}/current_usage',
        '/customers/sub_1/current_usage?external_subscription_id=sub_1',
      ],
    ] as const) {
      const reply = await call('GET', `${sandbox.lago.url}/api/v1${actual}`);
      problems.push(...contract.checkResponse('get', path, reply.status, reply.json));
    }
    expect(problems.filter((problem) => !NULL_AT_LAGO.test(problem))).toEqual([]);
  });

  test('what was billed', async () => {
    const clock = { nowMs: Date.parse('2026-10-31T00:00:00Z') };
    const filters = [{ values: { region: ['eu'] }, properties: { amount: '2' } }];
    const sandbox = await start({
      now: () => clock.nowMs,
      lago: {
        knownSubscriptions: ['sub_1'],
        metrics: { api_call: { aggregation: 'count_agg' }, seats: { aggregation: 'count_agg' } },
        plans: {
          sandbox: {
            charges: [
              { billable_metric_code: 'api_call', filters },
              { billable_metric_code: 'seats', pay_in_advance: true },
            ],
          },
        },
      },
    });
    const url = `${sandbox.lago.url}/api/v1`;
    const timestamp = String(clock.nowMs / 1000);
    const eu = { properties: { region: 'eu' } };
    await postLago(sandbox, [
      lagoEvent('t1', { timestamp, ...eu }),
      lagoEvent('t2', { timestamp, code: 'seats' }),
    ]);
    const usage = '/customers/sub_1/current_usage?external_subscription_id=sub_1';
    const problems: string[] = [];
    const check = async (path: string, actual: string) => {
      const reply = await call('GET', `${url}${actual}`);
      problems.push(...contract.checkResponse('get', path, reply.status, reply.json));
      return reply.json;
    };
    await check('/customers/{external_customer_id}/current_usage', usage);
    clock.nowMs = Date.parse('2026-11-01T00:00:00Z');
    const { invoices } = (await check('/invoices', '/invoices')) as { invoices: { lago_id: string }[] };
    expect(invoices).toHaveLength(2);
    for (const { lago_id: id } of invoices) await check('/invoices/{lago_id}', `/invoices/${id}`);
    await check('/fees', '/fees');
    await check(
      '/customers/{external_customer_id}/past_usage',
      '/customers/sub_1/past_usage?external_subscription_id=sub_1',
    );
    expect(problems.filter((problem) => !NULL_AT_LAGO.test(problem))).toEqual([]);
  });

  test('an answer that is wrong is seen to be wrong', () => {
    const event = { transaction_id: 't1', lago_customer_id: null };
    expect(contract.checkResponse('post', BATCH, 200, { events: [event] })).not.toEqual([]);
    expect(contract.checkResponse('post', BATCH, 201, {})).toEqual([
      `the document has no paths ${BATCH} post responses 201`,
    ]);
  });
});
