import type { UsageEvent } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import {
  coerce,
  compileProperties,
  compileValue,
  type Mapped,
  type MappedProperties,
  mapped,
  plainDecimal,
  type ValueRule,
} from '@meterbridge/usage-mapping';
import { compileIdentity } from '../read-identity.js';
import { refuseUnstorable } from '../unstorable-text.js';
import type { LagoRule } from './settings.js';

/**
 * Compiles a rule to a function that writes an event as Lago reads it: snake_case, since it drops fields of
 * any other name, and `external_subscription_id`, since it no longer reads the customer's
 * (lago-api: events_controller.rb). transaction_id and timestamp are the event's own, never the clock's:
 * where events go to ClickHouse, the same id at another time is billed twice.
 */
export function compileLagoRule(rule: LagoRule): (event: SegmentEvent) => Mapped<UsageEvent> {
  const code = typeof rule.code === 'string' ? { value: rule.code } : rule.code;
  const readCode = compileIdentity(code, 'code');
  const readSubscription = compileIdentity(rule.subscription, 'subscription');
  const readProperties = compileProperties(rule.properties, { bareRequired: true, lists: false });
  const readAmount = compileAmount(rule.preciseTotalAmountCents);
  const suffix = rule.transactionIdSuffix ?? '';

  return (event) => {
    const subscription = readSubscription(event);
    if (!subscription.ok) return subscription;
    const metric = readCode(event);
    if (!metric.ok) return metric;
    const properties = readProperties(event);
    if (!properties.ok) return properties;
    const amount = readAmount(event);
    if (!amount.ok) return amount;

    const transactionId = event.messageId + suffix;
    const timestamp = toLagoSeconds(event.timestamp);
    // One flat string: pieced together, each body would drag its pieces through the garbage collector.
    const body = JSON.stringify({
      transaction_id: transactionId,
      external_subscription_id: subscription.value,
      code: metric.value,
      timestamp,
      precise_total_amount_cents: amount.value ?? undefined,
      properties: toLagoProperties(properties.value),
    });
    return (
      refuseUnstorable(body) ?? mapped({ key: `${transactionId} ${timestamp}`, slot: transactionId, body })
    );
  };
}

/** Seconds with milliseconds as decimals, as a string: milliseconds alone would be taken for the year 55,000. */
function toLagoSeconds(timestamp: string): string {
  return (Date.parse(timestamp) / 1000).toFixed(3);
}

/**
 * Strings and plain numbers; what is null counts as missing at Lago and is left out. Changes what it is
 * given, which nobody else holds.
 */
function toLagoProperties(properties: MappedProperties): MappedProperties {
  for (const name in properties) {
    const value = properties[name];
    if (value === null) delete properties[name];
    else if (typeof value === 'number') properties[name] = toLagoNumber(value);
    else if (typeof value !== 'string') properties[name] = String(value);
  }
  return properties;
}

/** A number with an exponent is not summed; its digits in a string are. */
function toLagoNumber(value: number): number | string {
  const text = String(value);
  return text.includes('e') ? plainDecimal(value) : value;
}

/** A decimal as a string, as Lago recommends: it has more digits than a double. Null leaves it out. */
function compileAmount(rule: ValueRule | undefined): (event: object) => Mapped<string | null> {
  if (rule === undefined) return () => mapped(null);
  const read = compileValue(rule, { required: true });
  return (event) => {
    const found = read(event);
    if (!found.ok) return found;
    if (found.value === null || found.value === undefined) return mapped(null);
    const amount = coerce(found.value, 'number', 'preciseTotalAmountCents');
    if (!amount.ok) return amount;
    return mapped(typeof amount.value === 'number' ? plainDecimal(amount.value) : String(amount.value));
  };
}
