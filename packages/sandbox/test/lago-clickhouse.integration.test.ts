import { expect, test } from '@jest/globals';
import { call, lagoEvent, postLago, start } from './fixture.js';

test('created events have neither id nor creation time', async () => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  expect((await postLago(sandbox, [lagoEvent('t1')])).json).toMatchObject({
    events: [{ transaction_id: 't1', lago_id: null, created_at: null, lago_customer_id: null }],
  });
});

test('a repeat is answered 200 and the newest copy replaces its twin', async () => {
  const metrics = { api_call: { aggregation: 'sum_agg', field: 'tokens' } } as const;
  const sandbox = await start({ lago: { store: 'clickhouse', metrics } });
  await postLago(sandbox, [lagoEvent('t1'), lagoEvent('t1')]);
  expect((await postLago(sandbox, [lagoEvent('t1', { properties: { tokens: 7 } })])).status).toBe(200);
  const entries = sandbox.lago.ledger.find('t1');
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ stored: 3, refused: 0, content: { properties: { tokens: 7 } } });
  expect(entries[0]!.versions.map(({ arrivals }) => arrivals)).toEqual([2, 1]);
  expect(sandbox.lago.inspect()).toMatchObject({
    events: { stored: 3, replaced: 2, billedTwice: 0, duplicates: 0 },
    ledger: { keys: 1, storedAgain: 1, changed: 1 },
    billed: [{ events: 1, units: '7' }],
  });
});

test('a repeat under another timestamp is billed twice', async () => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  await postLago(sandbox, [lagoEvent('t1'), lagoEvent('t1', { timestamp: '1717236000.124' })]);
  expect(sandbox.lago.ledger.find('t1')).toHaveLength(2);
  expect(sandbox.lago.inspect().events).toMatchObject({ stored: 2, replaced: 0, billedTwice: 1 });
});

test.each([
  ['code', { code: 'other' }],
  ['subscription', { external_subscription_id: 'sub_2' }],
])('one id under another %s is another event', async (_what, change) => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  expect((await postLago(sandbox, [lagoEvent('t1'), lagoEvent('t1', change)])).status).toBe(200);
  expect(sandbox.lago.ledger.find('t1')).toHaveLength(2);
  expect(sandbox.lago.inspect().events.billedTwice).toBe(0);
});

test('a replacement that can no longer be billed is moved to the unbillable', async () => {
  const metrics = { api_call: { aggregation: 'sum_agg', field: 'tokens' } } as const;
  const sandbox = await start({ lago: { store: 'clickhouse', metrics } });
  await postLago(sandbox, [lagoEvent('t1')]);
  await postLago(sandbox, [lagoEvent('t1', { properties: { tokens: 'x' } })]);
  expect(sandbox.lago.inspect().events.unbillable).toEqual({ not_numeric: 1 });
  await postLago(sandbox, [lagoEvent('t1')]);
  expect(sandbox.lago.inspect().events.unbillable).toEqual({ not_numeric: 0 });
});

test('presence is checked in a batch and not in a single create', async () => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  const event = { transactionId: 't1', code: 'c' };
  expect((await postLago(sandbox, [event])).status).toBe(422);
  const single = await call('POST', `${sandbox.lago.url}/api/v1/events`, { event });
  expect(single).toMatchObject({ status: 200, json: { event: { transaction_id: null } } });
  expect(sandbox.lago.inspect().events.unbillable).toEqual({ missing_subscription: 1 });
});

test('properties read back are strings', async () => {
  const sandbox = await start({ lago: { store: 'clickhouse' } });
  await postLago(sandbox, [lagoEvent('t1', { properties: { n: 5, ok: true, list: [1] } })]);
  const reply = await call('GET', `${sandbox.lago.url}/api/v1/events/t1`);
  expect(reply.json).toMatchObject({ event: { properties: { n: '5', ok: 'true', list: '[1]' } } });
});
