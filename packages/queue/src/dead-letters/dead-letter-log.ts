import type { Redis } from 'ioredis';
import { formatDeadLetterId, shardOfId, streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys } from '../keys/keys.js';
import { addCounts } from '../ledger/ledger.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { shardsOf } from '../state/shards.js';

/** What somebody did to dead letters of one destination, or to what waits for it, in one run of a command. */
export type OperatorActionRecord = OperatorAction & {
  destination: string;
  /** When the first of them was; epoch milliseconds, by Redis' clock. */
  at: number;
  letters: number;
  /** Deliveries that waited in jobs; left out where it was about dead letters alone. */
  deliveries?: number;
  byReason: Record<string, number>;
  /** The first hundred: `<shard>/<stream id>`. */
  ids: string[];
};

/** What one run of a command says of itself. */
export type OperatorAction = {
  /** Unique, and in the order of time. */
  run: string;
  what: 'discarded' | 'restored' | 'edited' | 'forgotten' | 'refused later' | 'allowed again';
  by: string;
  because?: string;
  /** Which were meant, as options of the command. */
  filter?: string;
  /** Who was forgotten, refused or allowed again: a digest that only the installation's key leads to. */
  person?: string;
};

const replaceScript = defineScript(SCRIPTS['dead-letters/replace-records']);
const recordScript = defineScript(SCRIPTS['dead-letters/record-action']);
const recordRunScript = defineScript(SCRIPTS['dead-letters/record-run']);

/** So many ids of a run are told; a shard remembers as many. */
const IDS = 100;

/**
 * Remembers a run that was about one letter; a second time nothing changes.
 * @param replicas have to have it
 * @throws as `writeReplicated`
 */
export async function recordAction(
  redis: Redis,
  run: OperatorAction,
  { id, reason }: { id: string; reason: string },
  replicas = 0,
): Promise<void> {
  const { deadLetterLog } = queueKeys(shardOfId(id));
  const given = { begun: JSON.stringify(run), id: streamIdOf(id), reason };
  const write = () => recordScript.run(redis, { log: deadLetterLog }, given);
  await writeReplicated(redis, deadLetterLog, replicas, write);
}

/** The same of a run that was about no letter, among those of one shard. */
export async function recordRun(
  redis: Redis,
  run: OperatorAction,
  shard: string,
  replicas = 0,
): Promise<void> {
  const { deadLetterLog: log } = queueKeys(shard);
  const write = () => recordRunScript.run(redis, { log }, { begun: JSON.stringify(run) });
  await writeReplicated(redis, log, replicas, write);
}

/**
 * Takes words out of what a shard remembers that people did: of why, and of which were meant.
 * @param rewrite gives the text as it is to be
 * @param replicas have to have it
 * @returns how many records are other ones now; with `dryRun`, would be
 * @throws as `writeReplicated`
 */
export async function rewriteLog(
  redis: Redis,
  shard: string,
  rewrite: (text: string) => string,
  { replicas = 0, dryRun = false } = {},
): Promise<number> {
  const { deadLetterLog: log } = queueKeys(shard);
  const records = Object.entries(await redis.hgetall(log)).flatMap(([run, text]) => {
    const record = JSON.parse(text) as OperatorActionRecord;
    const { because, filter } = record;
    const changed = { because: because && rewrite(because), filter: filter && rewrite(filter) };
    const isSame = changed.because === because && changed.filter === filter;
    return isSame ? [] : [run, text, JSON.stringify({ ...record, ...changed })];
  });
  if (records.length === 0 || dryRun) return records.length / 3;
  return writeReplicated(redis, log, replicas, () => replaceScript.run(redis, { log }, { records }));
}

/** What was done to a destination's dead letters, newest first. */
export async function readDeadLetterLog(destination: string, redis: Redis): Promise<OperatorActionRecord[]> {
  const shards = await shardsOf(destination, redis);
  const runs = new Map<string, OperatorActionRecord>();
  for (const record of (await Promise.all(shards.map((shard) => readShardLog(shard, redis)))).flat()) {
    const known = runs.get(record.run);
    runs.set(record.run, { ...(known ? joinRecords(known, record) : record), destination });
  }
  return [...runs.values()].toSorted((one, other) => (one.run < other.run ? 1 : -1));
}

async function readShardLog(shard: string, redis: Redis): Promise<OperatorActionRecord[]> {
  const kept = await redis.hvals(queueKeys(shard).deadLetterLog);
  return kept.map((text) => {
    const { ids = [], ...record } = JSON.parse(text) as Omit<OperatorActionRecord, 'ids'> & {
      ids?: string[];
    };
    return { ...record, ids: ids.map((id) => formatDeadLetterId(shard, id)) };
  });
}

/** One run that was about letters of two shards. */
function joinRecords(one: OperatorActionRecord, other: OperatorActionRecord): OperatorActionRecord {
  return {
    ...one,
    at: Math.min(one.at, other.at),
    letters: one.letters + other.letters,
    deliveries: addMaybe(one.deliveries, other.deliveries),
    byReason: addCounts(one.byReason, other.byReason),
    ids: [...one.ids, ...other.ids].slice(0, IDS),
  };
}

function addMaybe(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
}
