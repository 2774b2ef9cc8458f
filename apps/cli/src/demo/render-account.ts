import type { Account } from '@meterbridge/queue';
import { grouped } from '../terminal/grouped.js';
import { type Column, renderTable } from '../terminal/table.js';

const NUMBERS = ['accepted', 'delivered', 'duplicate', 'filtered', 'dead'] as const;

const ACCOUNT_COLUMNS: Column[] = [
  { head: 'destination', minWidth: 11 },
  ...NUMBERS.map((head) => ({ head, align: 'right' as const })),
  { head: 'in flight', align: 'right' },
  { head: 'adds up', minWidth: 10 },
];

const REASON_COLUMNS: Column[] = [
  { head: 'dead letters of', minWidth: 15 },
  { head: 'reason', minWidth: 10 },
  { head: 'events', align: 'right' },
];

/** A destination's account, a line each, with the sum spelled out. @param width in characters */
export function renderAccounts(accounts: readonly Account[], width: number): string {
  const rows = accounts.map((account) => [
    account.destination,
    ...NUMBERS.map((name) => grouped(account[name])),
    grouped(account.inFlight),
    account.difference === 0 ? 'yes' : `NO: ${account.difference} unaccounted for`,
  ]);
  return renderTable({ columns: ACCOUNT_COLUMNS, rows }, width);
}

/** Dead letters by destination and reason; an empty text when there are none. @param width in characters */
export function renderDeadReasons(accounts: readonly Account[], width: number): string {
  const rows = accounts.flatMap(({ destination, deadByReason }) =>
    Object.entries(deadByReason).map(([reason, count]) => [destination, reason, grouped(count)]),
  );
  return rows.length === 0 ? '' : renderTable({ columns: REASON_COLUMNS, rows }, width);
}
