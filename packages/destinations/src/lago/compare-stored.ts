import { isJsonObject, isSameDecimal, type JsonObject } from '@meterbridge/segment-events';

/** Lago keeps amounts as numeric(40,15), and rounds what has more decimals. */
const AMOUNT_DECIMALS = 15;

/** What of an event is sent to Lago, or held there. */
export type LagoContent = {
  transaction_id?: unknown;
  external_subscription_id?: unknown;
  code?: unknown;
  /** Sent in seconds; held in ISO 8601. */
  timestamp?: unknown;
  precise_total_amount_cents?: unknown;
  properties?: unknown;
};

/**
 * Names the fields in which an event that was sent differs from one that Lago holds; none where they are the same
 * usage. Pure. By value: a number is what it is as a decimal, whichever way it is written, and also where the other
 * side has it as a text; two texts have to be the same. The order of keys says nothing, and null is as good as absent.
 */
export function compareStored(sent: LagoContent, held: LagoContent): string[] {
  const fields = (['transaction_id', 'external_subscription_id', 'code'] as const).filter(
    (field) => sent[field] !== held[field],
  );
  return [
    ...fields,
    ...(isSameTime(sent.timestamp, held.timestamp) ? [] : ['timestamp']),
    ...(isSameAmount(sent.precise_total_amount_cents, held.precise_total_amount_cents)
      ? []
      : ['precise_total_amount_cents']),
    ...differingKeys(toObject(sent.properties), toObject(held.properties)).map((key) => `properties.${key}`),
  ];
}

/** Lago before 1.48 kept times as floating point: they may be a millisecond off. */
function isSameTime(sentSeconds: unknown, heldIso: unknown): boolean {
  const sentAt = Math.round(Number(sentSeconds) * 1_000);
  const heldAt = typeof heldIso === 'string' ? Date.parse(heldIso) : Number.NaN;
  return Math.abs(heldAt - sentAt) <= 1;
}

function isSameAmount(sent: unknown, held: unknown): boolean {
  if (isNothing(sent) || isNothing(held)) return isNothing(sent) && isNothing(held);
  const [one, other] = [String(sent), String(held)];
  return isSameDecimal(one, other) || isSameDecimal(roundAmount(one), other);
}

/** Half away from zero, as Postgres does it. */
function roundAmount(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)\.(\d+)$/.exec(text) ?? [];
  if (fraction.length <= AMOUNT_DECIMALS) return text;
  const kept = BigInt(whole + fraction.slice(0, AMOUNT_DECIMALS));
  const up = fraction[AMOUNT_DECIMALS]! >= '5' ? 1n : 0n;
  return `${sign}${kept + up}e-${AMOUNT_DECIMALS}`;
}

function toObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function differingKeys(sent: JsonObject, held: JsonObject): string[] {
  const keys = new Set([...Object.keys(sent), ...Object.keys(held)]);
  return [...keys].filter((key) => !isSameValue(ownValue(sent, key), ownValue(held, key))).toSorted();
}

/** A property may have the name of something that every object inherits. */
function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isSameValue(sent: unknown, held: unknown): boolean {
  if (isNothing(sent) || isNothing(held)) return isNothing(sent) && isNothing(held);
  if (typeof sent === 'object' || typeof held === 'object') return isSameStructure(sent, held);
  // Of two texts "007" is not "7": they are two values of a unique count, and two of a filter.
  if (typeof sent === 'string' && typeof held === 'string') return sent === held;
  const [one, other] = [String(sent), String(held)];
  return one === other || isSameDecimal(one, other);
}

function isSameStructure(sent: unknown, held: unknown): boolean {
  if (Array.isArray(sent) && Array.isArray(held)) {
    return sent.length === held.length && sent.every((value, index) => isSameValue(value, held[index]));
  }
  return isJsonObject(sent) && isJsonObject(held) && differingKeys(sent, held).length === 0;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
