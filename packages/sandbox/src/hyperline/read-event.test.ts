import { expect, test } from '@jest/globals';
import { readHyperlineEvent } from './read-event.js';

const GOOD = {
  customer_id: 'cus',
  event_type: 'usage',
  timestamp: '2024-06-01T10:00:00.123Z',
  record: { id: 'r', tokens: 5, deleted_at: null, tags: ['a', 1, true] },
};

function withRecord(record: unknown) {
  return { ...GOOD, record };
}

function properties(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_item, i) => [`p${i}`, i]));
}

test('a good event is read', () => {
  expect(readHyperlineEvent(GOOD)).toEqual({
    customerId: 'cus',
    eventType: 'usage',
    timestampMs: Date.parse('2024-06-01T10:00:00.123Z'),
    recordId: 'r',
    record: GOOD.record,
  });
});

test.each<[string, unknown, string]>([
  ['no object', 'x', 'not_an_object'],
  ['a list', [GOOD], 'not_an_object'],
  ['no customer', { ...GOOD, customer_id: undefined }, 'customer_id_missing'],
  ['an empty customer', { ...GOOD, customer_id: '' }, 'customer_id_missing'],
  ['a customer by number', { ...GOOD, customer_id: 5 }, 'customer_id_missing'],
  ['no event type', { ...GOOD, event_type: null }, 'event_type_missing'],
  ['an empty event type', { ...GOOD, event_type: '' }, 'event_type_missing'],
  ['no timestamp', { ...GOOD, timestamp: undefined }, 'timestamp_missing'],
  ["Lago's timestamp", { ...GOOD, timestamp: '1717236000.123' }, 'timestamp_invalid'],
  ['a timestamp without zone', { ...GOOD, timestamp: '2024-06-01T10:00:00' }, 'timestamp_invalid'],
  ['a date that does not exist', { ...GOOD, timestamp: '2024-13-01T10:00:00Z' }, 'timestamp_invalid'],
  ['no record', { ...GOOD, record: undefined }, 'record_missing'],
  ['a list for a record', withRecord([]), 'record_missing'],
  ['a record without id', withRecord({ tokens: 5 }), 'record_id_missing'],
  ['an empty id', withRecord({ id: '' }), 'record_id_missing'],
  ['an id of null', withRecord({ id: null }), 'record_id_missing'],
  ['26 properties with the id', withRecord({ id: 'r', ...properties(25) }), 'record_too_large'],
  ['an object within', withRecord({ id: 'r', a: { b: 1 } }), 'record_not_flat'],
  ['a list of objects', withRecord({ id: 'r', a: [{ b: 1 }] }), 'record_not_flat'],
  ['a list of lists', withRecord({ id: 'r', a: [[1]] }), 'record_not_flat'],
])('%s is refused', (_what, event, problem) => {
  expect(readHyperlineEvent(event)).toBe(problem);
});

test.each<[string, unknown, object]>([
  ['25 properties with the id', withRecord({ id: 'r', ...properties(24) }), { recordId: 'r' }],
  ['an id by number', withRecord({ id: 7 }), { recordId: '7' }],
  ['milliseconds', { ...GOOD, timestamp: 1717236000123 }, { timestampMs: 1717236000123 }],
  ['milliseconds as text', { ...GOOD, timestamp: '1717236000123' }, { timestampMs: 1717236000123 }],
  ['an offset', { ...GOOD, timestamp: '2024-06-01T12:00:00+02:00' }, { timestampMs: 1717236000000 }],
])('%s is taken', (_what, event, read) => {
  expect(readHyperlineEvent(event)).toMatchObject(read);
});
