/**
 * A 53-bit hash of JSON values, fed piece by piece, without building a string: it tells whether two arrivals
 * of one key said the same. Not for strangers' ids. Key order counts, since a frozen retry keeps it.
 */
let high = 0;
let low = 0;

/** Hashes the values in order. */
export function hashContent(values: readonly unknown[]): number {
  high = 0x2d52a9c7;
  low = 0x61f0d3b5;
  for (const value of values) feed(value);
  return (high >>> 11) * 0x100000000 + (low >>> 0);
}

/** As people read it: hexadecimal. */
export function showHash(hash: number): string {
  return hash.toString(16).padStart(14, '0');
}

function feed(value: unknown): void {
  if (typeof value === 'string') {
    mix(1, value.length);
    for (let i = 0; i < value.length; i += 1) mix(value.charCodeAt(i), 0);
  } else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) {
      mix(2, value | 0);
      mix(Math.trunc(value / 0x100000000), 0);
    } else {
      mix(3, 0);
      feed(String(value));
    }
  } else if (Array.isArray(value)) {
    mix(4, value.length);
    for (const item of value) feed(item);
  } else if (typeof value === 'object' && value !== null) {
    mix(5, 0);
    for (const key in value) {
      feed(key);
      feed((value as Record<string, unknown>)[key]);
    }
    mix(6, 0);
  } else {
    mix(value === true ? 7 : value === false ? 8 : 9, 0);
  }
}

/** Two lanes with different odd multipliers; each takes in the other, so that order counts in both. */
function mix(a: number, b: number): void {
  high = Math.imul(high ^ a, 0x9e3779b1) + b;
  low = Math.imul(low ^ a ^ (high >>> 15), 0x85ebca77) + b;
}
