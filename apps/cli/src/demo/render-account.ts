import type { Account } from '@meterbridge/queue';
import Table from 'cli-table3';

/** A destination's account, a line each, with the sum spelled out. */
export function renderAccounts(accounts: Account[]): string {
  const table = new Table({
    head: ['destination', 'accepted', 'delivered', 'duplicate', 'filtered', 'dead', 'in flight', 'adds up'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const account of accounts) {
    table.push([
      account.destination,
      ...[
        account.accepted,
        account.delivered,
        account.duplicate,
        account.filtered,
        account.dead,
        account.inFlight,
      ].map((count) => count.toLocaleString('en')),
      account.difference === 0 ? 'yes' : `NO: ${account.difference} unaccounted for`,
    ]);
  }
  return table.toString();
}

/** Dead letters by destination and reason; an empty text when there are none. */
export function renderDeadReasons(accounts: Account[]): string {
  const rows = accounts.flatMap(({ destination, deadByReason }) =>
    Object.entries(deadByReason).map(([reason, count]) => [destination, reason, count.toLocaleString('en')]),
  );
  if (rows.length === 0) return '';
  const table = new Table({
    head: ['dead letters of', 'reason', 'events'],
    colAligns: ['left', 'left', 'right'],
    style: { head: [], border: [] },
  });
  table.push(...rows);
  return table.toString();
}
