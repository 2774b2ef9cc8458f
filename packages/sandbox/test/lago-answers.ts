import { lagoEvent } from './fixture.js';

/** A request and what Lago answers: `details` of a 422, or what of each stored event matters. */
export type LagoAnswer = {
  name: string;
  body: unknown;
  status: number;
  details?: unknown;
  events?: Record<string, unknown>[];
  headers?: Record<string, string>;
};

const DUPLICATE = { transaction_id: ['value_already_exist'] };
const NO_ID = { transaction_id: ['value_is_mandatory'] };
const NO_CODE = { code: ['value_is_mandatory'] };
const NO_TIME = { timestamp: ['invalid_format'] };
const NO_EVENTS = { events: ['no_events'] };

type Change = Record<string, unknown>;

let count = 0;

/** A batch of good events, each with an id of its own unless its change gives one. */
function batch(...changes: (Change | null)[]): unknown {
  count += 1;
  return { events: changes.map((change, i) => change && lagoEvent(`a${count}-${i}`, change)) };
}

const time = (timestamp: unknown): unknown => batch({ timestamp });
const amount = (precise_total_amount_cents: unknown): unknown => batch({ precise_total_amount_cents });
const kept = (precise_total_amount_cents: unknown) => [{ precise_total_amount_cents }];
const property = (value: unknown): unknown => batch({ properties: { tokens: 1, s: value } });

/**
 * POST /events/batch in this order, as Lago 1.51.0 answered it: recorded on 2026-11-29 over HTTP, events
 * store Postgres 17. Ids and times are this table's own; so are the bad event after null and the half character
 * outside the events, which were seen there in another form.
 */
