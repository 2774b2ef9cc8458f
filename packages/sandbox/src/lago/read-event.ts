import { isObject } from '../answer.js';
import { toAmount } from './amount.js';

/** An event as Lago's controller lets it through: the permitted fields, cast to the columns' types. */
export type LagoEvent = {
  transactionId: string | null;
  code: string | null;
  externalSubscriptionId: string | null;
  timestampMs: number;
  preciseTotalAmountCents: string | null;
  properties: Record<string, unknown>;
};

/** What one event is refused for: fields with their codes, or a string when its expression failed. */
export type LagoEventErrors = Record<string, string[]> | string;

/** `crash`: an exception that Lago does not catch, and answers with 500. */
export type ReadLagoEvent = { event: LagoEvent } | { errors: LagoEventErrors } | { crash: true };

/** Unix seconds, BigDecimal's way of writing numbers; an ISO 8601 date is not one. */
const SECONDS = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Numbers to BigDecimal, and no time: Lago crashes over them, whatever else is wrong with the batch. */
const NOT_FINITE = /^(NaN|[+-]?Infinity)$/;

/**
 * Reads one event's parameters. A field of another name (`transactionId`, `external_customer_id`) is dropped
 * without a word, like everything the controller does not permit. Refused for its timestamp, an event is
 * not looked at further. Lago's single create does not check presence where events go to ClickHouse.
 */
export function readLagoEvent(
  params: Record<string, unknown>,
  options: { nowMs: number; checkPresence: boolean; expression?: (code: string | null) => string[] },
): ReadLagoEvent {
  const timestampMs = readTimestamp(params.timestamp, options.nowMs);
  if (timestampMs === undefined) return { errors: { timestamp: ['invalid_format'] } };
  if (Number.isNaN(timestampMs)) return { crash: true };
  const event: LagoEvent = {
    transactionId: toText(params.transaction_id),
    code: toText(params.code),
    externalSubscriptionId: toText(params.external_subscription_id),
    timestampMs,
    preciseTotalAmountCents: toAmount(params.precise_total_amount_cents),
    properties: isObject(params.properties) ? params.properties : {},
  };
  if (options.checkPresence) {
    const errors: Record<string, string[]> = {};
    if (isBlank(event.transactionId)) errors.transaction_id = ['value_is_mandatory'];
    if (isBlank(event.code)) errors.code = ['value_is_mandatory'];
    if (errors.transaction_id !== undefined || errors.code !== undefined) return { errors };
  }
  const missing = options
    .expression?.(event.code)
    .find((name) => event.properties[name] === undefined || event.properties[name] === null);
  if (missing !== undefined)
    return { errors: `expression_evaluation_failed: Variable: ${missing} not found` };
  return { event };
}

/**
 * Milliseconds since the epoch, cut to whole ones; undefined where Lago says invalid_format, not a number
 * where it crashes. No bound: milliseconds sent as seconds are a date in the year 55,000, accepted and never
 * billed.
 */
function readTimestamp(value: unknown, nowMs: number): number | undefined {
  // Only scalars are permitted, and false is as good as none.
  if (value === undefined || value === null || value === false || typeof value === 'object') return nowMs;
  const text = String(value).trim();
  if (!SECONDS.test(text)) return NOT_FINITE.test(text) ? Number.NaN : undefined;
  // By way of microseconds: 0.123 s is 122.99… ms in binary.
  return Math.floor(Math.round(Number(text) * 1e6) / 1e3);
}

/** A scalar as a string column takes it; arrays and objects are not permitted and count as absent. */
function toText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return typeof value === 'boolean' ? String(value).charAt(0) : null;
}

function isBlank(text: string | null): boolean {
  return text === null || text.trim() === '';
}
