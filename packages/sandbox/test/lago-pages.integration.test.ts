import { expect, test } from '@jest/globals';
import { call, lagoEvent, postLago, start } from './fixture.js';

const EMPTY = { current_page: 0, next_page: null, prev_page: null, total_pages: 0, total_count: 0 };
const REQUIRED = { external_subscription_id: ['required with timestamp_from_started_at'] };
const NO_DATE = { timestamp_from: ['invalid_date'] };

/** GET /events as Lago 1.51.0 answered it, recorded on 2026-11-29; here of thirty events, a second apart. */
test.each<[string, number, number, unknown]>([
  ['per_page=1000', 200, 30, { current_page: 1, next_page: null, total_pages: 1, total_count: 30 }],
  ['per_page=-1', 200, 25, { current_page: 1, next_page: 2, total_pages: 2 }],
  ['per_page=abc', 200, 25, { current_page: 1, total_pages: 2 }],
  ['page=0', 200, 30, { current_page: 1, prev_page: null }],
  ['page=2&per_page=20', 200, 10, { current_page: 2, next_page: null, prev_page: 1 }],
  [
    'page=999',
    200,
    0,
    { current_page: 999, next_page: null, prev_page: 998, total_pages: 1, total_count: 30 },
  ],
  ['code=zzz', 200, 0, EMPTY],
  ['code=zzz&page=3', 200, 0, EMPTY],
  ['transaction_id=t3&per_page=1', 200, 1, { total_count: 30 }],
  ['timestamp_from=1970-01-01T00:00:10Z&timestamp_to=1970-01-01T00:00:20Z', 200, 11, { total_count: 11 }],
  ['timestamp_from=1970-01-01T00:00:10&timestamp_to=1970-01-01T00:00:19.999999', 200, 10, {}],
  ['per_page=0', 500, 0, undefined],
  ['timestamp_from=1795957200', 422, 0, NO_DATE],
  ['timestamp_from=yesterday', 422, 0, NO_DATE],
  ['timestamp_from_started_at=true', 422, 0, REQUIRED],
])('events?%s', async (query, status, length, meta) => {
  const sandbox = await start();
  const events = Array.from({ length: 30 }, (_item, i) => lagoEvent(`t${i}`, { timestamp: i }));
  await postLago(sandbox, events);
  const reply = await call('GET', `${sandbox.lago.url}/api/v1/events?${query}`);
  expect(reply.status).toBe(status);
  if (status === 200) expect(reply.json).toMatchObject({ events: { length }, meta });
  if (status === 422) expect(reply.json).toMatchObject({ error_details: meta });
});

test('of events of one instant the smaller id comes first, whatever came first', async () => {
  const sandbox = await start();
  await postLago(sandbox, [lagoEvent('b'), lagoEvent('c'), lagoEvent('a')]);
  const { json } = await call('GET', `${sandbox.lago.url}/api/v1/events`);
  expect(
    (json as { events: { transaction_id: string }[] }).events.map((event) => event.transaction_id),
  ).toEqual(['a', 'b', 'c']);
});

test('what nobody has is an empty list', async () => {
  const sandbox = await start();
  const { json } = await call('GET', `${sandbox.lago.url}/api/v1/subscriptions?external_customer_id=none`);
  expect(json).toEqual({ subscriptions: [], meta: EMPTY });
});
