import { readLetterLog } from '@meterbridge/operations';
import type { OperatorActionRecord } from '@meterbridge/queue';
import Table from 'cli-table3';
import { withOperations } from '../../load-context.js';
import { shortTime } from '../../terminal/short-time.js';

export type DiscardsOptions = { destination?: string; limit: number; json?: boolean };

/** Prints what was discarded, brought back, edited and forgotten, newest first: when, by whom, and why. */
export async function listDiscards({ destination, limit, json }: DiscardsOptions): Promise<void> {
  const of = { destination };
  const records = await withOperations((ops) => readLetterLog(ops, of));
  if (json) {
    for (const { at, ...record } of records) {
      console.log(JSON.stringify({ at: new Date(at).toISOString(), ...record }));
    }
  } else console.log(records.length === 0 ? 'Nothing was discarded.' : render(records, limit));
}

function render(records: OperatorActionRecord[], limit: number): string {
  const table = new Table({
    head: ['when, UTC', 'what', 'destination', 'letters', 'who', 'why', 'which'],
    colAligns: ['left', 'left', 'left', 'right'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [null, null, null, null, null, 40, 40],
  });
  for (const record of records.slice(0, limit)) {
    const { at, what, destination, letters, byReason, by, because = '', filter, ids } = record;
    const reasons = Object.entries(byReason).map(
      ([reason, count]) => `${count.toLocaleString('en')} ${reason}`,
    );
    if (record.deliveries) reasons.push(`${record.deliveries.toLocaleString('en')} that waited`);
    const count = `${letters.toLocaleString('en')}\n${reasons.join('\n')}`;
    const which = filter || record.person || (letters === 1 ? ids[0]! : '');
    table.push([shortTime(at), what, destination, count, by, because, which]);
  }
  const more = records.length - limit;
  return more > 0 ? `${table}\n… and ${more.toLocaleString('en')} earlier (--limit)` : `${table}`;
}
