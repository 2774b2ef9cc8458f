/*
 * Numbers as they are written, which a double may not hold: 12345678901234567891 is another number than
 * 12345678901234567890, and to JSON.parse they are one.
 */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;
/** A double holds every decimal of so many digits well enough to write it again. */
const SAFE_CHARACTERS = 15;

/** A decimal without zeros that say nothing: its digits, and the power of ten of the last one. */
type Decimal = { sign: string; digits: string; exponent: number };

function readDecimal(text: string): Decimal | null {
  const [, sign = '', whole, fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return null;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return { sign: '', digits: '', exponent: 0 };
  return { sign, digits: kept, exponent: Number(exponent) - fraction.length + (digits.length - kept.length) };
}

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

/** JSON as `JSON.parse` reads it, but for numbers that a double cannot hold: those stay as they are written, strings. */
export function parseExactly(json: string): unknown {
  const exact = json.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || (token.length <= SAFE_CHARACTERS && !/e/i.test(token))) return token;
    return isSameDecimal(token, String(Number(token))) ? token : `"${token}"`;
  });
  return JSON.parse(exact);
}
