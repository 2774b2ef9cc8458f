import { expect, test } from '@jest/globals';
import { readLagoEvent } from './read-event.js';

const NOW_MS = 1_700_000_000_000;
const GOOD = { transaction_id: 't', code: 'c', external_subscription_id: 's' };

function read(params: Record<string, unknown>, checkPresence = true) {
  return readLagoEvent(params, { nowMs: NOW_MS, checkPresence });
}

test.each<[unknown, number]>([
  ['1651240791.123', 1_651_240_791_123],
  ['1651240791', 1_651_240_791_000],
  [1651240791, 1_651_240_791_000],
  [1651240791.999, 1_651_240_791_999],
  ['1651240791.9999', 1_651_240_791_999],
  [0, 0],
  ['1.651240791e9', 1_651_240_791_000],
  [undefined, NOW_MS],
  [null, NOW_MS],
  [[1651240791], NOW_MS],
  [1_651_240_791_123, 1_651_240_791_123_000],
])('timestamp %j is the time %d', (timestamp, timestampMs) => {
  expect(read({ ...GOOD, timestamp })).toMatchObject({ event: { timestampMs } });
});

test.each([['2022-04-29T08:59:51Z'], [''], ['yesterday'], ['12abc'], [true], ['0x10'], ['nan'], ['-NaN']])(
  'timestamp %j is refused',
  (timestamp) => {
    expect(read({ ...GOOD, timestamp })).toEqual({ errors: { timestamp: ['invalid_format'] } });
  },
);

test.each<[string, Record<string, unknown>, string[]]>([
  ['no id', { code: 'c' }, ['transaction_id']],
  ['a blank id', { code: 'c', transaction_id: ' ' }, ['transaction_id']],
  ['an id that is no scalar', { code: 'c', transaction_id: { a: 1 } }, ['transaction_id']],
  ['no code', { transaction_id: 't' }, ['code']],
  ['the wrong case', { transactionId: 't', eventCode: 'c' }, ['transaction_id', 'code']],
])('%s is refused', (_what, params, fields) => {
  const errors = Object.fromEntries(fields.map((field) => [field, ['value_is_mandatory']]));
  expect(read(params)).toEqual({ errors });
});

test('a bad timestamp hides what else is wrong', () => {
  expect(read({ timestamp: 'x' })).toEqual({ errors: { timestamp: ['invalid_format'] } });
});

test('presence is not looked at where Lago does not', () => {
  expect(read({}, false)).toMatchObject({ event: { transactionId: null, code: null } });
});

test('only permitted fields are read, and they are cast', () => {
  const params = { ...GOOD, transaction_id: 7, externalSubscriptionId: 'x', external_customer_id: 'y' };
  expect(read({ ...params, external_subscription_id: undefined, properties: [1] })).toEqual({
    event: {
      transactionId: '7',
      code: 'c',
      externalSubscriptionId: null,
      timestampMs: NOW_MS,
      preciseTotalAmountCents: null,
      properties: {},
    },
  });
});

test.each([['NaN'], ['Infinity'], ['-Infinity']])('timestamp %j crashes Lago', (timestamp) => {
  expect(read({ ...GOOD, timestamp })).toEqual({ crash: true });
});

test('an amount is kept as the column keeps it', () => {
  expect(read({ ...GOOD, precise_total_amount_cents: '5' })).toMatchObject({
    event: { preciseTotalAmountCents: '5.0' },
  });
});

test('an expression without its variable fails with a string', () => {
  const expression = () => ['started', 'ended'];
  const properties = { started: 1, ended: null };
  expect(readLagoEvent({ ...GOOD, properties }, { nowMs: 0, checkPresence: true, expression })).toEqual({
    errors: 'expression_evaluation_failed: Variable: ended not found',
  });
});
