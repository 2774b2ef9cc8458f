import { type Decimal, multiplyDecimals, roundDecimal, showDecimal, toDecimal } from '../decimal-sum.js';
import type { LagoCharge } from './options.js';

const HUNDRED: Decimal = { units: 100n, scale: 0 };
const NOTHING: Decimal = { units: 0n, scale: 0 };

/** What a charge takes for units, by the `amount` of its standard model: the sandbox knows no other. */
export type Price = { amountCents: number; amount: string; amountCentsExact: string; unitAmount: string };

export function priceUnits({ properties }: LagoCharge, units: string): Price {
  const unitAmount = toDecimal(properties?.amount ?? '1') ?? NOTHING;
  const amount = multiplyDecimals(toDecimal(units) ?? NOTHING, unitAmount);
  const cents = multiplyDecimals(amount, HUNDRED);
  return {
    amountCents: Number(roundDecimal(cents)),
    amount: showWithPoint(showDecimal(amount)),
    amountCentsExact: showWithPoint(showDecimal(cents)),
    unitAmount: showWithPoint(showDecimal(unitAmount)),
  };
}

/** As Ruby writes a decimal: `254.0`. */
export function showWithPoint(text: string): string {
  return text.includes('.') ? text : `${text}.0`;
}
