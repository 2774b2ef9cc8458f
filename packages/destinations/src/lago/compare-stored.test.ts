import { describe, expect, test } from '@jest/globals';
import { compareStored } from './compare-stored.js';

const SENT = {
  transaction_id: 'm1',
  external_subscription_id: 'sub-1',
  code: 'api_call',
  timestamp: '1651240791.123',
  properties: { tokens: 12, model: 'large' },
};
const HELD = {
  lago_id: '1a901a90-0000-4000-8000-000000000000',
  transaction_id: 'm1',
  lago_customer_id: null,
  code: 'api_call',
  timestamp: '2022-04-29T13:59:51.123Z',
  precise_total_amount_cents: null,
  properties: { model: 'large', tokens: 12 } as Record<string, unknown>,
  external_subscription_id: 'sub-1',
};

describe('equal by value', () => {
  test.each([
    ['as it was sent, in another order', {}, {}],
    ['a millisecond off', {}, { timestamp: '2022-04-29T13:59:51.124Z' }],
    ['without milliseconds', { timestamp: '1651240791.000' }, { timestamp: '2022-04-29T13:59:51Z' }],
    ['strings, as in ClickHouse', {}, { properties: { tokens: '12', model: 'large' } }],
    ['null is left out', {}, { properties: { tokens: 12, model: 'large', other: null } }],
    ['an amount', { precise_total_amount_cents: '12.50' }, { precise_total_amount_cents: '12.5' }],
  ])('%s', (_, sent, held) => {
    expect(compareStored({ ...SENT, ...sent }, { ...HELD, ...held })).toEqual([]);
  });

  test.each([
    [1, '1.0', true],
    ['1.0', '1.00', true],
    ['-0', '0', true],
    ['007', '7', true],
    [1e21, '1000000000000000000000', true],
    ['0.1', 0.1, true],
    ['1200', '1.2e3', true],
    ['12345678901234567890.1', '12345678901234567890.10', true],
    ['12345678901234567890.1', '12345678901234567890.2', false],
    ['10', '1', false],
    ['-1', '1', false],
    ['a', 'a ', false],
    ['', '0', false],
    [0, null, false],
    ['true', true, true],
  ])('%p and %p: %p', (one, other, isSame) => {
    const sent = { ...SENT, properties: { value: one } };
    expect(compareStored(sent, { ...HELD, properties: { value: other } })).toEqual(
      isSame ? [] : ['properties.value'],
    );
  });
});

test.each([
  [{ code: 'old' }, ['code']],
  [{ external_subscription_id: 'sub-2' }, ['external_subscription_id']],
  [{ timestamp: '2022-04-29T13:59:51.125Z' }, ['timestamp']],
  [{ timestamp: undefined }, ['timestamp']],
  [{ precise_total_amount_cents: '1' }, ['precise_total_amount_cents']],
  [{ properties: { tokens: 13, model: 'large' } }, ['properties.tokens']],
  [{ properties: { tokens: 12 } }, ['properties.model']],
  [{ properties: { ...SENT.properties, more: 1 } }, ['properties.more']],
  [{ properties: undefined }, ['properties.tokens', 'properties.model']],
])('what differs is named: %p', (held, fields) => {
  expect(compareStored(SENT, { ...HELD, ...held })).toEqual(fields);
});
