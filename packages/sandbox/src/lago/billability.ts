import { hasCountedValue } from './bill.js';
import { isWithin } from './billing-period.js';
import type { KnownSubscriptions } from './known-subscriptions.js';
import type { LagoMetric, LagoOptions } from './options.js';
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

/** Lago looks none of this up when an event arrives: it answers 200 and leaves the event out of the bill. */
export function createBillability(
  options: Pick<LagoOptions, 'metrics'>,
  subscriptions: Pick<KnownSubscriptions, 'areGiven' | 'livesOf'>,
): Billability {
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
      if (subscriptions.areGiven) {
        const lives = subscriptions.livesOf(event.externalSubscriptionId);
        if (lives.length === 0) return 'unknown_subscription';
        if (!lives.some((life) => isWithin(event.timestampMs, life))) return 'outside_subscription';
      }
      if (metrics === undefined) return undefined;
      const metric = event.code === null ? undefined : metrics.get(event.code);
      return metric === undefined ? 'unknown_code' : judgeProperty(metric, event.properties);
    },
  };
}

function judgeProperty(
  metric: LagoMetric,
  properties: Record<string, unknown>,
): UnbillableReason | undefined {
  if (hasCountedValue(metric, properties)) return undefined;
  const value = properties[metric.field!];
  return value === undefined || value === null ? 'missing_property' : 'not_numeric';
}

function findVariables(expression: string): string[] {
  return [...expression.matchAll(/event\.properties\.(\w+)/g)].map(([, name]) => name!);
}
