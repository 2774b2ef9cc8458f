import { expect, test } from '@jest/globals';
import { call, lagoEvent, postLago, start } from './fixture.js';

const DUPLICATE = { transaction_id: ['value_already_exist'] };
const STORED = {
  lago_id: expect.any(String),
  transaction_id: 't1',
  lago_customer_id: null,
  code: 'api_call',
  timestamp: '2024-06-01T10:00:00.123Z',
  precise_total_amount_cents: null,
  properties: { tokens: 5, model: 'small' },
  lago_subscription_id: null,
  external_subscription_id: 'sub_1',
  created_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
};

function invalid(details: unknown) {
  return { status: 422, error: 'Unprocessable Entity', code: 'validation_errors', error_details: details };
}

test('one event is answered 200 with what was stored', async () => {
  const sandbox = await start();
  const url = `${sandbox.lago.url}/api/v1/events`;
  expect(await call('POST', url, { event: lagoEvent('t1') })).toMatchObject({
    status: 200,
    json: { event: STORED },
  });
  expect(await call('POST', url, { event: lagoEvent('t1') })).toMatchObject({
    status: 422,
    json: invalid(DUPLICATE),
  });
  expect(await call('POST', url, { event: { code: 'c' } })).toMatchObject({
    status: 422,
    json: invalid({ transaction_id: ['value_is_mandatory'] }),
  });
  expect(sandbox.lago.inspect().events).toMatchObject({ received: 3, stored: 1, duplicates: 1, refused: 1 });
});

test('a batch is answered in the order it was sent', async () => {
  const sandbox = await start();
  const reply = await postLago(sandbox, [lagoEvent('t2'), lagoEvent('t1', { timestamp: 1717236000 })]);
  expect(reply.status).toBe(200);
  expect(reply.json).toEqual({
    events: [
      { ...STORED, transaction_id: 't2' },
      { ...STORED, timestamp: '2024-06-01T10:00:00.000Z' },
    ],
  });
});

test.each<[string, unknown, unknown]>([
  ['no events', [], { events: ['no_events'] }],
  ['nothing', undefined, { events: ['no_events'] }],
  ['an object', { a: 1 }, { events: ['no_events'] }],
  ['what are no events', [1, null, 'x'], { events: ['no_events'] }],
  [
    '101 events',
    Array.from({ length: 101 }, (_item, i) => lagoEvent(`t${i}`)),
    { events: ['too_many_events'] },
  ],
])('a batch of %s is refused as a whole', async (_what, events, details) => {
  const sandbox = await start();
  expect(await postLago(sandbox, events)).toMatchObject({ status: 422, json: invalid(details) });
  expect(sandbox.lago.ledger.size).toBe(0);
});

test('a batch that is refused for one event stores none, and names it by its index', async () => {
  const sandbox = await start();
  const events = [
    lagoEvent('t0'),
    { transactionId: 't1', externalSubscriptionId: 'sub', code: 'c' },
    lagoEvent('t2', { timestamp: '2024-06-01T10:00:00Z' }),
    { properties: {} },
  ];
  expect((await postLago(sandbox, events)).json).toEqual(
    invalid({
      1: { transaction_id: ['value_is_mandatory'] },
      2: { timestamp: ['invalid_format'] },
      3: { transaction_id: ['value_is_mandatory'], code: ['value_is_mandatory'] },
    }),
  );
  expect(sandbox.lago.inspect().events).toMatchObject({ stored: 0, refused: 3, rolledBack: 1 });
});

test('duplicates are looked for only when nothing else is wrong: a mixed batch takes three rounds', async () => {
  const sandbox = await start();
  await postLago(sandbox, [lagoEvent('t0')]);
  const batch = [lagoEvent('t0'), lagoEvent('t1', { code: '' }), lagoEvent('t2')];
  expect((await postLago(sandbox, batch)).json).toEqual(invalid({ 1: { code: ['value_is_mandatory'] } }));
  expect((await postLago(sandbox, [batch[0], batch[2]])).json).toEqual(invalid({ 0: DUPLICATE }));
  expect((await postLago(sandbox, [batch[2]])).status).toBe(200);
  expect(sandbox.lago.ledger.find('t0')[0]).toMatchObject({ stored: 1, refused: 1, versions: [] });
  expect(sandbox.lago.ledger.find('t2')[0]).toMatchObject({ stored: 1, refused: 0 });
});

test.each<[string, ReturnType<typeof lagoEvent>[], unknown]>([
  [
    'repeats within: all but the first',
    [lagoEvent('t1'), lagoEvent('t1'), lagoEvent('t1')],
    { 1: DUPLICATE, 2: DUPLICATE },
  ],
  [
    'one id under two subscriptions: the second, though the table would take it',
    [lagoEvent('t1'), lagoEvent('t1', { external_subscription_id: 'sub_2' })],
    { 1: DUPLICATE },
  ],
  [
    'one id under two codes: the second',
    [lagoEvent('t1'), lagoEvent('t1', { code: 'other' })],
    { 1: DUPLICATE },
  ],
])('a batch names of %s', async (_what, events, details) => {
  const sandbox = await start();
  expect((await postLago(sandbox, events)).json).toEqual(invalid(details));
  expect(sandbox.lago.ledger.size).toBe(0);
});

test('one id under two subscriptions is taken in two requests', async () => {
  const sandbox = await start();
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(200);
  const other = lagoEvent('t1', { external_subscription_id: 'sub_2' });
  expect((await postLago(sandbox, [other])).status).toBe(200);
  expect(sandbox.lago.ledger.find('t1').map(({ owner }) => owner)).toEqual(['sub_1', 'sub_2']);
});

