import { expect, test } from '@jest/globals';
import type { HttpAnswer } from '../http-answer.js';
import { lagoCurrentUsage } from './current-usage.js';

const { customerPath, readCustomer, usagePath, readUsage } = lagoCurrentUsage;

const answerOf = (json: unknown, status = 200): HttpAnswer => ({
  status,
  headers: {},
  body: JSON.stringify(json),
});

/** Asked of Lago 1.51.0 on 2026-11-29, shortened. */
const USAGE = {
  customer_usage: {
    from_datetime: '2026-11-01T00:00:00Z',
    to_datetime: '2026-11-30T23:59:59Z',
    charges_usage: [
      { units: '254.0', events_count: 254, billable_metric: { code: 'api_call', name: 'API calls' } },
      { units: '0.0', events_count: 0, billable_metric: { code: 'requests', name: 'Requests' } },
    ],
  },
};

test('the usage of the period that goes on is read, and that there is none by its own word alone', () => {
  expect(usagePath('cus 5', 'sub_5')).toBe(
    '/api/v1/customers/cus%205/current_usage?external_subscription_id=sub_5',
  );
  expect(readUsage(answerOf(USAGE))).toEqual({
    ok: true,
    told: {
      from: '2026-11-01T00:00:00Z',
      to: '2026-11-30T23:59:59Z',
      lines: [
        { code: 'api_call', units: '254.0', events: 254 },
        { code: 'requests', units: '0.0', events: 0 },
      ],
    },
  });
  const none = { status: 405, error: 'Method Not Allowed', code: 'no_active_subscription' };
  expect(readUsage(answerOf(none, 405))).toEqual({ ok: true, told: null });
});

test('whose a subscription is', () => {
  expect(customerPath('sub/5')).toBeNull();
  expect(customerPath('sub_5')).toBe('/api/v1/subscriptions/sub_5');
  const subscription = { external_id: 'sub_5', external_customer_id: 'cus_5' };
  expect(readCustomer(answerOf({ subscription }))).toEqual({ ok: true, told: 'cus_5' });
  expect(readCustomer(answerOf({ status: 404, code: 'subscription_not_found' }, 404))).toEqual({
    ok: true,
    told: null,
  });
});

test.each<[string, HttpAnswer]>([
  ['HTML', { status: 200, headers: {}, body: '<html>' }],
  ['an empty object', answerOf({})],
  [
    'a charge without its metric',
    answerOf({ customer_usage: { ...USAGE.customer_usage, charges_usage: [{}] } }),
  ],
  ['a wrong URL', answerOf({ status: 404, code: 'not_found' }, 404)],
  ['a sum that cannot be made', answerOf({ status: 500 }, 500)],
  ['nothing', { error: 'timeout', detail: 'no answer within 10 s' }],
])('%s is no answer', (_what, answer) => {
  expect(readUsage(answer)).toHaveProperty('ok', false);
  expect(readCustomer(answer)).toHaveProperty('ok', false);
});
