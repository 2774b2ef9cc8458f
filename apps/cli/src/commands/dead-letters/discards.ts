import { readLetterLog } from '@meterbridge/operations';
import type { OperatorActionRecord } from '@meterbridge/queue';
import { withOperations } from '../../load-context.js';
import { grouped } from '../../terminal/grouped.js';
import { print } from '../../terminal/print.js';
import { shortTime } from '../../terminal/short-time.js';
import { type Column, renderTable, type TableOptions, tableWidth } from '../../terminal/table.js';

export type DiscardsOptions = TableOptions & { destination?: string; limit: number; json?: boolean };

/** Prints what was discarded, brought back, edited and forgotten, newest first: when, by whom, and why. */
export async function listDiscards({ destination, limit, json, wide }: DiscardsOptions): Promise<void> {
  const of = { destination };
  const records = await withOperations((ops) => readLetterLog(ops, of));
  if (json) {
    for (const { at, ...record } of records) {
      print(JSON.stringify({ at: new Date(at).toISOString(), ...record }));
    }
  } else
    print(
      records.length === 0 ? 'Nothing was discarded.' : renderDiscards(records, limit, tableWidth({ wide })),
    );
}

const COLUMNS: Column[] = [
  { head: 'when, UTC' },
  { head: 'what', dropRank: 1 },
  { head: 'destination', minWidth: 11 },
  { head: 'letters', align: 'right' },
  { head: 'reasons', minWidth: 12, dropRank: 2 },
  { head: 'who', minWidth: 10, dropRank: 3 },
  { head: 'why', minWidth: 16 },
  { head: 'which', minWidth: 16, dropRank: 4 },
];

/** What was done, a row each. @param width of the table, in characters */
export function renderDiscards(
  records: readonly OperatorActionRecord[],
  limit: number,
  width: number,
): string {
  const rows = records.slice(0, limit).map((record) => {
    const { at, what, destination, letters, byReason, by, because = '', filter, ids } = record;
    const reasons = Object.entries(byReason).map(([reason, count]) => `${grouped(count)} ${reason}`);
    if (record.deliveries) reasons.push(`${grouped(record.deliveries)} that waited`);
    const which = filter || record.person || (letters === 1 ? ids[0]! : '');
    const count = grouped(letters);
    return [shortTime(at), what, destination, count, reasons.join(', '), by, because, which];
  });
  const table = renderTable({ columns: COLUMNS, rows }, width);
  const more = records.length - limit;
  return more > 0 ? `${table}\n… and ${grouped(more)} earlier (--limit)` : table;
}
