import { pathsOf, type ValueRule } from '@meterbridge/usage-mapping';
import type { ChargeFacts, MetricFacts, PlanFacts } from './plan-facts.js';
import { isLookup, type LagoRule } from './settings.js';

type OfRule = { rule: string; metric: string };
type OfCharge = OfRule & { plan: string };
type OfFilter = OfCharge & { key: string };

/**
 * What a rule sends and Lago takes with a 200, and bills wrongly or never; or what cannot be judged. `isCertain` is
 * false where it depends on what an event happens to have.
 */
export type PlanFault =
  /** A unique count takes a value out again for any `operation_type` but `add`. `sent`: a path, or the constant. */
  | ({ code: 'operation_type_sent'; sent: string; isCertain: boolean } & OfRule)
  | ({ code: 'unique_value_masked'; field: string } & OfRule)
  /** Lists and objects are values as well; a number and its text are one in the usage, and two in advance. */
  | ({ code: 'unique_value_untyped'; field: string; isPaidInAdvance: boolean } & OfRule)
  | ({ code: 'unique_value_constant'; field: string; value: string } & OfRule)
  | ({ code: 'metric_in_no_plan' } & OfRule)
  | ({ code: 'filter_key_not_sent' } & OfFilter)
  | ({ code: 'filter_key_masked' } & OfFilter)
  | ({ code: 'filter_value_unknown'; value: string; values: string[] } & OfFilter)
  | ({ code: 'dynamic_without_amount' } & OfCharge)
  | { code: 'subscription_unknown'; rule: string; subscription: string }
  | ({ code: 'custom_aggregation' } & OfRule)
  /** Lago refuses the event: 422 `expression_evaluation_failed`. */
  | ({ code: 'expression_variable_not_sent'; variable: string; isCertain: boolean } & OfRule);

/** What Lago was found to hold. `plans`: null where they were not read. `subscriptions`: external ids, left out where they were not read. */
export type BillingCatalogue = {
  metrics: readonly MetricFacts[];
  plans: readonly PlanFacts[] | null;
  subscriptions?: ReadonlySet<string> | undefined;
};

/** A filter's word for every value that its metric knows. */
const EVERY_VALUE = '__ALL_FILTER_VALUES__';

/**
 * Holds rules against metrics, plans and subscriptions. A metric that is not there and a field that is not sent are
 * left to the check of metrics alone; a code that is read from the event cannot be judged here.
 */
export function findPlanFaults(catalogue: BillingCatalogue, rules: readonly LagoRule[]): PlanFault[] {
  return rules.flatMap((rule) => [
    ...findSubscriptionFaults(rule, catalogue.subscriptions),
    ...findMetricFaults(rule, catalogue),
  ]);
}

function findSubscriptionFaults(rule: LagoRule, known: ReadonlySet<string> | undefined): PlanFault[] {
  const id = namedSubscription(rule);
  if (known === undefined || id === undefined || known.has(id)) return [];
  return [{ code: 'subscription_unknown', rule: rule.name, subscription: id }];
}

/** The one subscription that all usage of a rule goes to; undefined where events say which. */
export function namedSubscription({ subscription }: LagoRule): string | undefined {
  return isLookup(subscription) || !isConstant(subscription) ? undefined : String(subscription.value);
}

function findMetricFaults(rule: LagoRule, { metrics, plans }: BillingCatalogue): PlanFault[] {
  const { code } = rule;
  const metric = metrics.find((each) => each.code === code);
  if (metric === undefined) return [];
  const of: OfRule = { rule: rule.name, metric: metric.code };
  const charges = (plans ?? []).flatMap((plan) =>
    plan.charges
      .filter((charge) => charge.metric === metric.code)
      .map((charge) => ({ ...charge, plan: plan.code })),
  );
  return [
    ...(plans !== null && charges.length === 0 ? [{ code: 'metric_in_no_plan', ...of } as const] : []),
    ...(metric.aggregation === 'custom_agg' ? [{ code: 'custom_aggregation', ...of } as const] : []),
    ...findExpressionFaults(rule, metric, of),
    ...(metric.aggregation === 'unique_count_agg' ? findUniqueFaults(rule, { metric, charges, of }) : []),
    ...charges.flatMap((charge) => findChargeFaults(rule, { metric, charge, of })),
  ];
}