test('a duplicate that differs is refused all the same, the first stays, and the ledger has both', async () => {
  const sandbox = await start();
  await postLago(sandbox, [lagoEvent('t1')]);
  await postLago(sandbox, [lagoEvent('t1', { properties: { tokens: 6 } })]);
  const [entry] = sandbox.lago.ledger.find('t1');
  expect(entry!.versions.map(({ content }) => content)).toEqual([
    { properties: { tokens: 5, model: 'small' }, precise_total_amount_cents: null },
    { properties: { tokens: 6 }, precise_total_amount_cents: null },
  ]);
  expect(entry).toMatchObject({ stored: 1, refused: 1, content: { properties: { tokens: 5 } } });
});

test('an expression that fails is a string, under its index or alone', async () => {
  const metrics = { api_call: { aggregation: 'sum_agg', expression: 'event.properties.foo * 2' } } as const;
  const sandbox = await start({ lago: { metrics } });
  const failed = 'expression_evaluation_failed: Variable: foo not found';
  const good = lagoEvent('t0', { properties: { foo: 1 } });
  expect((await postLago(sandbox, [good, lagoEvent('t1')])).json).toEqual(invalid({ 1: failed }));
  const single = await call('POST', `${sandbox.lago.url}/api/v1/events`, { event: lagoEvent('t1') });
  expect(single.json).toEqual(invalid(failed));
});

test('a repeat under no subscription at all is taken: nulls are not equal', async () => {
  const sandbox = await start();
  const event = lagoEvent('t1', { external_subscription_id: undefined });
  expect((await postLago(sandbox, [event])).status).toBe(200);
  expect((await postLago(sandbox, [event])).status).toBe(200);
  expect(sandbox.lago.inspect().events.unbillable).toEqual({ missing_subscription: 2 });
});

test.each<[string, string, number, unknown]>([
  ['no event', '{}', 400, undefined],
  ['an empty event', '{"event":{}}', 400, undefined],
  ['a string for an event', '{"event":"x"}', 500, { status: 500, error: 'Internal Server Error' }],
])('%s is answered %s', async (_what, body, status, json) => {
  const sandbox = await start();
  const missing = 'BadRequest: param is missing or the value is empty or invalid: event';
  expect(await call('POST', `${sandbox.lago.url}/api/v1/events`, body)).toMatchObject({
    status,
    json: json ?? { status: 400, error: missing },
  });
});

test('JSON under another content type is not read', async () => {
  const sandbox = await start();
  const headers = { 'content-type': 'text/plain' };
  const url = `${sandbox.lago.url}/api/v1/events/batch`;
  const reply = await call('POST', url, { events: [lagoEvent('t1')] }, headers);
  expect(reply.json).toEqual(invalid({ events: ['no_events'] }));
});

test('silent losses are answered 200 and counted', async () => {
  const sandbox = await start({
    lago: {
      knownSubscriptions: ['sub_1'],
      metrics: { api_call: { aggregation: 'sum_agg', field: 'tokens' } },
    },
  });
  const reply = await postLago(sandbox, [
    lagoEvent('t0'),
    lagoEvent('t1', { external_subscription_id: 'nobody' }),
    lagoEvent('t2', { code: 'nothing' }),
    lagoEvent('t3', { timestamp: 1717236000123 }),
    lagoEvent('t4', { properties: { tokens: '1,000' } }),
    lagoEvent('t5', { properties: {} }),
    lagoEvent('t6', { external_subscription_id: '' }),
    lagoEvent('t7', { properties: { tokens: '0.1' } }),
    lagoEvent('t8', { properties: { tokens: 0.2 } }),
  ]);
  expect(reply.status).toBe(200);
  const { events, billed } = sandbox.lago.inspect();
  expect(events).toMatchObject({ stored: 9, refused: 0 });
  expect(events.unbillable).toEqual({
    unknown_subscription: 1,
    unknown_code: 1,
    timestamp_not_in_seconds: 1,
    not_numeric: 1,
    missing_property: 1,
    missing_subscription: 1,
  });
  expect(billed).toEqual([
    {
      code: 'api_call',
      external_subscription_id: 'sub_1',
      aggregation: 'sum_agg',
      events: 3,
      units: '5.3',
    },
  ]);
  expect((reply.json as { events: { timestamp: string }[] }).events[3]!.timestamp).toMatch(/^56387-/);
});

test('every aggregation is added up its own way', async () => {
  const sandbox = await start({
    lago: {
      metrics: {
        count: { aggregation: 'count_agg' },
        max: { aggregation: 'max_agg', field: 'n' },
        latest: { aggregation: 'latest_agg', field: 'n' },
        unique: { aggregation: 'unique_count_agg', field: 'n' },
      },
    },
  });
  for (const code of ['count', 'max', 'latest', 'unique']) {
    const reply = await postLago(sandbox, [
      lagoEvent(`${code}0`, { code, timestamp: 300, properties: { n: 2 } }),
      lagoEvent(`${code}1`, { code, timestamp: 100, properties: { n: '10' } }),
      lagoEvent(`${code}2`, { code, timestamp: 200, properties: { n: 2 } }),
    ]);
    expect(reply.status).toBe(200);
  }
  const units = sandbox.lago.inspect().billed!.map((usage) => [usage.code, usage.units]);
  expect(units).toEqual([
    ['count', '3'],
    ['max', '10'],
    ['latest', '2'],
    ['unique', '2'],
  ]);
});
