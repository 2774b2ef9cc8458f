import { expect, test } from '@jest/globals';
import type { HttpAnswer } from '../http-answer.js';
import { lagoBilling } from './billing-lookup.js';

const billing = lagoBilling('send');

function answer(status: number, json: unknown): HttpAnswer {
  return { status, headers: {}, body: JSON.stringify(json) };
}

const ACTIVE = {
  external_id: 's/1',
  status: 'active',
  started_at: '2026-09-15T00:00:00.000Z',
  current_billing_period_started_at: '2026-11-01T00:00:00Z',
  current_billing_period_ending_at: '2026-11-30T23:59:59Z',
};

test('a subscription is asked for while it is active, and then as ended', () => {
  expect(billing.paths('é?1')).toEqual([
    '/api/v1/subscriptions/%C3%A9%3F1',
    '/api/v1/subscriptions/%C3%A9%3F1?status=terminated',
  ]);
});

test.each(['a/b', 'x'.repeat(501)])('an id that no path can hold is not asked for', (id) => {
  expect(billing.paths(id)).toEqual([]);
});

test.each<[string, HttpAnswer, unknown]>([
  ['the row', answer(200, { subscription: ACTIVE }), [expect.objectContaining({ subscription: 's/1' })]],
  ['that there is none', answer(404, { code: 'subscription_not_found' }), []],
  ['nothing, where the URL is wrong', answer(404, { code: 'resource_not_found' }), null],
  ['nothing, where reads are forbidden', answer(403, { status: 403 }), null],
  ['nothing, where the row is none', answer(200, { subscription: { ...ACTIVE, started_at: 'soon' } }), null],
  ['nothing, where no answer came', { error: 'timeout', detail: 'late' }, null],
])('an answer says %s', (_what, given, expected) => {
  expect(billing.read(given)).toEqual(expected);
});

test.each<[string, Record<string, unknown>, string | undefined]>([
  ['its only number', { n: 5, model: 'small' }, '5'],
  ['a decimal in a text', { n: '-12.50' }, '-12.50'],
  ['none where there are two', { n: 5, m: 6 }, undefined],
  ['none where there is none', { model: 'small' }, undefined],
  ['none where it is no plain decimal', { n: '1e21' }, undefined],
])('the quantity of usage is %s', (_what, properties, quantity) => {
  const body = JSON.stringify({ external_subscription_id: 's1', code: 'tokens', properties });
  expect(billing.usageOf(body)).toEqual({ subscription: 's1', kind: 'tokens', quantity });
});

test.each([
  [
    'as it is written',
    { transaction_id: 't"1', external_subscription_id: 's"\\1', code: 'c', properties: {} },
  ],
  [
    'behind properties of its name',
    {
      transaction_id: 't',
      properties: { external_subscription_id: 'another' },
      external_subscription_id: 's"\\1',
    },
  ],
])('whose usage a body is: %s', (_how, sent) => {
  expect(billing.subscriptionOf(JSON.stringify(sent))).toBe('s"\\1');
});
