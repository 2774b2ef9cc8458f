/** An exact decimal: `units` divided by ten to the power of `scale`. */
export type Decimal = { units: bigint; scale: number };

const NOTHING: Decimal = { units: 0n, scale: 0 };

/** What Lago counts as a number when it aggregates; all else is left out without a word. */
export const BILLABLE_NUMBER = /^-?\d+(\.\d+)?$/;

/** Reads a billable number; undefined for anything that Lago would leave out. */
export function toDecimal(value: unknown): Decimal | undefined {
  const text = typeof value === 'number' ? plainNumber(value) : value;
  if (typeof text !== 'string' || !BILLABLE_NUMBER.test(text)) return undefined;
  const point = text.indexOf('.');
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: rescale(a, scale) + rescale(b, scale), scale };
}

/** The sum of decimal texts, exact; what is no number is left out. */
export function sumDecimals(texts: readonly (string | null)[]): string {
  const sum = texts.reduce<Decimal>((total, text) => addDecimals(total, toDecimal(text) ?? NOTHING), NOTHING);
  return showDecimal(sum);
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** To 15 decimals, cut off; nothing by nothing is nothing. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.units === 0n) return { units: 0n, scale: 0 };
  const decimals = 15;
  const dividend = a.units * 10n ** BigInt(decimals + b.scale);
  return { units: dividend / (b.units * 10n ** BigInt(a.scale)), scale: decimals };
}

/** The nearest whole number, half away from zero. */
export function roundDecimal({ units, scale }: Decimal): bigint {
  const one = 10n ** BigInt(scale);
  const half = units < 0n ? -one : one;
  return (units * 2n + half) / (one * 2n);
}

export function isGreater(a: Decimal, b: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale);
  return rescale(a, scale) > rescale(b, scale);
}

/** Without an exponent and without trailing zeros: `12.5`. */
export function showDecimal({ units, scale }: Decimal): string {
  if (scale === 0) return units.toString();
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`;
}

function rescale(decimal: Decimal, scale: number): bigint {
  return decimal.units * 10n ** BigInt(scale - decimal.scale);
}

/** A JSON number never reaches the database with an exponent: jsonb writes it out. */
function plainNumber(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return text.includes('e+') ? BigInt(value).toString() : value.toFixed(20);
}
