const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Beyond so many zeros a number written without an exponent is longer than any event. */
const MAX_ZEROS = 1_000;

/** A decimal without zeros that say nothing: its digits, and the power of ten of the last one. */
type Decimal = { sign: string; digits: string; exponent: number };

/** Whether both are decimals, and the same: `1.0`, `1` and `10e-1` are. Exact, however many digits they have. */
export function isSameDecimal(one: string, other: string): boolean {
  const [first, second] = [readDecimal(one), readDecimal(other)];
  return (
    first !== null &&
    second !== null &&
    first.sign === second.sign &&
    first.digits === second.digits &&
    first.exponent === second.exponent
  );
}

/**
 * A decimal's digits without an exponent: `1.5e-3` is `0.0015`. The text itself where it has none, is no decimal, or
 * would become longer by more than a thousand zeros.
 */
export function withoutExponent(text: string): string {
  if (!/[eE]/.test(text)) return text;
  const decimal = readDecimal(text);
  if (decimal === null) return text;
  const { sign, digits, exponent } = decimal;
  if (digits === '') return '0';
  if (Math.abs(exponent) > digits.length + MAX_ZEROS) return text;
  if (exponent >= 0) return `${sign}${digits}${'0'.repeat(exponent)}`;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

function readDecimal(text: string): Decimal | null {
  const [, sign = '', whole, fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return null;
  const digits = `${whole}${fraction}`;
  let first = 0;
  while (digits[first] === '0') first += 1;
  // By hand: a regular expression for the zeros at the end takes quadratic time over zeros elsewhere.
  let end = digits.length;
  while (end > first && digits[end - 1] === '0') end -= 1;
  if (first === end) return { sign: '', digits: '', exponent: 0 };
  return {
    sign,
    digits: digits.slice(first, end),
    exponent: Number(exponent) - fraction.length + (digits.length - end),
  };
}
