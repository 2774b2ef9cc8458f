import { expect, test } from '@jest/globals';
import { call, hyperlineEvent, postHyperline, start } from './fixture.js';

const LATER = '2024-06-01T11:00:00.000Z';
const EARLIER = '2024-06-01T09:00:00.000Z';

test('a batch is taken with 201 and given back whole', async () => {
  const sandbox = await start();
  const events = [hyperlineEvent('r1'), hyperlineEvent('r2')];
  expect(await postHyperline(sandbox, events)).toMatchObject({
    status: 201,
    json: { events_created: events, events_failed: [] },
  });
  expect(sandbox.hyperline.events()).toMatchObject([{ record_id: 'r1' }, { record_id: 'r2' }]);
});

test('part of a batch may fail under a 201, without a reason; version 2 has another word for the rest', async () => {
  const sandbox = await start({ hyperline: { knownCustomers: ['cus_1'] } });
  const good = hyperlineEvent('r1');
  const bad = [
    hyperlineEvent('r2', { customer_id: 'nobody' }),
    hyperlineEvent('r3', { record: { id: 'r3', a: [{}] } }),
    { customer_id: 'cus_1' },
  ];
  const batch = [bad[0], good, bad[1], bad[2]];
  expect(await postHyperline(sandbox, batch)).toMatchObject({
    status: 201,
    json: { events_created: [good], events_failed: bad },
  });
  const second = await call('POST', `${sandbox.hyperline.url}/v2/events/batch`, batch);
  expect(second.json).toEqual({ events_accepted: [good], events_failed: bad });
  expect(sandbox.hyperline.inspect().events).toMatchObject({
    received: 8,
    stored: 2,
    duplicates: 1,
    failed: 6,
    failedBecause: { customer_unknown: 2, record_not_flat: 2, event_type_missing: 2 },
  });
});

test.each<[string, unknown, string]>([
  ['an object around the list', { events: [hyperlineEvent('r1')] }, 'Body must be an array of events'],
  ['no events', [], 'At least one event is required'],
  ['5001 events', Array.from({ length: 5001 }, () => ({})), 'At most 5000 events are allowed'],
  ['JSON that does not parse', '[{', 'Body is not valid JSON'],
])('a batch of %s is refused as a whole', async (_what, body, message) => {
  const sandbox = await start();
  expect(await postHyperline(sandbox, body)).toMatchObject({ status: 400, json: { message } });
  expect(sandbox.hyperline.ledger.size).toBe(0);
});

test.each<[string, string, boolean, number]>([
  ['one type', 'api_call', true, 201],
  ['two types', 'seat', true, 400],
  ['two types', 'seat', false, 201],
])('a batch of %s is answered by the option (%s, %s)', async (_what, type, oneEventTypeABatch, status) => {
  const sandbox = await start({ hyperline: { oneEventTypeABatch } });
  const batch = [
    hyperlineEvent('r1', { event_type: 'api_call' }),
    hyperlineEvent('r2', { event_type: type }),
  ];
  const answer = await postHyperline(sandbox, batch);
  expect(answer.status).toBe(status);
  if (status === 400) expect(answer.json).toEqual({ message: 'All events must have the same event type' });
  expect(sandbox.hyperline.ledger.size).toBe(status === 400 ? 0 : 2);
});

test('5000 events are one batch', async () => {
  const sandbox = await start();
  const events = Array.from({ length: 5000 }, (_item, i) => hyperlineEvent(`r${i}`));
  expect((await postHyperline(sandbox, events)).status).toBe(201);
  expect(sandbox.hyperline.ledger.size).toBe(5000);
});

test.each<[object, number, string]>([
  [{}, 201, JSON.stringify(hyperlineEvent('r1'))],
  [{ singleStatus: 202 }, 202, JSON.stringify(hyperlineEvent('r1'))],
  [{ singleStatus: 202, singleBody: 'empty' }, 202, ''],
])('one event under %j is answered %d', async (hyperline, status, text) => {
  const sandbox = await start({ hyperline });
  const reply = await call('POST', `${sandbox.hyperline.url}/v1/events`, hyperlineEvent('r1'));
  expect(reply).toMatchObject({ status, text });
});

test.each<[string, unknown, number, string]>([
  ['an unknown customer', hyperlineEvent('r1', { customer_id: 'x' }), 404, 'Customer not found'],
  ['a missing id', hyperlineEvent('r1', { record: { a: 1 } }), 400, 'record.id is required'],
  ['a list', [hyperlineEvent('r1')], 400, 'Event must be an object'],
])('one event with %s is refused with a message', async (_what, event, status, message) => {
  const sandbox = await start({ hyperline: { knownCustomers: ['cus_1'] } });
  const reply = await call('POST', `${sandbox.hyperline.url}/v1/events`, event);
  expect(reply).toMatchObject({ status, json: { message } });
});

test.each<[string, object, object, object]>([
  ['the same again has no effect', {}, { duplicates: 1 }, { tokens: 5 }],
  [
    'a newer timestamp replaces what was there',
    { timestamp: LATER, record: { id: 'r1', tokens: 6 } },
    { revisions: 1 },
    { tokens: 6 },
  ],
  [
    'an older timestamp is taken without effect',
    { timestamp: EARLIER, record: { id: 'r1', tokens: 6 } },
    { stale: 1 },
    { tokens: 5 },
  ],
  [
    'an equal timestamp with another content is a conflict',
    { record: { id: 'r1', tokens: 6 } },
    { conflicts: 1, stolen: 0 },
    { tokens: 6 },
  ],
])('under one key, %s', async (_what, change, counts, record) => {
  const sandbox = await start();
  await postHyperline(sandbox, [hyperlineEvent('r1')]);
  expect((await postHyperline(sandbox, [hyperlineEvent('r1', { ...change })])).status).toBe(201);
  expect(sandbox.hyperline.inspect().events).toMatchObject({ stored: 2, ...counts });
  expect(sandbox.hyperline.ledger.find('r1')).toMatchObject([{ stored: 2, content: record }]);
});

test('one key under another customer takes the usage away, and is noted', async () => {
  const sandbox = await start();
  await postHyperline(sandbox, [hyperlineEvent('r1')]);
  await postHyperline(sandbox, [hyperlineEvent('r1', { customer_id: 'cus_2', timestamp: LATER })]);
  const { events, incidents } = sandbox.hyperline.inspect();
  expect(events).toMatchObject({ stolen: 1, revisions: 1, conflicts: 0 });
  expect(incidents).toEqual([{ kind: 'stolen', event_type: 'usage', record_id: 'r1' }]);
  expect(sandbox.hyperline.ledger.find('r1')[0]!.versions.map(({ owner }) => owner)).toEqual([
    'cus_1',
    'cus_2',
  ]);
  expect(sandbox.hyperline.events()).toMatchObject([{ customer_id: 'cus_2' }]);
});

test('one record id under two event types is two events', async () => {
  const sandbox = await start();
  await postHyperline(sandbox, [hyperlineEvent('r1'), hyperlineEvent('r1', { event_type: 'other' })]);
  expect(sandbox.hyperline.ledger.find('r1').map(({ code }) => code)).toEqual(['usage', 'other']);
});

test('seconds sent as milliseconds are taken and counted', async () => {
  const sandbox = await start();
  await postHyperline(sandbox, [hyperlineEvent('r1', { timestamp: 1717236000 })]);
  expect(sandbox.hyperline.inspect().events).toMatchObject({ stored: 1, implausibleTimestamps: 1 });
});
