import type { EventSpan } from '@meterbridge/receipts';

/** A calendar month in UTC. */
export type Month = { name: string; span: EventSpan };

/** Reads `2026-10`; null for anything else. Pure. */
export function readMonth(text: string): Month | null {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (!year || !month) return null;
  const span = { from: Date.UTC(Number(year), Number(month) - 1), to: Date.UTC(Number(year), Number(month)) };
  return { name: text, span };
}

/** Whether an event's own time is of a span. Pure. */
export function isWithin(at: number, { from, to }: EventSpan): boolean {
  return at >= from && at < to;
}
