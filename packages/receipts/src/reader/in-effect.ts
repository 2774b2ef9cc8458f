import { destinationTypes, kindOf } from '@meterbridge/destinations';
import { USAGE_ID_SQL } from '../duckdb/columns.js';

/*
 * Which receipts are in effect: of several that are one usage event to their API, the one that it bills. Every question
 * about usage goes through here. Types are those that `destinations` knows, and their fields are known here: no value
 * from outside stands in this SQL.
 */

/** Types of which the newest version of a usage event counts, whatever came later. */
export const VERSIONED_TYPES: readonly string[] = destinationTypes.filter(
  (type) => kindOf(type).usageIdentity.inEffect === 'newest',
);

const IS_VERSIONED = isOneOf(VERSIONED_TYPES);

/** `'owner'` of those receipts in whose identity the owner is. */
function fieldSql(field: 'owner' | 'code'): string {
  const types = destinationTypes.filter((type) => kindOf(type).usageIdentity.fields.includes(field));
  return `CASE WHEN ${isOneOf(types)} THEN ${field} END`;
}

/** Who is billed, where that tells usage events apart. */
export const OWNER_IN_IDENTITY_SQL = fieldSql('owner');

const IDENTITY = `type, ${USAGE_ID_SQL}, ${OWNER_IN_IDENTITY_SQL}, ${fieldSql('code')}`;

/** As they came: by time, and within a moment of one shard as its stream has them. */
const ARRIVAL = "settled_at, shard, split_part(entry, '-', 2)::BIGINT, place";

/** Of what the API had already when it was asked: its own is of another receipt, which may be settled later. */
const IS_NOT_ITS_OWN = "outcome IN ('older_rule', 'not_compared')";

/** 1 where a receipt is in effect, and higher for each other that is the same usage event. */
const TURN = `row_number() OVER (PARTITION BY ${IDENTITY} ORDER BY CASE WHEN ${IS_VERSIONED} THEN event_at ELSE NULL END DESC, CASE WHEN ${IS_VERSIONED} THEN false ELSE ${IS_NOT_ITS_OWN} END, ${ARRIVAL})`;

/** A delivery whose time is in the span (`$from`, `$to`). */
export const IS_IN_SPAN_SQL = 'event_at >= $from AND event_at < $to';

/** The table of receipts of usage that are not in effect, by their names: few, as a rule. */
const REPLACED = 'replaced';

/** An entry's id may be given twice, where a failover has lost the first: the settlement is named beside it. */
const ROW_NAME = 'shard, entry, job, rev, place';

/**
 * Makes that table of all that there is: a span of time alone does not tell what is in effect in it. The time of a repeat
 * is corrected anew, and may be beyond midnight; an older version of a record may be of any day. Ids that are there once
 * are told by their hashes, so that the others alone have to be put in order.
 */
export function createReplacedSql(receipts: string): string {
  const usage = `FROM ${receipts} WHERE type IS NOT NULL`;
  const again = `SELECT hash(${USAGE_ID_SQL}) ${usage} GROUP BY ALL HAVING count(*) > 1`;
  return `CREATE TABLE ${REPLACED} AS SELECT ${ROW_NAME} ${usage}
    AND hash(${USAGE_ID_SQL}) IN (${again}) QUALIFY ${TURN} > 1`;
}

/**
 * Receipts of usage whose time is in the span, with `is_replaced` beside their columns: 0 where one is
 * in effect.
 */
export function usageSql(receipts: string): string {
  return `SELECT *, ((${ROW_NAME}) IN (SELECT (${ROW_NAME}) FROM ${REPLACED}))::INTEGER AS is_replaced
    FROM ${receipts} WHERE type IS NOT NULL AND ${IS_IN_SPAN_SQL}`;
}

/** Of these, those in effect. */
export function inEffectSql(receipts: string): string {
  return `SELECT * FROM (${usageSql(receipts)}) WHERE is_replaced = 0`;
}

function isOneOf(types: readonly string[]): string {
  return types.length === 0 ? 'false' : `type IN (${types.map((type) => `'${type}'`).join(', ')})`;
}
