import { describe, expect, test } from '@jest/globals';
import { describePlanFault } from './describe-plan-fault.js';
import {
  type ChargeFacts,
  type MetricFacts,
  type PlanFacts,
  readMetricFacts,
  readPlanFacts,
} from './plan-facts.js';
import { findPlanFaults, type PlanFault } from './plan-faults.js';
import { type LagoRule, lagoRuleSchema } from './settings.js';

function aMetric(code: string, aggregation: string, change: Partial<MetricFacts> = {}): MetricFacts {
  return { code, aggregation, field: null, expression: null, filters: [], ...change };
}

function aCharge(metric: string, change: Partial<ChargeFacts> = {}): ChargeFacts {
  return { metric, model: 'standard', isPaidInAdvance: false, filters: [], ...change };
}

const METRICS = [
  aMetric('calls', 'count_agg'),
  aMetric('unplanned', 'count_agg'),
  aMetric('seats', 'unique_count_agg', { field: 'user' }),
  aMetric('members', 'unique_count_agg', { field: 'user' }),
  aMetric('tokens', 'sum_agg', {
    field: 'n',
    filters: [
      { key: 'region', values: ['eu', 'us'] },
      { key: 'tier', values: ['free', 'true'] },
    ],
  }),
  aMetric('priced', 'sum_agg', { field: 'n' }),
  aMetric('own', 'custom_agg', { field: 'n' }),
  aMetric('hours', 'sum_agg', { field: 'h', expression: 'event.properties.end - event.properties.start' }),
];
const PLANS: PlanFacts[] = [
  { code: 'empty', charges: [] },
  {
    code: 'gold',
    charges: [
      aCharge('calls'),
      aCharge('seats'),
      aCharge('members', { isPaidInAdvance: true }),
      aCharge('tokens', {
        filters: [{ region: ['eu'] }, { region: ['us'], tier: ['__ALL_FILTER_VALUES__'] }],
      }),
      aCharge('priced', { model: 'dynamic' }),
      aCharge('own'),
      aCharge('hours'),
    ],
  },
];
const SUBSCRIPTIONS = new Set(['sub_1']);

function aRule(given: object): LagoRule {
  return lagoRuleSchema.parse({ name: 'r', subscription: 'userId', ...given });
}

function find(given: object): PlanFault[] {
  const catalogue = { metrics: METRICS, plans: PLANS, subscriptions: SUBSCRIPTIONS };
  return findPlanFaults(catalogue, [aRule(given)]);
}

const typed = { path: 'properties.n', as: 'number' };
const user = { path: 'userId', as: 'string' };
const region = { path: 'properties.region', as: 'string' };
const tier = { path: 'properties.tier', as: 'string' };
const amount = { path: 'properties.cents', as: 'number' };

test.each<[string, object]>([
  ['a count', { code: 'calls' }],
  ['a unique count of a typed field', { code: 'seats', properties: { user } }],
  ['of a hashed field', { code: 'seats', properties: { user: { path: 'userId', hash: 'sha256' } } }],
  [
    'with "*", where operation_type is always add',
    { code: 'seats', properties: { '*': 'properties', user, operation_type: { value: 'add' } } },
  ],
  ['a filter whose keys are sent', { code: 'tokens', properties: { n: typed, region, tier } }],
  ['a filter whose keys may be sent', { code: 'tokens', properties: { n: typed, '*': 'properties' } }],
  [
    'constants that filters have, one by way of every value',
    { code: 'tokens', properties: { n: typed, region: { value: 'us' }, tier: { value: true } } },
  ],
  ['a dynamic charge with an amount', { code: 'priced', preciseTotalAmountCents: amount }],
  ['an expression whose variables are sent', { code: 'hours', properties: { end: typed, start: typed } }],
  ['a subscription that exists', { code: 'calls', subscription: { value: 'sub_1' } }],
  ['a customer that is looked up', { code: 'calls', subscription: { lookup: 'customer' } }],
  ['a code from the event', {}],
  ['a metric that is not there, which is found elsewhere', { code: 'nothing' }],
])('no fault in %s', (_what, rule) => {
  expect(find(rule)).toEqual([]);
});

