/** The column is numeric(40,15): so many decimals are kept, and so many digits before the point fit. */
const DECIMALS = 15;
const LONGEST_INTEGER = 25;

/** What Ruby's `to_d` reads at the start of a text: anything else after it is dropped. */
const LEADING_NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?/i;

/**
 * `precise_total_amount_cents` as Lago keeps and answers it: rounded to 15 decimals, half away from zero,
 * never without a decimal. A text that is no number is 0; NaN is kept, and breaks the customer's usage later.
 */
export function toAmount(value: unknown): string | null {
  if (value === undefined || value === null || value === '' || typeof value === 'object') return null;
  const text = String(value);
  if (text === 'NaN' || /^[+-]?Infinity$/.test(text)) return text;
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = LEADING_NUMBER.exec(text) ?? [];
  if (Number(exponent) > 1_000) return 'Infinity';
  const { before, after } = shiftPoint(integer, fraction, Math.max(-1_000, Number(exponent)));
  const units = round(before + after.slice(0, DECIMALS).padEnd(DECIMALS, '0'), after.charAt(DECIMALS));
  const digits = units.toString().padStart(DECIMALS + 1, '0');
  const decimals = digits.slice(-DECIMALS).replace(/0+$/, '');
  const isNegative = sign === '-' && units > 0n;
  return `${isNegative ? '-' : ''}${digits.slice(0, -DECIMALS)}.${decimals || '0'}`;
}

/** False for an amount that Postgres refuses; it takes NaN and no infinity. */
export function fitsAmountColumn(amount: string | null): boolean {
  if (amount === null || amount === 'NaN') return true;
  return !amount.includes('Infinity') && amount.replace('-', '').indexOf('.') <= LONGEST_INTEGER;
}

function shiftPoint(integer: string, fraction: string, by: number): { before: string; after: string } {
  const digits = '0'.repeat(Math.max(0, -by)) + integer + fraction + '0'.repeat(Math.max(0, by));
  const point = Math.max(0, -by) + integer.length + by;
  return { before: digits.slice(0, point), after: digits.slice(point) };
}

function round(units: string, next: string): bigint {
  return BigInt(units) + (next >= '5' ? 1n : 0n);
}
