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

/** The hour and the source that make a cell. */
export function splitCell(cell: string): { hour: number; source: string } {
  const end = cell.indexOf('/');
  return { hour: Number(cell.slice(0, end)), source: cell.slice(end + 1) };
}

export function countInCell(cells: Cells, { hour, source }: Pick<StoredDelivery, 'hour' | 'source'>): void {
  const cell = cellOf(hour, source);
  cells[cell] = (cells[cell] ?? 0) + 1;
}

export function countByCell(deliveries: readonly Pick<StoredDelivery, 'hour' | 'source'>[]): Cells {
  const cells: Cells = {};
  for (const delivery of deliveries) countInCell(cells, delivery);
  return cells;
}
