import { expect, test } from '@jest/globals';
import { call, hyperlineEvent, lagoEvent, postHyperline, postLago, start } from './fixture.js';

test('what happened is at /inspect, for both', async () => {
  const sandbox = await start();
  await postLago(sandbox, [lagoEvent('t1')]);
  await postLago(sandbox, [lagoEvent('t1')]);
  await postHyperline(sandbox, [hyperlineEvent('r1')]);
  const { json } = await call('GET', `${sandbox.url}/inspect`);
  expect(json).toEqual({ lago: sandbox.lago.inspect(), hyperline: sandbox.hyperline.inspect() });
  expect(json).toMatchObject({
    lago: {
      store: 'postgres',
      requests: 2,
      byStatus: { 200: 1, 422: 1 },
      inFlight: 0,
      inFlightMax: 1,
      requestsPerSecondPeak: 2,
      events: { received: 2, stored: 1, duplicates: 1 },
      ledger: { keys: 1, refusedAgain: 1 },
    },
    hyperline: { requests: 1, byStatus: { 201: 1 }, events: { stored: 1 } },
  });
});

test('what it holds is read in pages', async () => {
  const sandbox = await start();
  await postLago(sandbox, [lagoEvent('t0'), lagoEvent('t1'), lagoEvent('t2')]);
  await postHyperline(sandbox, [hyperlineEvent('r0')]);
  expect((await call('GET', `${sandbox.url}/inspect?events=lago&offset=1&limit=1`)).json).toMatchObject({
    total: 3,
    offset: 1,
    limit: 1,
    events: [{ transaction_id: 't1', properties: { tokens: 5 } }],
  });
  expect((await call('GET', `${sandbox.url}/inspect?events=hyperline`)).json).toMatchObject({
    total: 1,
    events: [{ record_id: 'r0', record: { tokens: 5 } }],
  });
  expect((await call('GET', `${sandbox.url}/inspect?events=other`)).status).toBe(400);
});

test('how old each event was when it came is read from a row on', async () => {
  const sandbox = await start({ now: () => Date.UTC(2026, 0, 1, 0, 1) });
  const at = Date.UTC(2026, 0, 1) / 1_000;
  await postLago(sandbox, [
    lagoEvent('t0', { timestamp: String(at) }),
    lagoEvent('t1', { timestamp: String(at + 59.5) }),
  ]);
  const ages = async (query: string) => (await call('GET', `${sandbox.url}/inspect?ages=${query}`)).json;
  expect(await ages('lago')).toEqual({ offset: 0, ages: [60_000, 500] });
  expect(await ages('lago&offset=1')).toEqual({ offset: 1, ages: [500] });
  expect(await ages('hyperline')).toEqual({ offset: 0, ages: [] });
  expect((await call('GET', `${sandbox.url}/inspect?ages=other`)).status).toBe(400);
});

test('past the bound events are counted and no longer held in full', async () => {
  const sandbox = await start({ keepEvents: 1 });
  await postLago(sandbox, [lagoEvent('t0'), lagoEvent('t1')]);
  const events = sandbox.lago.events();
  expect(events.map((event) => 'properties' in event)).toEqual([true, false]);
  expect(events[1]).toMatchObject({ transaction_id: 't1', external_subscription_id: 'sub_1' });
});

test('faults are set as JSON, shown with how often they acted, and cleared', async () => {
  const sandbox = await start();
  const url = `${sandbox.url}/inspect/faults`;
  const fault = { times: 'always', respond: { status: 503 } };
  expect((await call('POST', url, { lago: [fault] })).json).toEqual({
    lago: [{ ...fault, seen: 0, fired: 0 }],
    hyperline: [],
  });
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(503);
  expect((await call('POST', url, { hyperline: [] })).status).toBe(200);
  expect((await call('GET', url)).json).toMatchObject({ lago: [{ fired: 1 }] });
  expect((await call('DELETE', url)).json).toEqual({ lago: [], hyperline: [] });
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(200);
});

test.each<[unknown, string[] | undefined]>([
  ['{', undefined],
  [[], undefined],
  [{ logo: [] }, ['logo: no such API']],
  [
    { lago: [{ respond: { status: 500 } }], hyperline: [{ tines: 2 }] },
    ['hyperline[0].tines: no such field'],
  ],
])('faults of %j are refused, and none is set', async (body, problems) => {
  const sandbox = await start();
  const reply = await call('POST', `${sandbox.url}/inspect/faults`, body);
  expect(reply.status).toBe(400);
  if (problems !== undefined) expect(reply.json).toMatchObject({ problems });
  expect(sandbox.lago.faults.list()).toEqual([]);
});

test('a reset forgets everything', async () => {
  const sandbox = await start();
  sandbox.hyperline.faults.add({ times: 'always', match: { path: '/x' } });
  const fresh = (await call('GET', `${sandbox.url}/inspect`)).json;
  await postLago(sandbox, [lagoEvent('t1')]);
  await postHyperline(sandbox, [hyperlineEvent('r1')]);
  expect((await call('GET', `${sandbox.lago.url}/api/v1/events`)).json).toMatchObject({
    meta: { total_count: 1 },
  });
  expect((await call('DELETE', `${sandbox.url}/inspect`)).status).toBe(200);
  expect((await call('GET', `${sandbox.url}/inspect`)).json).toEqual(fresh);
  expect(sandbox.hyperline.faults.list()).toEqual([]);
  expect(sandbox.lago.ledger.find('t1')).toEqual([]);
  expect((await call('GET', `${sandbox.lago.url}/api/v1/events`)).json).toMatchObject({ events: [] });
});

test('what is nowhere is 404 and says what there is', async () => {
  const sandbox = await start();
  expect(await call('GET', `${sandbox.url}/`)).toMatchObject({
    status: 404,
    json: { error: expect.stringContaining('/inspect') },
  });
});

test('a taken port is an error', async () => {
  const sandbox = await start();
  await expect(start({ port: sandbox.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('Lago bills when it is told to, and says what it has billed', async () => {
  const sandbox = await start({
    now: () => Date.parse('2026-10-20T12:00:00Z'),
    lago: { knownSubscriptions: ['sub_1', 'sub_2'], metrics: { api_call: { aggregation: 'count_agg' } } },
  });
  await postLago(sandbox, [lagoEvent('t1', { timestamp: Date.parse('2026-10-20T11:00:00Z') / 1000 })]);
  const close = `${sandbox.url}/inspect/close-periods`;
  const billed = {
    external_subscription_id: 'sub_1',
    plan_code: 'sandbox',
    from: '2026-10-01T00:00:00.000Z',
    to: '2026-10-20T11:59:59.999Z',
    reason: 'subscription_periodic',
    fees: [{ code: 'api_call', units: '1', amount_cents: 100 }],
  };
  expect((await call('POST', `${close}?external_subscription_id=sub_1`)).json).toEqual({
    closed: 1,
    lago: [billed],
  });
  expect((await call('POST', close)).json).toMatchObject({ closed: 1 });
  expect((await call('GET', `${sandbox.url}/inspect/invoices`)).json).toMatchObject({
    lago: [billed, { external_subscription_id: 'sub_2', fees: [] }],
  });
});