test.each<[string, object, PlanFault, 'warn' | 'fail', string]>([
  [
    '"*" in a unique count',
    { code: 'seats', properties: { '*': 'properties', user } },
    {
      code: 'operation_type_sent',
      rule: 'r',
      metric: 'seats',
      sent: 'properties.operation_type',
      isCertain: false,
    },
    'warn',
    'anything but "add"',
  ],
  [
    'an operation_type that is named',
    { code: 'seats', properties: { user, operation_type: 'event' } },
    { code: 'operation_type_sent', rule: 'r', metric: 'seats', sent: 'event', isCertain: false },
    'warn',
    'anything but "add"',
  ],
  [
    'an operation_type that is never add',
    { code: 'seats', properties: { user, operation_type: { value: 'login' } } },
    { code: 'operation_type_sent', rule: 'r', metric: 'seats', sent: 'login', isCertain: true },
    'fail',
    'anything but "add"',
  ],
  [
    'a unique count of a masked field',
    { code: 'seats', properties: { user: { path: 'userId', mask: true } } },
    { code: 'unique_value_masked', rule: 'r', metric: 'seats', field: 'user' },
    'fail',
    'counted once',
  ],
  [
    'of an untyped field',
    { code: 'seats', properties: { user: 'userId' } },
    { code: 'unique_value_untyped', rule: 'r', metric: 'seats', field: 'user', isPaidInAdvance: false },
    'warn',
    'as: string',
  ],
  [
    'of an untyped field that is paid in advance',
    { code: 'members', properties: { user: ['userId', 'anonymousId'] } },
    { code: 'unique_value_untyped', rule: 'r', metric: 'members', field: 'user', isPaidInAdvance: true },
    'warn',
    'two fees',
  ],
  [
    'of a constant',
    { code: 'seats', properties: { user: { value: 'u1' } } },
    { code: 'unique_value_constant', rule: 'r', metric: 'seats', field: 'user', value: 'u1' },
    'fail',
    'never more than 1',
  ],
  [
    'a metric in no plan',
    { code: 'unplanned' },
    { code: 'metric_in_no_plan', rule: 'r', metric: 'unplanned' },
    'fail',
    'never billed',
  ],
  [
    'a filter whose key is not sent',
    { code: 'tokens', properties: { n: typed, region } },
    { code: 'filter_key_not_sent', rule: 'r', metric: 'tokens', plan: 'gold', key: 'tier' },
    'fail',
    'does not send',
  ],
  [
    'a filter whose key is masked',
    { code: 'tokens', properties: { n: typed, tier, region: { path: 'properties.region', mask: true } } },
    { code: 'filter_key_masked', rule: 'r', metric: 'tokens', plan: 'gold', key: 'region' },
    'fail',
    'masked or hashed',
  ],
  [
    'a filter whose key is hashed',
    { code: 'tokens', properties: { n: typed, tier, region: { path: 'properties.region', hash: 'sha256' } } },
    { code: 'filter_key_masked', rule: 'r', metric: 'tokens', plan: 'gold', key: 'region' },
    'fail',
    'masked or hashed',
  ],
  [
    'a constant that no filter has',
    { code: 'tokens', properties: { n: typed, tier, region: { value: 'EU' } } },
    {
      code: 'filter_value_unknown',
      rule: 'r',
      metric: 'tokens',
      plan: 'gold',
      key: 'region',
      value: 'EU',
      values: ['eu', 'us'],
    },
    'fail',
    'no price for region EU (it has eu, us)',
  ],
  [
    'a dynamic charge without an amount',
    { code: 'priced', properties: { n: typed } },
    { code: 'dynamic_without_amount', rule: 'r', metric: 'priced', plan: 'gold' },
    'fail',
    'would be 0',
  ],
  [
    'a subscription that does not exist',
    { code: 'calls', subscription: { value: 'sub_2' } },
    { code: 'subscription_unknown', rule: 'r', subscription: 'sub_2' },
    'fail',
    'no subscription "sub_2"',
  ],
  [
    'a custom metric, which is billed',
    { code: 'own' },
    { code: 'custom_aggregation', rule: 'r', metric: 'own' },
    'warn',
    'not checked',
  ],
  [
    'an expression whose variable is not sent',
    { code: 'hours', properties: { end: typed } },
    { code: 'expression_variable_not_sent', rule: 'r', metric: 'hours', variable: 'start', isCertain: true },
    'fail',
    'refuse every event',
  ],
  [
    'an expression whose variable may be missing',
    { code: 'hours', properties: { end: typed, start: { path: 'properties.s', default: null } } },
    { code: 'expression_variable_not_sent', rule: 'r', metric: 'hours', variable: 'start', isCertain: false },
    'warn',
    'that has none',
  ],
])('%s', (_what, rule, fault, level, words) => {
  expect(find(rule)).toEqual([fault]);
  expect(describePlanFault(fault)).toEqual({ level, detail: expect.stringContaining(words) });
});

test('an expression under "*" may find its variables or not', () => {
  const faults = find({ code: 'hours', properties: { '*': 'properties' } });
  expect(faults).toMatchObject([
    { variable: 'end', isCertain: false },
    { variable: 'start', isCertain: false },
  ]);
});

test('where subscriptions were not read, none is missing', () => {
  const rule = aRule({ code: 'calls', subscription: { value: 'sub_2' } });
  expect(findPlanFaults({ metrics: METRICS, plans: PLANS }, [rule])).toEqual([]);
});

describe('facts of an answer', () => {
  test('a metric', () => {
    const answered = {
      code: 'adv_filter',
      aggregation_type: 'sum_agg',
      field_name: 'amount',
      expression: null,
      filters: [{ key: 'region', values: ['eu', 'us'] }],
    };
    expect(readMetricFacts(answered)).toEqual({
      code: 'adv_filter',
      aggregation: 'sum_agg',
      field: 'amount',
      expression: null,
      filters: [{ key: 'region', values: ['eu', 'us'] }],
    });
    expect(readMetricFacts({ code: 'c', field_name: '' })).toMatchObject({
      aggregation: 'unknown',
      field: null,
    });
    expect(readMetricFacts('c')).toBeNull();
  });

  test('a plan, and what of it is no charge', () => {
    const charge = {
      billable_metric_code: 'setups',
      charge_model: 'dynamic',
      pay_in_advance: true,
      filters: [{ values: { region: ['eu'] }, properties: { amount: '2' } }, 'x'],
    };
    expect(readPlanFacts({ code: 'gold', charges: [charge, '… (20 in all)', {}] })).toEqual({
      code: 'gold',
      charges: [{ metric: 'setups', model: 'dynamic', isPaidInAdvance: true, filters: [{ region: ['eu'] }] }],
    });
    expect(readPlanFacts({ charges: [] })).toBeNull();
    expect(readPlanFacts({ code: 'bare' })).toEqual({ code: 'bare', charges: [] });
  });
});

test('plans that were not read say nothing of a metric', () => {
  const rule = aRule({ code: 'unplanned' });
  expect(findPlanFaults({ metrics: METRICS, plans: null }, [rule])).toEqual([]);
  expect(findPlanFaults({ metrics: METRICS, plans: [] }, [rule])).toMatchObject([
    { code: 'metric_in_no_plan' },
  ]);
});
