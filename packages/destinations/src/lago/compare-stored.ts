import { isJsonObject } from '@meterbridge/segment-events';
import { TIME_TOLERANCE_MS } from '../windows.js';

/** A body that was written for Lago. */
export type SentToLago = {
  transaction_id: string;
  external_subscription_id: string;
  code: string;
  /** Seconds, as a decimal. */
  timestamp: string;
  precise_total_amount_cents?: string;
  properties: Record<string, unknown>;
};

/**
 * Names of the fields in which what Lago holds is not what was or would be sent: `code`, `properties.tokens`; none
 * where they are the same. Equal is by value: decimals whatever their spelling (Postgres keeps JSON's types,
 * ClickHouse makes everything a string), fields in any order, times within a millisecond. Pure.
 * @param held one event of an answer, as it came
 */
export function compareStored(sent: SentToLago, held: Record<string, unknown>): string[] {
  const differ: string[] = [];
  for (const field of ['transaction_id', 'external_subscription_id', 'code'] as const) {
    if (held[field] !== sent[field]) differ.push(field);
  }
  const heldAt = timeOfHeld(held);
  if (!(Math.abs(heldAt - Number(sent.timestamp) * 1_000) <= TIME_TOLERANCE_MS)) differ.push('timestamp');
  const amount = 'precise_total_amount_cents';
  if (!isSameValue(sent[amount] ?? null, held[amount] ?? null)) differ.push(amount);
  const properties = isJsonObject(held.properties) ? held.properties : {};
  for (const name of new Set([...Object.keys(sent.properties), ...Object.keys(properties)])) {
    if (!isSameValue(sent.properties[name] ?? null, properties[name] ?? null)) {
      differ.push(`properties.${name}`);
    }
  }
  return differ;
}

/** Epoch milliseconds; not a number where the answer has no time. */
export function timeOfHeld({ timestamp }: Record<string, unknown>): number {
  return typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one === null || other === null) return false;
  const [left, right] = [asText(one), asText(other)];
  if (left === right) return true;
  const [first, second] = [asDecimal(left), asDecimal(right)];
  return first !== null && first === second;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** A number in one spelling, to its last digit; null for any other text, and for an exponent that nobody means. */
function asDecimal(text: string): string | null {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text) ?? [];
  if (sign === undefined) return null;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const shift = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${shift}`;
}
