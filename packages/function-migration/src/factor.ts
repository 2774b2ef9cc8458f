/** A decimal as an integer and how many of its digits stand behind the point: 1.5 is 15 and 1. */
type Factor = { units: bigint; places: number };

const MAX_PLACES = 40;

/**
 * What multiplies as a function does it with a constant, as `times` says it: "0.001" for `/ 1000`.
 * @returns null where no short decimal does: a third, 0, what is no number
 */
export function writeFactor(operator: '*' | '/', constant: unknown, before = '1'): string | null {
  const given = typeof constant === 'number' ? readFactor(String(constant)) : null;
  const first = readFactor(before);
  if (!given || !first || given.units === 0n) return null;
  const factor = operator === '*' ? given : invert(given);
  if (!factor) return null;
  return write({ units: first.units * factor.units, places: first.places + factor.places });
}

function readFactor(text: string): Factor | null {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? [];
  if (whole === undefined || Math.abs(Number(exponent)) > MAX_PLACES) return null;
  const places = fraction.length - Number(exponent);
  const units = BigInt(`${sign}${whole}${fraction}`);
  return places < 0 ? { units: units * 10n ** BigInt(-places), places: 0 } : { units, places };
}

/** One divided by it, where that is a decimal that ends. */
function invert({ units, places }: Factor): Factor | null {
  for (let more = 0; more <= MAX_PLACES; more++) {
    const dividend = 10n ** BigInt(places + more);
    if (dividend % units === 0n) return { units: dividend / units, places: more };
  }
  return null;
}

function write({ units, places }: Factor): string | null {
  const isNegative = units < 0n;
  const digits = String(isNegative ? -units : units).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  if (whole.length > MAX_PLACES || fraction.length > MAX_PLACES) return null;
  return `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
