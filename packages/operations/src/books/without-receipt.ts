import type { EventSpan, Gap } from '@meterbridge/receipts';

/** Deliveries that ended without a receipt, and may be of a span of events' own times. Whose they were nobody knows. Pure. */
export function countWithoutReceipt(gaps: readonly Gap[], span: EventSpan): number {
  return gaps.reduce((sum, gap) => sum + (mayBeOf(gap, span) ? gap.deliveries : 0), 0);
}

function mayBeOf({ eventFrom, eventTo }: Gap, { from, to }: EventSpan): boolean {
  return (eventFrom ?? Number.NEGATIVE_INFINITY) < to && (eventTo ?? Number.POSITIVE_INFINITY) >= from;
}
