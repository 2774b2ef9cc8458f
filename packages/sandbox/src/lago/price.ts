import {
  type Decimal,
  divideDecimals,
  multiplyDecimals,
  roundDecimal,
  showDecimal,
  sumDecimals,
  toDecimal,
} from '../decimal-sum.js';

const HUNDRED: Decimal = { units: 100n, scale: 0 };
const NOTHING: Decimal = { units: 0n, scale: 0 };

/** What units come to. Amounts are exact, as decimal text; `amountCents` is rounded to whole cents. */
export type Price = { amountCents: number; amount: string; amountCentsExact: string; unitAmount: string };

/** The `amount` of a standard charge for each unit: the sandbox prices other models so as well, but for the dynamic one. */
export function priceUnits(properties: Readonly<Record<string, unknown>> | undefined, units: string): Price {
  const unitAmount = toDecimal(properties?.amount ?? '1') ?? NOTHING;
  return toPrice(
    multiplyDecimals(multiplyDecimals(toDecimal(units) ?? NOTHING, unitAmount), HUNDRED),
    unitAmount,
  );
}

/**
 * A dynamic charge is what its events say in `precise_total_amount_cents`; one that says nothing costs nothing.
 * @param amounts in cents, as decimal text
 */
export function priceDynamic(amounts: readonly (string | null)[], units: string): Price {
  const cents = toDecimal(sumDecimals(amounts)) ?? NOTHING;
  const count = toDecimal(units) ?? NOTHING;
  const unitAmount = divideDecimals(cents, multiplyDecimals(count, HUNDRED));
  return toPrice(cents, unitAmount);
}

/** As Ruby writes a decimal: `254.0`. */
export function showWithPoint(text: string): string {
  return text.includes('.') ? text : `${text}.0`;
}

function toPrice(cents: Decimal, unitAmount: Decimal): Price {
  return {
    amountCents: Number(roundDecimal(cents)),
    amount: showWithPoint(showDecimal({ units: cents.units, scale: cents.scale + 2 })),
    amountCentsExact: showWithPoint(showDecimal(cents)),
    unitAmount: showWithPoint(showDecimal(unitAmount)),
  };
}
