import { toDecimal } from '../decimal-sum.js';
import type { LagoMetric, LagoOptions, LagoSubscription } from './options.js';
import type { LagoEvent } from './read-event.js';

/** Why an event that Lago answered with 200 is on no invoice. */
export type UnbillableReason =
  | 'missing_subscription'
  | 'unknown_subscription'
  | 'outside_subscription'
  | 'unknown_code'
  | 'timestamp_not_in_seconds'
  | 'missing_property'
  | 'not_numeric';

export type Billability = {
  /** Undefined: it will be billed. */
  judge: (event: LagoEvent) => UnbillableReason | undefined;
  /** Variables that the metric's expression reads. */
  expressionVariables: (code: string | null) => string[];
};

/** From here on (the year 5138) it can only be milliseconds that were sent as seconds. */
const BEYOND_ANY_INVOICE_MS = 1e14;

const NUMERIC: readonly LagoMetric['aggregation'][] = ['sum_agg', 'max_agg', 'latest_agg'];

/** Lago looks none of this up when an event arrives: it answers 200 and leaves the event out of the bill. */
export function createBillability(options: LagoOptions): Billability {
  const subscriptions = options.knownSubscriptions && byExternalId(options.knownSubscriptions);
  const metrics = options.metrics && new Map(Object.entries(options.metrics));
  const variables = new Map<string, string[]>();
  for (const [code, { expression }] of metrics ?? []) {
    if (expression !== undefined) variables.set(code, findVariables(expression));
  }
  const none: string[] = [];
  return {
    expressionVariables: (code) => (code === null ? none : (variables.get(code) ?? none)),
    judge(event) {
      if (event.timestampMs >= BEYOND_ANY_INVOICE_MS) return 'timestamp_not_in_seconds';
      if (!event.externalSubscriptionId) return 'missing_subscription';
      if (subscriptions !== undefined) {
        const windows = subscriptions.get(event.externalSubscriptionId);
        if (windows === undefined) return 'unknown_subscription';
        if (!windows.some(({ from, to }) => from <= event.timestampMs && event.timestampMs <= to))
          return 'outside_subscription';
      }
      if (metrics === undefined) return undefined;
      const metric = event.code === null ? undefined : metrics.get(event.code);
      return metric === undefined ? 'unknown_code' : judgeProperty(metric, event.properties);
    },
  };
}

function judgeProperty(
  { aggregation, field, expression }: LagoMetric,
  properties: Record<string, unknown>,
): UnbillableReason | undefined {
  // An expression writes the property itself.
  if (aggregation === 'count_agg' || field === undefined || expression !== undefined) return undefined;
  const value = properties[field];
  if (value === undefined || value === null) return 'missing_property';
  if (NUMERIC.includes(aggregation) && toDecimal(value) === undefined) return 'not_numeric';
  return undefined;
}

type Window = { from: number; to: number };

function byExternalId(known: readonly (string | LagoSubscription)[]): Map<string, Window[]> {
  const windows = new Map<string, Window[]>();
  for (const item of known) {
    const subscription = typeof item === 'string' ? { external_id: item } : item;
    const from = subscription.started_at === undefined ? -Infinity : Date.parse(subscription.started_at);
    const to = subscription.terminated_at === undefined ? Infinity : Date.parse(subscription.terminated_at);
    const others = windows.get(subscription.external_id) ?? [];
    windows.set(subscription.external_id, [...others, { from, to }]);
  }
  return windows;
}

function findVariables(expression: string): string[] {
  return [...expression.matchAll(/event\.properties\.(\w+)/g)].map(([, name]) => name!);
}
