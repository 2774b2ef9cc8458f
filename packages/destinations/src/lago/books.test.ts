import { expect, test } from '@jest/globals';
import type { HttpAnswer } from '../http-answer.js';
import { lagoBooks } from './books.js';
import { eventsPath } from './read-events.js';

const FILTER = {
  code: 'api_call',
  fromMs: Date.parse('2026-11-29T13:00:00.000Z'),
  toMs: Date.parse('2026-11-29T13:59:59.999Z'),
};

const EVENT = {
  lago_id: '7d1456ab-92e4-4ae5-8e40-49b83b8f3f8c',
  transaction_id: 'r695590-0901',
  lago_customer_id: null,
  code: 'api_call',
  timestamp: '2026-11-29T13:59:59.999Z',
  precise_total_amount_cents: null,
  properties: { tokens: 1 },
  lago_subscription_id: null,
  external_subscription_id: 'sub_5',
  created_at: '2026-11-29T15:21:36Z',
};
const META = { current_page: 1, next_page: 2, prev_page: null, total_pages: 252, total_count: 252 };
const EMPTY = { current_page: 0, next_page: null, prev_page: null, total_pages: 0, total_count: 0 };

const answerOf = (json: unknown, status = 200): HttpAnswer => ({
  status,
  headers: {},
  body: JSON.stringify(json),
});
const pageOf = (event: object, meta: object = META) => answerOf({ events: [event], meta });

/** Asked of Lago 1.51.0 on 2026-11-29; each of these parameters restricted what it answered. */
test('filters have the names that Lago knows', () => {
  const recorded = [
    'timestamp_from=2026-11-29T13%3A00%3A00.000Z&timestamp_to=2026-11-29T13%3A59%3A59.999Z&per_page=1&external_subscription_id=sub_5',
    'code=api_call&per_page=1',
    'page=2&external_subscription_id=sub_5',
  ];
  const known = new Map(recorded.flatMap((query) => [...new URLSearchParams(query)]));
  const { code, ...window } = FILTER;
  const path = eventsPath({ subscription: 'sub_5', code, window }, 2, 1);
  expect(path.split('?')[0]).toBe('/api/v1/events');
  expect(Object.fromEntries(new URLSearchParams(path.split('?')[1]))).toEqual(Object.fromEntries(known));
});

test('an hour is counted by one request, with both its ends in it', () => {
  expect(lagoBooks.countPath(FILTER)).toBe(
    '/api/v1/events?code=api_call&timestamp_from=2026-11-29T13%3A00%3A00.000Z&timestamp_to=2026-11-29T13%3A59%3A59.999Z&page=1&per_page=1',
  );
  expect(lagoBooks.readCount(pageOf(EVENT), FILTER)).toEqual({ ok: true, told: 252 });
  expect(lagoBooks.readCount(answerOf({ events: [], meta: EMPTY }), FILTER)).toEqual({ ok: true, told: 0 });
});

test.each<[string, HttpAnswer]>([
  ['an event of another code', pageOf({ ...EVENT, code: 'other' })],
  ['an event of another time', pageOf({ ...EVENT, timestamp: '2026-11-29T14:00:00.000Z' })],
  ['no count', answerOf({ events: [], meta: {} })],
  ['another list', answerOf({ fees: [], meta: EMPTY })],
  ['HTML', { status: 200, headers: {}, body: '<html>' }],
  ['a refusal', answerOf({ status: 401, error: 'Unauthorized' }, 401)],
  ['nothing', { error: 'timeout', detail: 'no answer within 60 s' }],
])('%s is no count, and no list', (_what, answer) => {
  expect(lagoBooks.readCount(answer, FILTER)).toHaveProperty('ok', false);
  expect(lagoBooks.readList(answer, FILTER, 1)).toHaveProperty('ok', false);
});

test('a page goes on until the last one, however many Lago puts in it', () => {
  const told = lagoBooks.readList(pageOf(EVENT), FILTER, 1);
  expect(told).toMatchObject({
    ok: true,
    told: {
      total: 252,
      isLast: false,
      rows: [{ row: EVENT.lago_id, usageId: 'r695590-0901', owner: 'sub_5' }],
    },
  });
  const last = pageOf(EVENT, { ...META, current_page: 252, next_page: null });
  expect(lagoBooks.readList(last, FILTER, 252)).toMatchObject({ told: { isLast: true } });
  expect(lagoBooks.readList(last, FILTER, 1)).toHaveProperty('ok', false);
});

test("an id is absent by Lago's own word alone", () => {
  expect(lagoBooks.idPath('api_call', 'a b?c')).toBe('/api/v1/events/a%20b%3Fc');
  expect(lagoBooks.idPath('api_call', 'a/b')).toBeNull();
  const read = (answer: HttpAnswer) => lagoBooks.readById(answer, 'api_call', EVENT.transaction_id);
  expect(read(answerOf({ status: 404, code: 'event_not_found' }, 404))).toEqual({ ok: true, told: [] });
  expect(read(answerOf({ status: 404, code: 'resource_not_found' }, 404))).toHaveProperty('ok', false);
  expect(read(answerOf({ event: EVENT }))).toMatchObject({ told: [{ usageId: EVENT.transaction_id }] });
  expect(read(answerOf({ event: { ...EVENT, transaction_id: 'another' } }))).toHaveProperty('ok', false);
});

test.each<[string, string, boolean]>([
  ['postgres', 'postgres', true],
  ['clickhouse', 'clickhouse', false],
])('an account on %s', async (_name, store, canBeAsked) => {
  const obstacle = await lagoBooks.findObstacle(async () =>
    answerOf({ organization: { events_store: store } }),
  );
  expect(obstacle === null).toBe(canBeAsked);
});

test.each<[string, object, string[]]>([
  ['the same', {}, []],
  ['another value', { properties: { tokens: 2 } }, ['properties.tokens']],
  ['what Lago has computed', { code: 'computed', properties: { tokens: 1, total: 9 } }, ['code']],
  ['another owner', { external_subscription_id: 'sub_6' }, ['external_subscription_id']],
])('compared with %s', async (_what, change, fields) => {
  const metric = { code: 'computed', aggregation_type: 'sum_agg', field_name: 'total', expression: '1 + 1' };
  const compare = lagoBooks.openCompare(async () => answerOf({ billable_metrics: [metric], meta: {} }));
  const told = lagoBooks.readById(answerOf({ event: { ...EVENT, ...change } }), '', EVENT.transaction_id);
  if (!told.ok) throw new Error(told.problem);
  const sent = {
    transaction_id: EVENT.transaction_id,
    external_subscription_id: 'sub_5',
    code: 'api_call',
    timestamp: '1795960799.999',
    properties: { tokens: 1 },
  };
  expect(await compare(JSON.stringify(sent), told.told[0]!)).toEqual(fields);
});
