import type { Receipt } from '../receipt.js';

export type ColumnType = 'VARCHAR' | 'INTEGER' | 'TIMESTAMP';

/** One column of the files. */
export type Column = {
  name: string;
  type: ColumnType;
  /** What is stored of a row; a time in epoch milliseconds. */
  of: (row: Receipt) => string | number | undefined;
};

/** Stands in a stored usage event for its id: JSON has no such character. */
const ITS_ID = '\u0001';

/**
 * In the order in which they are written; to rename one, or to change what it holds, is a new format of the manifest. Ids
 * are most of a file, so each is there once, as far as that goes: a usage event has `ITS_ID` in the place of its id, and
 * no `usage_id` where that is the message's.
 */
export const COLUMNS: readonly Column[] = [
  { name: 'settled_at', type: 'TIMESTAMP', of: (row) => row.settledAt },
  { name: 'entry', type: 'VARCHAR', of: (row) => row.entry },
  { name: 'place', type: 'INTEGER', of: (row) => row.position },
  { name: 'shard', type: 'VARCHAR', of: (row) => row.shard },
  { name: 'outcome', type: 'VARCHAR', of: (row) => row.outcome },
  { name: 'events', type: 'INTEGER', of: (row) => row.events },
  { name: 'source', type: 'VARCHAR', of: (row) => row.source },
  { name: 'accepted_hour', type: 'INTEGER', of: (row) => row.acceptedHour },
  { name: 'event', type: 'VARCHAR', of: (row) => row.event },
  { name: 'job', type: 'VARCHAR', of: (row) => row.job },
  { name: 'rev', type: 'VARCHAR', of: (row) => row.rev },
  { name: 'rule', type: 'VARCHAR', of: (row) => row.rule },
  { name: 'rules', type: 'VARCHAR', of: (row) => row.rules },
  { name: 'attempts', type: 'INTEGER', of: (row) => row.attempts },
  { name: 'message_id', type: 'VARCHAR', of: (row) => row.messageId },
  { name: 'event_at', type: 'TIMESTAMP', of: (row) => row.eventAt },
  { name: 'request', type: 'VARCHAR', of: (row) => row.request },
  { name: 'type', type: 'VARCHAR', of: (row) => row.type },
  {
    name: 'usage_id',
    type: 'VARCHAR',
    of: ({ usageId, messageId }) => (usageId === messageId ? undefined : usageId),
  },
  { name: 'owner', type: 'VARCHAR', of: (row) => row.owner },
  { name: 'customer', type: 'VARCHAR', of: (row) => row.customer },
  { name: 'code', type: 'VARCHAR', of: (row) => row.code },
  { name: 'usage', type: 'VARCHAR', of: packUsage },
  { name: 'user_hash', type: 'VARCHAR', of: (row) => row.userHash },
  { name: 'anonymous_hash', type: 'VARCHAR', of: (row) => row.anonymousHash },
  { name: 'previous_hash', type: 'VARCHAR', of: (row) => row.previousHash },
];

/** All of them, as SQL lists them. */
export const COLUMN_NAMES = COLUMNS.map(({ name }) => name).join(', ');

/** Those of them that a row is read from (`fromStored`). */
export const READ_COLUMN_NAMES = COLUMNS.map(({ name }) => name)
  .filter((name) => !name.endsWith('_hash'))
  .join(', ');

/** A table of receipts. */
export function createTableSql(table: string): string {
  return `CREATE TABLE ${table} (${COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ')})`;
}

/** What a usage event is called at its API, of a stored row. */
export const USAGE_ID_SQL = 'CASE WHEN type IS NOT NULL THEN coalesce(usage_id, message_id) END';

/** A stored usage event as JSON, without its id. */
export const USAGE_JSON_SQL = `replace(usage, chr(${ITS_ID.charCodeAt(0)}), '""')`;

/** A row as it is stored, by the names of `COLUMNS`; times in epoch milliseconds. */
export type StoredRow = Record<string, string | number | null>;

/** What `COLUMNS` made of a row, as the row. */
export function fromStored(stored: StoredRow): Receipt {
  const text = (name: string) => (stored[name] as string | null) ?? undefined;
  const number = (name: string) => (stored[name] as number | null) ?? undefined;
  const usageId = stored.type === null ? undefined : (text('usage_id') ?? text('message_id'));
  return {
    settledAt: number('settled_at')!,
    entry: text('entry')!,
    position: number('place')!,
    shard: text('shard')!,
    outcome: text('outcome') as Receipt['outcome'],
    events: number('events')!,
    source: text('source')!,
    acceptedHour: number('accepted_hour')!,
    event: text('event')!,
    job: text('job'),
    rev: text('rev'),
    rule: text('rule'),
    rules: text('rules'),
    attempts: number('attempts'),
    messageId: text('message_id'),
    eventAt: number('event_at'),
    request: text('request'),
    type: text('type'),
    usageId,
    owner: text('owner'),
    customer: text('customer'),
    code: text('code'),
    usage: text('usage')?.replace(ITS_ID, () => JSON.stringify(usageId)),
  };
}

/** One that does not hold its id as it is stays whole. */
function packUsage({ usage, usageId }: Receipt): string | undefined {
  return usage === undefined || usageId === undefined
    ? usage
    : usage.replace(JSON.stringify(usageId), ITS_ID);
}