export const LAGO_ANSWERS: LagoAnswer[] = [
  {
    name: 'three good events',
    body: batch({ transaction_id: 'x1' }, {}, {}),
    status: 200,
    events: [{ transaction_id: 'x1' }, {}, {}],
  },
  {
    name: 'one of three repeated',
    body: batch({}, { transaction_id: 'x1' }, {}),
    status: 422,
    details: { 1: DUPLICATE },
  },
  {
    name: 'a repeat under another subscription',
    body: batch({ transaction_id: 'x1', external_subscription_id: 'sub_9' }),
    status: 200,
    events: [{ external_subscription_id: 'sub_9' }],
  },
  {
    name: 'one id twice',
    body: batch({ transaction_id: 'x2' }, { transaction_id: 'x2' }, {}),
    status: 422,
    details: { 1: DUPLICATE },
  },
  {
    name: 'one id twice, and stored before',
    body: batch({ transaction_id: 'x1' }, { transaction_id: 'x1' }),
    status: 422,
    details: { 0: DUPLICATE, 1: DUPLICATE },
  },
  {
    name: 'one id under two subscriptions',
    body: batch({ transaction_id: 'x3' }, { transaction_id: 'x3', external_subscription_id: 'sub_9' }),
    status: 422,
    details: { 1: DUPLICATE },
  },
  {
    name: 'one id under two codes',
    body: batch({ transaction_id: 'x4' }, { transaction_id: 'x4', code: 'requests' }),
    status: 422,
    details: { 1: DUPLICATE },
  },
  {
    name: 'one id twice without a subscription',
    body: batch(
      { transaction_id: 'x5', external_subscription_id: null },
      { transaction_id: 'x5', external_subscription_id: null },
    ),
    status: 422,
    details: { 1: DUPLICATE },
  },
  {
    name: 'a repeat and a missing code: only the code is named',
    body: batch({ transaction_id: 'x1' }, { code: '' }, {}),
    status: 422,
    details: { 1: NO_CODE },
  },
  {
    name: 'neither id nor code',
    body: batch({}, { transaction_id: undefined, code: undefined }),
    status: 422,
    details: { 1: { ...NO_ID, ...NO_CODE } },
  },
  {
    name: 'no subscription',
    body: batch({ external_subscription_id: undefined }),
    status: 200,
    events: [{ external_subscription_id: null }],
  },
  {
    name: 'an unknown code',
    body: batch({ code: 'nonexistent' }),
    status: 200,
    events: [{ code: 'nonexistent' }],
  },
  { name: 'null among the events', body: batch(null, {}), status: 200, events: [{}] },
  {
    name: 'null before a bad event: the index shifts',
    body: batch(null, {}, { code: '' }),
    status: 422,
    details: { 1: NO_CODE },
  },
  { name: 'null for events', body: { events: null }, status: 422, details: NO_EVENTS },
  { name: 'texts for events', body: { events: ['a', 'b'] }, status: 422, details: NO_EVENTS },
  { name: 'a list for a body', body: '[1]', status: 422, details: NO_EVENTS },
  {
    name: 'another content type',
    body: batch({}),
    status: 422,
    details: NO_EVENTS,
    headers: { 'content-type': 'text/plain' },
  },
  {
    name: '101 events',
    body: batch(...Array.from({ length: 101 }, () => ({}))),
    status: 422,
    details: { events: ['too_many_events'] },
  },

  { name: 'an ISO time', body: time('2026-11-29T15:20:39.550Z'), status: 422, details: { 0: NO_TIME } },
  { name: 'an empty time', body: time(''), status: 422, details: { 0: NO_TIME } },
  { name: 'words for a time', body: time('tomorrow'), status: 422, details: { 0: NO_TIME } },
  {
    name: 'a fraction of a second',
    body: time(1795965639.725),
    status: 200,
    events: [{ timestamp: '2026-11-29T15:20:39.725Z' }],
  },
  {
    name: 'milliseconds',
    body: time(1795965639755),
    status: 200,
    events: [{ timestamp: '58881-11-19T08:22:35.000Z' }],
  },
  {
    name: 'an exponent',
    body: time('1e12'),
    status: 200,
    events: [{ timestamp: '33658-09-27T01:46:40.000Z' }],
  },
  {
    name: 'a time before 1970',
    body: time('-1'),
    status: 200,
    events: [{ timestamp: '1969-12-31T23:59:59.000Z' }],
  },
  { name: 'NaN for a time', body: batch({ timestamp: 'NaN' }, {}), status: 500 },
  { name: 'Infinity for a time', body: time('Infinity'), status: 500 },
  { name: '1e30 for a time', body: time('1e30'), status: 500 },

  { name: 'an amount', body: amount('1234.56'), status: 200, events: kept('1234.56') },
  { name: 'an amount by number', body: amount(12.5), status: 200, events: kept('12.5') },
  {
    name: 'an amount of 20 decimals',
    body: amount('0.12345678901234567890'),
    status: 200,
    events: kept('0.123456789012346'),
  },
  { name: 'an amount that is a word', body: amount('abc'), status: 200, events: kept('0.0') },
  { name: 'an amount that is NaN', body: amount('NaN'), status: 200, events: kept('NaN') },
  { name: 'an amount of 31 digits', body: amount(`1${'0'.repeat(30)}`), status: 500 },

  { name: 'no properties', body: batch({ properties: null }), status: 200, events: [{ properties: {} }] },
  {
    name: 'a list for properties',
    body: batch({ properties: [1, 2] }),
    status: 200,
    events: [{ properties: {} }],
  },
  {
    name: 'a nested property',
    body: property({ a: { b: [1, { c: 2 }] } }),
    status: 200,
    events: [{ properties: { tokens: 1, s: { a: { b: [1, { c: 2 }] } } } }],
  },
  { name: 'NUL in a property', body: batch({ properties: { s: 'a\0b' } }, {}), status: 500 },
  { name: 'NUL in an id', body: batch({ transaction_id: 'a\0b' }), status: 500 },
  { name: 'a property of a million letters', body: property('z'.repeat(1_000_000)), status: 500 },

  {
    name: 'an id of 9,000 letters',
    body: batch({ transaction_id: 'y'.repeat(9000) }),
    status: 200,
    events: [{ transaction_id: 'y'.repeat(9000) }],
  },
  {
    name: 'a number for an id',
    body: batch({ transaction_id: 12345 }),
    status: 200,
    events: [{ transaction_id: '12345' }],
  },
  {
    name: 'an object for an id',
    body: batch({ transaction_id: { a: 1 } }),
    status: 422,
    details: { 0: NO_ID },
  },
  { name: 'spaces for an id', body: batch({ transaction_id: '   ' }), status: 422, details: { 0: NO_ID } },
  {
    name: 'ids that differ in case, in a space, in their accents',
    body: batch(
      { transaction_id: 'X1' },
      { transaction_id: 'x1 ' },
      { transaction_id: '\u00e9' },
      { transaction_id: 'e\u0301' },
    ),
    status: 200,
    events: [{}, {}, {}, {}],
  },

  { name: 'JSON that does not parse', body: '{"events":[', status: 400 },
  {
    name: 'half a character',
    body: '{"events":[{"transaction_id":"h1","code":"c","properties":{"s":"\\ud800"}}]}',
    status: 400,
  },
  {
    name: 'half a character where nobody reads',
    body: '{"events":[{"transaction_id":"h1","code":"c"}],"other":"\\udc00"}',
    status: 400,
  },
  { name: 'no key', body: batch({}), status: 401, headers: { authorization: '' } },
  { name: 'a wrong key', body: batch({}), status: 401, headers: { authorization: 'Bearer wrong' } },
  {
    name: 'the key after another word',
    body: batch({}),
    status: 200,
    events: [{}],
    headers: { authorization: 'Basic key' },
  },
];

/** Bodies of answers that say nothing of the request. */
export const LAGO_BODIES: Record<number, unknown> = {
  400: undefined,
  401: { status: 401, error: 'Unauthorized' },
  500: { status: 500, error: 'Internal Server Error' },
};
