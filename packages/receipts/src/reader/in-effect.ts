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

/** Beside the columns of a receipt: 1 where it is in effect, and higher for each other that is the same usage event. */
export const TURN_SQL = `row_number() OVER (PARTITION BY ${IDENTITY} ORDER BY CASE WHEN ${IS_VERSIONED} THEN event_at END DESC, ${ARRIVAL})`;

/** A receipt of usage whose time is in the span (`$from`, `$to`), or that may replace one there. */
export const CONCERNS_SPAN_SQL = `type IS NOT NULL AND event_at >= $from AND (event_at < $to OR ${IS_VERSIONED})`;

/** A delivery whose time is in the span. */
export const IS_IN_SPAN_SQL = 'event_at >= $from AND event_at < $to';

/** Of the receipts of a relation, those in effect whose time is in the span. */
export function inEffectSql(from: string): string {
  return `SELECT * FROM (SELECT * FROM ${from} WHERE ${CONCERNS_SPAN_SQL} QUALIFY ${TURN_SQL} = 1) WHERE event_at < $to`;
}

function isOneOf(types: readonly string[]): string {
  return types.length === 0 ? 'false' : `type IN (${types.map((type) => `'${type}'`).join(', ')})`;
}
