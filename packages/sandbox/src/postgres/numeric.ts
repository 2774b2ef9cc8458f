/**
 * A number as Postgres stores a numeric, with the four bytes of length before it: sign, scale and weight in
 * two bytes, then its digits by four (src/backend/utils/adt/numeric.c).
 */
export function encodeNumeric(value: number): Buffer {
  const { integer, fraction } = toPlainDigits(value);
  const groups = toGroups(integer, fraction);
  let weight = Math.ceil(integer.length / 4) - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight -= 1;
  }
  while (groups.at(-1) === 0) groups.pop();
  if (groups.length === 0) weight = 0;
  const isShort = fraction.length <= 63 && weight >= -64 && weight <= 63;
  const headerLength = isShort ? 6 : 8;
  const bytes = Buffer.alloc(headerLength + groups.length * 2);
  bytes.writeUInt32LE(bytes.length << 2, 0);
  const isNegative = value < 0;
  if (isShort) {
    const weightBits = (weight < 0 ? 0x40 : 0) | (weight & 0x3f);
    bytes.writeUInt16LE(0x8000 | (isNegative ? 0x2000 : 0) | (fraction.length << 7) | weightBits, 4);
  } else {
    bytes.writeUInt16LE((isNegative ? 0x4000 : 0) | (fraction.length & 0x3fff), 4);
    bytes.writeInt16LE(weight, 6);
  }
  groups.forEach((group, index) => {
    bytes.writeUInt16LE(group, headerLength + index * 2);
  });
  return bytes;
}

/** Digits before and after the point, without an exponent. */
function toPlainDigits(value: number): { integer: string; fraction: string } {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', decimals = ''] = mantissa.split('.');
  const digits = whole + decimals;
  const point = whole.length + Number(exponent);
  if (point <= 0) return { integer: '0', fraction: '0'.repeat(-point) + digits };
  return { integer: digits.slice(0, point).padEnd(point, '0'), fraction: digits.slice(point) };
}

/** By four, counted from the point in both directions. */
function toGroups(integer: string, fraction: string): number[] {
  const before = integer.padStart(Math.ceil(integer.length / 4) * 4, '0');
  const after = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  return ((before + after).match(/\d{4}/g) ?? []).map(Number);
}
