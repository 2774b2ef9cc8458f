import { expect, test } from '@jest/globals';
import type { HttpAnswer } from '../http-answer.js';
import { hyperlineBooks } from './books.js';

const FILTER = {
  code: 'usage',
  fromMs: Date.parse('2026-08-01T13:00:00.000Z'),
  toMs: Date.parse('2026-08-01T13:59:59.999Z'),
};
const ROW = {
  id: 'evt_1',
  event_type: 'usage',
  timestamp: '2026-08-01T13:30:00.000Z',
  customer_id: 'cus_1',
  record_id: 'm-1',
  record: { id: 'm-1', tokens: 5 },
};
const answerOf = (json: unknown, status = 200): HttpAnswer => ({
  status,
  headers: {},
  body: JSON.stringify(json),
});
const pageOf = (change: object = {}, meta: object = { total: 252, taken: 1, skipped: 0 }) =>
  answerOf({ meta, data: [{ ...ROW, ...change }] });

test('an hour is counted by one request, and listed by the hundred', () => {
  expect(hyperlineBooks.countPath(FILTER)).toBe(
    '/v1/events?event_type=usage&timestamp_gte=2026-08-01T13%3A00%3A00.000Z&timestamp_lte=2026-08-01T13%3A59%3A59.999Z&sort=timestamp&order=DESC&take=1&skip=0',
  );
  expect(hyperlineBooks.listPath(FILTER, 3)).toContain('&take=100&skip=200');
  expect(hyperlineBooks.readCount(pageOf(), FILTER)).toEqual({ ok: true, told: 252 });
});

test('the last page is the one that reaches the total', () => {
  const isLast = (page: number) => hyperlineBooks.readList(pageOf(), FILTER, page);
  expect(isLast(1)).toMatchObject({ told: { isLast: false, rows: [{ row: 'evt_1', usageId: 'm-1' }] } });
  expect(hyperlineBooks.readList(pageOf({}, { total: 201 }), FILTER, 3)).toMatchObject({
    told: { isLast: true },
  });
});

test.each<[string, HttpAnswer]>([
  ['another event type', pageOf({ event_type: 'other' })],
  ['another time', pageOf({ timestamp: '2026-08-01T14:00:00.000Z' })],
  ['no total', pageOf({}, {})],
  ['fewer in total than in the page', pageOf({}, { total: 0 })],
  ['no list', answerOf({ message: 'Product not found' }, 404)],
  ['text', { status: 429, headers: {}, body: 'Too many requests' }],
])('%s is no count, and no list', (_what, answer) => {
  expect(hyperlineBooks.readCount(answer, FILTER)).toHaveProperty('ok', false);
  expect(hyperlineBooks.readList(answer, FILTER, 1)).toHaveProperty('ok', false);
});

test('a record is asked for by its id, where a list can hold that', () => {
  expect(hyperlineBooks.idPath('usage', 'a b')).toBe(
    '/v1/events?event_type=usage&record_id__in=a+b&take=100',
  );
  expect(hyperlineBooks.idPath('usage', 'a,b')).toBeNull();
  expect(hyperlineBooks.readById(answerOf({ meta: { total: 0 }, data: [] }), 'usage', 'm-1')).toEqual({
    ok: true,
    told: [],
  });
  expect(hyperlineBooks.readById(pageOf({ record_id: 'm-2' }), 'usage', 'm-1')).toHaveProperty('ok', false);
});

test.each<[string, object, HttpAnswer, string[] | null]>([
  ['the same', {}, answerOf({ data: [] }), []],
  ['another time', { timestamp: '2026-08-01T13:31:00.000Z' }, answerOf({ data: [] }), ['timestamp']],
  [
    'another record',
    { record: { id: 'm-1', tokens: 6, more: 1 } },
    answerOf({}),
    ['record.more', 'record.tokens'],
  ],
  ['another customer', { customer_id: 'cus_2' }, answerOf({ data: [] }), ['customer_id']],
  ["the customer's other name", { customer_id: 'cus_2' }, pageOf({ customer_id: 'cus_2' }), []],
  ['another customer, where nobody says', { customer_id: 'cus_2' }, answerOf({}, 503), null],
])('compared with %s', async (_what, change, answer, fields) => {
  const told = hyperlineBooks.readById(pageOf(change), 'usage', 'm-1');
  if (!told.ok) throw new Error(told.problem);
  const { customer_id, event_type, timestamp, record } = ROW;
  const sent = JSON.stringify({ customer_id, event_type, timestamp, record });
  expect(await hyperlineBooks.openCompare(async () => answer)(sent, told.told[0]!)).toEqual(fields);
});
