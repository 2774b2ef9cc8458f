import { expect, test } from '@jest/globals';
import { createBillability, type UnbillableReason } from './billability.js';
import { KnownSubscriptions } from './known-subscriptions.js';
import type { LagoOptions } from './options.js';
import type { LagoEvent } from './read-event.js';

const EVENT: LagoEvent = {
  transactionId: 't',
  code: 'tokens',
  externalSubscriptionId: 'sub',
  timestampMs: Date.parse('2024-06-01T00:00:00Z'),
  preciseTotalAmountCents: null,
  properties: { amount: 5 },
};
const OPTIONS: LagoOptions = {
  apiKey: 'k',
  store: 'postgres',
  knownSubscriptions: [
    'sub',
    { external_id: 'ended', started_at: '2024-01-01T00:00:00Z', terminated_at: '2024-05-01T00:00:00Z' },
  ],
  metrics: {
    tokens: { aggregation: 'sum_agg', field: 'amount' },
    users: { aggregation: 'unique_count_agg', field: 'user' },
    calls: { aggregation: 'count_agg' },
    hours: {
      aggregation: 'sum_agg',
      field: 'h',
      expression: 'event.properties.end - event.properties.start',
    },
  },
};
const billability = createBillability(OPTIONS, new KnownSubscriptions(OPTIONS));

test.each<[string, Partial<LagoEvent>, UnbillableReason | undefined]>([
  ['a good event', {}, undefined],
  ['no subscription', { externalSubscriptionId: null }, 'missing_subscription'],
  ['an empty subscription', { externalSubscriptionId: '' }, 'missing_subscription'],
  ['a subscription nobody has', { externalSubscriptionId: 'x' }, 'unknown_subscription'],
  ['a subscription that had ended', { externalSubscriptionId: 'ended' }, 'outside_subscription'],
  ['milliseconds for seconds', { timestampMs: 1.7e15 }, 'timestamp_not_in_seconds'],
  ['a code nobody has', { code: 'x' }, 'unknown_code'],
  ['a missing property', { properties: {} }, 'missing_property'],
  ['a null property', { properties: { amount: null } }, 'missing_property'],
  ['a numeric string', { properties: { amount: '5.5' } }, undefined],
  ['a number for people', { properties: { amount: '1,000' } }, 'not_numeric'],
  ['a boolean', { properties: { amount: true } }, 'not_numeric'],
  ['a text that is counted', { code: 'users', properties: { user: 'u' } }, undefined],
  ['a count without properties', { code: 'calls', properties: {} }, undefined],
  ['an expression, which fills the property', { code: 'hours', properties: {} }, undefined],
])('%s is billed or not', (_what, change, reason) => {
  expect(billability.judge({ ...EVENT, ...change })).toBe(reason);
});

test('where nothing is known, all that can be billed is', () => {
  const open = createBillability({}, { areGiven: false, livesOf: () => [] });
  expect(open.judge({ ...EVENT, code: 'x', externalSubscriptionId: 'y' })).toBeUndefined();
  expect(open.judge({ ...EVENT, externalSubscriptionId: null })).toBe('missing_subscription');
});

test('an expression is read for its variables', () => {
  expect(billability.expressionVariables('hours')).toEqual(['end', 'start']);
  expect(billability.expressionVariables('calls')).toEqual([]);
  expect(billability.expressionVariables(null)).toEqual([]);
});
