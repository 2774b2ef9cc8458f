import type { UsageEvent } from '@meterbridge/delivery';
import { isInFull, type SegmentEvent } from '@meterbridge/segment-events';
import {
  coerce,
  compileProperties,
  compileValue,
  type Mapped,
  type MappedProperties,
  mapped,
  plainDecimal,
  unmapped,
  type ValueRule,
} from '@meterbridge/usage-mapping';
import type { PendingUsage, Preference } from '../destination.js';
import { compileIdentity } from '../read-identity.js';
import { refuseUnstorable } from '../unstorable-text.js';
import { isLookup, type LagoRule } from './settings.js';

/** Of `precise_total_amount_cents`: digits before the point, and behind it. */
const AMOUNT_DIGITS = 25;
const AMOUNT_DECIMALS = 15;
const AMOUNT_TOO_LARGE = unmapped(
  'unsupported_value',
  'preciseTotalAmountCents',
  `preciseTotalAmountCents has more than ${AMOUNT_DIGITS} digits before the point, which Lago cannot store`,
);

/** A longer customer's id would make a URL that no server takes. */
const MAX_CUSTOMER_LENGTH = 500;

/**
 * Compiles a rule to a function that writes an event as Lago reads it: snake_case, since it drops fields of
 * any other name, and `external_subscription_id`, since it no longer reads the customer's
 * (lago-api: events_controller.rb). transaction_id and timestamp are the event's own, never the clock's:
 * where events go to ClickHouse, the same id at another time is billed twice.
 */
export function compileLagoRule(rule: LagoRule): (event: SegmentEvent) => Mapped<UsageEvent | PendingUsage> {
  const code = typeof rule.code === 'string' ? { value: rule.code } : rule.code;
  const readCode = compileIdentity(code, 'code');
  const readOwner = compileOwner(rule.subscription);
  const isLookedUp = isLookup(rule.subscription);
  const readPreference = compilePreference(rule.subscription);
  const readProperties = compileProperties(rule.properties, { bareRequired: true, lists: false });
  const readAmount = compileAmount(rule.preciseTotalAmountCents);
  const suffix = rule.transactionIdSuffix ?? '';

  return (event) => {
    const owner = readOwner(event);
    if (!owner.ok) return owner;
    const metric = readCode(event);
    if (!metric.ok) return metric;
    const properties = readProperties(event);
    if (!properties.ok) return properties;
    const amount = readAmount(event);
    if (!amount.ok) return amount;

    const sent: Sent = {
      transaction_id: event.messageId + suffix,
      external_subscription_id: owner.value,
      code: metric.value,
      timestamp: toLagoSeconds(event.timestamp),
      precise_total_amount_cents: amount.value ?? undefined,
      properties: toLagoProperties(properties.value),
    };
    const usage = toUsage(sent);
    const refused = refuseUnstorable(usage.body);
    if (refused) return refused;
    if (!isLookedUp) return mapped(usage);
    const complete = (subscription: string) => toUsage({ ...sent, external_subscription_id: subscription });
    const at = Date.parse(event.timestamp);
    return mapped({ customer: owner.value, at, prefer: readPreference(event), complete });
  };
}

/** As Lago reads it. */
type Sent = {
  transaction_id: string;
  external_subscription_id: string;
  code: string;
  timestamp: string;
  precise_total_amount_cents: string | undefined;
  properties: MappedProperties;
};

function toUsage(sent: Sent): UsageEvent {
  return {
    key: `${sent.transaction_id} ${sent.timestamp}`,
    recordIdentity: sent.transaction_id,
    // One flat string: pieced together, each body would drag its pieces through the garbage collector.
    body: JSON.stringify(sent),
  };
}

/** What is billed: the subscription, or the customer whose subscription is looked up. */
function compileOwner(subscription: LagoRule['subscription']): (event: object) => Mapped<string> {
  if (!isLookup(subscription)) return compileIdentity(subscription, 'subscription');
  const read = compileIdentity(subscription.customer, 'customer');
  return (event) => {
    const customer = read(event);
    if (!customer.ok || customer.value.length <= MAX_CUSTOMER_LENGTH) return customer;
    const detail = `customer has more than ${MAX_CUSTOMER_LENGTH} characters; an id was expected`;
    return unmapped('unsupported_value', 'customer', detail);
  };
}

/** Which of several is meant. An event that does not name one prefers none. */
function compilePreference(
  subscription: LagoRule['subscription'],
): (event: object) => Preference | undefined {
  if (!isLookup(subscription) || !subscription.prefer) return () => undefined;
  const { plan, externalId } = subscription.prefer;
  const plans = plan === undefined ? undefined : [plan].flat();
  if (externalId === undefined) return () => ({ plans });
  const read = compileIdentity(externalId, 'prefer.externalId');
  return (event) => {
    const named = read(event);
    return { plans, subscription: named.ok ? named.value : undefined };
  };
}

/** Seconds with milliseconds as decimals, as a string: milliseconds alone would be taken for the year 55,000. */
function toLagoSeconds(timestamp: string): string {
  // Before 1970 the milliseconds count the other way round.
  if (!isInFull(timestamp) || timestamp < '1970') return (Date.parse(timestamp) / 1000).toFixed(3);
  // What came together is of the same few seconds.
  const second = timestamp.slice(0, 19);
  if (second !== lastSecond.iso) lastSecond = { iso: second, lago: String(Date.parse(`${second}Z`) / 1000) };
  return `${lastSecond.lago}.${timestamp.slice(20, 23)}`;
}

let lastSecond = { iso: '', lago: '' };

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
    const text = typeof amount.value === 'number' ? plainDecimal(amount.value) : String(amount.value);
    return fitsAmount(text) ? mapped(text) : AMOUNT_TOO_LARGE;
  };
}

/**
 * Lago's column is numeric(40,15): 15 decimals, to which it rounds, and 25 digits before the point. It fails over more,
 * and with it the whole batch.
 */
function fitsAmount(amount: string): boolean {
  const [whole = '', fraction = ''] = amount.replace(/^-?0*/, '').split('.');
  if (whole.length !== AMOUNT_DIGITS) return whole.length < AMOUNT_DIGITS;
  const rounds = fraction.charAt(AMOUNT_DECIMALS) >= '5';
  const kept = fraction.slice(0, AMOUNT_DECIMALS).padEnd(AMOUNT_DECIMALS, '0');
  return !rounds || /[0-8]/.test(whole + kept);
}
