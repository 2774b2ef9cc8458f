import type { StoredDelivery } from './stored-delivery.js';

/**
 * A number of deliveries for each cell, `<hour>/<source>`: what one source brought in one hour. An account is
 * kept for each cell, so that its equation closes for every hour.
 */
export type Cells = Record<string, number>;

const HOUR_MS = 3_600_000;

/** Hours since 1970, UTC. @param at epoch milliseconds */
export function hourAt(at: number): number {
  return Math.floor(at / HOUR_MS);
}

export function cellOf(hour: number, source: string): string {
  return `${hour}/${source}`;
}

/** A delivery that knows no hour was accepted before hours were kept: only the totals have it. */
export function countInCell(cells: Cells, { hour, source }: Pick<StoredDelivery, 'hour' | 'source'>): void {
  if (hour === undefined) return;
  const cell = cellOf(hour, source);
  cells[cell] = (cells[cell] ?? 0) + 1;
}

export function countByCell(deliveries: readonly Pick<StoredDelivery, 'hour' | 'source'>[]): Cells {
  const cells: Cells = {};
  for (const delivery of deliveries) countInCell(cells, delivery);
  return cells;
}
