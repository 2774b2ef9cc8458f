import type { Redis } from 'ioredis';
import { formatDeadLetterId, shardOfId, streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys } from '../keys/keys.js';
import { addCounts } from '../ledger/ledger.js';
import { writeReplicated } from '../redis/replication.js';
import { shardsOf } from '../state/shards.js';

/** What somebody did to dead letters of one destination, in one run of a command. */
export type OperatorActionRecord = OperatorAction & {
  destination: string;
  /** When the first of them was; epoch milliseconds, by Redis' clock. */
  at: number;
  letters: number;
  byReason: Record<string, number>;
  /** The first hundred: `<shard>/<stream id>`. */
  ids: string[];
};

/** What one run of a command says of itself. */
export type OperatorAction = {
  /** Unique, and in the order of time. */
  run: string;
  what: 'discarded' | 'restored' | 'edited';
  by: string;
  because?: string;
  /** Which were meant, as options of the command. */
  filter?: string;
};

/** So many runs are remembered for a destination, and so many ids of each. */
const RUNS = 1_000;
const IDS = 100;

/**
 * Lua: `openRecord` reads a run's record or begins it, `writeLetter` adds a letter to it, `closeRecord` keeps
 * it, where it says anything. A run writes one record however many pages it takes, so that a million letters
 * push nobody else's record out.
 */
export const HAND_RECORD = `
local function openRecord(key, begun)
  local record = cjson.decode(begun)
  local kept = redis.call('HGET', key, record.run)
  if kept then return cjson.decode(kept) end
  local time = redis.call('TIME')
  record.at = time[1] * 1000 + math.floor(time[2] / 1000)
  record.letters = 0
  record.byReason = {}
  record.ids = {}
  return record
end
local function writeLetter(record, id, reason)
  record.letters = record.letters + 1
  record.byReason[reason] = (record.byReason[reason] or 0) + 1
  if #record.ids < ${IDS} then record.ids[#record.ids + 1] = id end
end
local function closeRecord(key, record)
  if record.letters == 0 then return end
  redis.call('HSET', key, record.run, cjson.encode(record))
  if redis.call('HLEN', key) <= ${RUNS} then return end
  local oldest
  for _, run in ipairs(redis.call('HKEYS', key)) do
    if not oldest or run < oldest then oldest = run end
  end
  redis.call('HDEL', key, oldest)
end
`;

const WRITE = `${HAND_RECORD}
local kept = redis.call('HGET', KEYS[1], cjson.decode(ARGV[1]).run)
if kept then return redis.call('HSET', KEYS[1], cjson.decode(ARGV[1]).run, kept) end
local record = openRecord(KEYS[1], ARGV[1])
writeLetter(record, ARGV[2], ARGV[3])
closeRecord(KEYS[1], record)
`;

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
  const write = () => redis.eval(WRITE, 1, deadLetterLog, JSON.stringify(run), streamIdOf(id), reason);
  await writeReplicated(redis, deadLetterLog, replicas, write);
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
    const record = JSON.parse(text) as OperatorActionRecord;
    return { ...record, ids: record.ids.map((id) => formatDeadLetterId(shard, id)) };
  });
}

/** One run that was about letters of two shards. */
function joinRecords(one: OperatorActionRecord, other: OperatorActionRecord): OperatorActionRecord {
  return {
    ...one,
    at: Math.min(one.at, other.at),
    letters: one.letters + other.letters,
    byReason: addCounts(one.byReason, other.byReason),
    ids: [...one.ids, ...other.ids].slice(0, IDS),
  };
}
