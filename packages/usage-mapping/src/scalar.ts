export type Scalar = string | number | boolean;

/** What a mapped value may be. `undefined` is "not there", `null` is the event's own null. */
export type MappedValue = Scalar | Scalar[] | null | undefined;

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The name of a value's type as JSON has it, for messages that must not show the value. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value;
}

/**
 * Whether a number can have lost digits when it was read: JSON integers beyond 2^53 arrive rounded, and
 * nobody can tell what the sender wrote.
 */
export function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** A finite number's digits without an exponent: `1e-7` is `0.0000001`. Billing reads no exponents. */
export function plainDecimal(value: number): string {
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!parts) return text;
  const [, sign, first, rest = '', power] = parts;
  const digits = first + rest;
  const point = 1 + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
