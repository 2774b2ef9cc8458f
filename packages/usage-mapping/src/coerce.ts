import { readTimestampMs } from '@meterbridge/segment-events';
import type { Big } from 'big.js';
import { type Mapped, mapped, unmapped } from './mapped.js';
import { isExact, isScalar, plainDecimal, type Scalar, typeName } from './scalar.js';

export const VALUE_TYPES = ['number', 'string', 'boolean', 'timestamp'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** What billing APIs count as a number; anything else they leave out of a sum without a word. */
const DECIMAL = /^-?\d+(\.\d+)?$/;
/** A decimal with more significant digits than this does not survive a double. */
const EXACT_DIGITS = 15;
/** Nor does one so small that a longer text is needed to write it: below 1e-307 doubles run out of digits. */
const EXACT_LENGTH = 300;

/**
 * Reads a value as the type a rule asks for.
 * @param path for the message of a failure
 * @param times what a number is multiplied by, exactly
 */
export function coerce(value: unknown, as: ValueType, path: string, times?: Big): Mapped<Scalar> {
  switch (as) {
    case 'number':
      return toNumber(value, path, times);
    case 'string':
      return toText(value, path);
    case 'boolean':
      if (typeof value === 'boolean') return mapped(value);
      if (value === 'true' || value === 'false') return mapped(value === 'true');
      return wrongType(value, path, 'true or false');
    case 'timestamp':
      return toTimestamp(value, path);
  }
}

/** A number, or its digits as a string where a double would not keep them all. */
function toNumber(value: unknown, path: string, times: Big | undefined): Mapped<Scalar> {
  if (typeof value === 'number') {
    const exact = exactNumber(value, path);
    return exact.ok && times ? mapped(fromDecimal(times.times(value).toFixed())) : exact;
  }
  if (typeof value !== 'string') return wrongType(value, path, 'a number');
  const text = value.trim();
  if (!DECIMAL.test(text)) return wrongType(value, path, 'a number such as "12" or "12.5"');
  return mapped(fromDecimal(times ? times.times(text).toFixed() : text));
}

function fromDecimal(text: string): number | string {
  const significant = text.replace(/^-?[0.]*|\./g, '');
  const kept = text.includes('.')
    ? significant.length <= EXACT_DIGITS && text.length <= EXACT_LENGTH
    : Number.isSafeInteger(Number(text));
  return kept ? Number(text) : text;
}

function toText(value: unknown, path: string): Mapped<Scalar> {
  if (typeof value === 'string') return mapped(value);
  if (typeof value === 'boolean') return mapped(String(value));
  if (typeof value !== 'number') return wrongType(value, path, 'a string, a number or a boolean');
  const exact = exactNumber(value, path);
  return exact.ok ? mapped(plainDecimal(value)) : exact;
}

function toTimestamp(value: unknown, path: string): Mapped<Scalar> {
  const milliseconds = readTimestampMs(value);
  // A number may be seconds or milliseconds: a guess would be billed.
  if (milliseconds === null) return wrongType(value, path, 'an ISO 8601 time');
  return mapped(new Date(milliseconds).toISOString());
}

/** Refuses a number that reading JSON has already rounded. */
export function exactNumber(value: number, path: string): Mapped<Scalar> {
  if (isExact(value)) return mapped(value);
  return unmapped(
    'unsupported_value',
    path,
    `${path} is an integer beyond 2^53, which arrives rounded: it has to be sent as a string`,
  );
}

/** A value without `as`: a scalar, or a list of scalars. */
export function plainValue(value: unknown, path: string): Mapped<Scalar | Scalar[]> {
  if (typeof value === 'number') return exactNumber(value, path);
  if (isScalar(value)) return mapped(value);
  if (!Array.isArray(value))
    return wrongType(value, path, 'a string, a number, a boolean or a list of these');
  for (const item of value) {
    if (!isScalar(item)) {
      return unmapped(
        'wrong_type',
        path,
        `${path} is a list that holds ${typeName(item)}; strings, numbers and booleans were expected`,
      );
    }
    if (typeof item === 'number' && !isExact(item)) return exactNumber(item, path) as Mapped<never>;
  }
  return mapped(value as Scalar[]);
}

function wrongType(value: unknown, path: string, expected: string): Mapped<never> {
  const found = typeof value === 'number' && Number.isNaN(value) ? 'not a number' : typeName(value);
  return unmapped('wrong_type', path, `${path} is ${found}; expected ${expected}`);
}