function findExpressionFaults(rule: LagoRule, { expression }: MetricFacts, of: OfRule): PlanFault[] {
  if (expression === null) return [];
  const variables = new Set([...expression.matchAll(/event\.properties\.(\w+)/g)].map(([, name]) => name!));
  return [...variables].flatMap((variable): PlanFault[] => {
    const sent = readSent(rule, variable);
    if (sent.as !== 'nothing' && !sent.mayBeMissing) return [];
    return [{ code: 'expression_variable_not_sent', ...of, variable, isCertain: sent.as === 'nothing' }];
  });
}

function findUniqueFaults(
  rule: LagoRule,
  { metric, charges, of }: { metric: MetricFacts; charges: readonly ChargeFacts[]; of: OfRule },
): PlanFault[] {
  const faults: PlanFault[] = [];
  const operation = readSent(rule, 'operation_type');
  const isAddition = operation.as === 'constant' && operation.value === 'add';
  if (operation.as !== 'nothing' && !isAddition) {
    const isCertain = operation.as === 'constant';
    faults.push({ code: 'operation_type_sent', ...of, sent: operation.from, isCertain });
  }
  const { field } = metric;
  // An expression computes the field and overwrites what is sent.
  if (field === null || metric.expression !== null) return faults;
  const sent = readSent(rule, field);
  if (sent.as === 'masked') faults.push({ code: 'unique_value_masked', ...of, field });
  if (sent.as === 'constant') faults.push({ code: 'unique_value_constant', ...of, field, value: sent.value });
  if (sent.as === 'untyped') {
    const isPaidInAdvance = charges.some((charge) => charge.isPaidInAdvance);
    faults.push({ code: 'unique_value_untyped', ...of, field, isPaidInAdvance });
  }
  return faults;
}

function findChargeFaults(
  rule: LagoRule,
  { metric, charge, of }: { metric: MetricFacts; charge: ChargeFacts & { plan: string }; of: OfRule },
): PlanFault[] {
  const faults: PlanFault[] = [];
  const { plan } = charge;
  if (charge.model === 'dynamic' && rule.preciseTotalAmountCents === undefined)
    faults.push({ code: 'dynamic_without_amount', ...of, plan });
  for (const [key, values] of filterValues(charge, metric)) {
    const ofFilter: OfFilter = { ...of, plan, key };
    const sent = readSent(rule, key);
    if (sent.as === 'nothing') faults.push({ code: 'filter_key_not_sent', ...ofFilter });
    if (sent.as === 'masked' || sent.as === 'hashed') faults.push({ code: 'filter_key_masked', ...ofFilter });
    if (sent.as === 'constant' && !values.includes(sent.value))
      faults.push({ code: 'filter_value_unknown', ...ofFilter, value: sent.value, values });
  }
  return faults;
}

/** By key, every value that some filter of the charge has for it. */
function filterValues(charge: ChargeFacts, metric: MetricFacts): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [key, listed] of charge.filters.flatMap((filter) => Object.entries(filter))) {
    const known = metric.filters.find((filter) => filter.key === key)?.values ?? [];
    const values = listed.includes(EVERY_VALUE) ? known : listed;
    found.set(key, [...new Set([...(found.get(key) ?? []), ...values])]);
  }
  return found;
}

/**
 * What a rule makes of one property. `from`: the path or the constant. `mayBeMissing`: an event without the value is
 * sent all the same.
 */
type Sent =
  | { as: 'nothing' }
  | { as: 'constant'; value: string; from: string; mayBeMissing: false }
  | { as: 'masked' | 'hashed' | 'typed' | 'untyped'; from: string; mayBeMissing: boolean };

/** A name wins over `"*"`, which takes a property as it is found, where it is there. */
function readSent({ properties }: LagoRule, name: string): Sent {
  const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const all = properties['*'];
  if (named === undefined || name === '*')
    return all === undefined
      ? { as: 'nothing' }
      : { as: 'untyped', from: `${all}.${name}`, mayBeMissing: true };
  if (isConstant(named)) {
    const value = String(named.value);
    return { as: 'constant', value, from: value, mayBeMissing: false };
  }
  if (typeof named === 'string' || Array.isArray(named))
    return { as: 'untyped', from: namePaths(named), mayBeMissing: false };
  const as = named.mask ? 'masked' : named.hash ? 'hashed' : named.as ? 'typed' : 'untyped';
  return { as, from: namePaths(named), mayBeMissing: named.default === null };
}

function isConstant(rule: ValueRule): rule is Extract<ValueRule, { value: unknown }> {
  return typeof rule === 'object' && 'value' in rule;
}

function namePaths(rule: ValueRule): string {
  return pathsOf(rule).join(' | ');
}
