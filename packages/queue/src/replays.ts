import type { Redis } from 'ioredis';
import { RECEIVER } from './keys.js';
import { replayLaneKeys } from './replay-lane.js';
import { writeReplicated } from './replication.js';
import { knownShards } from './shards.js';

/** `interrupted`: it was running, and nobody has kept it alive for some seconds. */
export type ReplayState = 'running' | 'stopped' | 'done' | 'interrupted';

/** What is kept of a replay. `What` is its owner's: which letters, how fast. */
export type ReplayRecord<What> = {
  id: string;
  state: ReplayState;
  /** Who began it. */
  by: string;
  what: What;
  /** Where it ends in each shard of a destination, in its order: the newest dead letter of its beginning, a stream id. */
  lanes: { destination: string; through: string }[];
  /** Epoch milliseconds, by Redis' clock; null until it is done or stopped. */
  startedAt: number;
  endedAt: number | null;
};

const PREFIX = 'meterbridge:{replays}';
const LAST = `${PREFIX}:last`;
const IDS = `${PREFIX}:ids`;
const recordKey = (id: string) => `${PREFIX}:${id}`;
const holderKey = (id: string) => `${PREFIX}:${id}:holder`;

/** After so long without a word of its process a replay is interrupted, and another may go on with it. */
export const REPLAY_HELD_MS = 3_000;
/** How often its process has to say a word. */
export const REPLAY_BEAT_MS = 500;
/** How many replays are remembered. */
const KEPT = 100;

const CREATE = `
local id = string.format('%.0f', redis.call('INCR', KEYS[1]))
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
local key = ARGV[1] .. ':' .. id
redis.call('HSET', key, 'state', 'running', 'by', ARGV[3], 'what', ARGV[4], 'lanes', ARGV[5],
  'startedAt', string.format('%.0f', at))
redis.call('SET', key .. ':holder', ARGV[2], 'PX', ARGV[6])
redis.call('ZADD', KEYS[2], id, id)
return id
`;

/**
 * Remembers a replay that begins now, held by `holder`.
 * @param holder unique to the process's turn at it
 * @param replicas have to have it: an id that is lost would be given again, to a replay that would go on where this one
 *   stood
 * @throws as `writeReplicated`
 */
export async function createReplay<What>(
  redis: Redis,
  holder: string,
  { by, what, lanes }: Pick<ReplayRecord<What>, 'by' | 'what' | 'lanes'>,
  replicas = 0,
): Promise<string> {
  const given = [holder, by, JSON.stringify(what), JSON.stringify(lanes), REPLAY_HELD_MS];
  const create = () => redis.eval(CREATE, 2, LAST, IDS, PREFIX, ...given);
  const id = (await writeReplicated(redis, LAST, replicas, create)) as string;
  await forgetOldest(redis);
  return id;
}

/** Nothing that is still running is among the oldest of a hundred, but one that was interrupted may be. */
async function forgetOldest(redis: Redis): Promise<void> {
  const old = await redis.zrange(IDS, 0, `-${KEPT + 1}`);
  const shards = old.length > 0 ? [...(await knownShards(redis)), RECEIVER] : [];
  for (const id of old) {
    for (const shard of shards) await redis.del(...replayLaneKeys(shard, id));
    await redis.del(recordKey(id), holderKey(id));
    await redis.zrem(IDS, id);
  }
}

const HOLD = `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'unknown' end
if state == 'done' then return 'done' end
if (redis.call('GET', KEYS[2]) or ARGV[1]) ~= ARGV[1] then return 'running' end
redis.call('HSET', KEYS[1], 'state', 'running')
redis.call('HDEL', KEYS[1], 'stop', 'endedAt')
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 'held'
`;

/** Takes a replay that is stopped or interrupted, to go on with it. `running`: another process has it. */
export async function holdReplay(
  redis: Redis,
  id: string,
  holder: string,
): Promise<'held' | 'running' | 'done' | 'unknown'> {
  const keys = [recordKey(id), holderKey(id)];
  return (await redis.eval(HOLD, 2, ...keys, holder, REPLAY_HELD_MS)) as
    | 'held'
    | 'running'
    | 'done'
    | 'unknown';
}

const KEEP = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 'lost' end
if (redis.call('GET', KEYS[2]) or ARGV[1]) ~= ARGV[1] then return 'lost' end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return redis.call('HEXISTS', KEYS[1], 'stop') == 1 and 'stop' or 'kept'
`;

/** The word of a replay's process that it lives. `stop`: it was asked to; `lost`: another has gone on with it. */
export async function keepReplay(
  redis: Redis,
  id: string,
  holder: string,
): Promise<'kept' | 'stop' | 'lost'> {
  const keys = [recordKey(id), holderKey(id)];
  return (await redis.eval(KEEP, 2, ...keys, holder, REPLAY_HELD_MS)) as 'kept' | 'stop' | 'lost';
}

const END = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
if (redis.call('GET', KEYS[2]) or ARGV[1]) ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'endedAt', string.format('%.0f', at))
redis.call('DEL', KEYS[2])
return 1
`;

/** Its process lets go of it. Nothing happens where another has it. */
export async function endReplay(
  redis: Redis,
  id: string,
  holder: string,
  state: 'stopped' | 'done',
): Promise<void> {
  await redis.eval(END, 2, recordKey(id), holderKey(id), holder, state);
}

const STOP = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], 'state', 'stopped')
  return 0
end
redis.call('HSET', KEYS[1], 'stop', 1)
return 1
`;

/**
 * Asks a replay's process to stop after what it has in hand; one that is interrupted is stopped at once.
 * @returns whether there is a process to wait for
 */
export async function stopReplay(redis: Redis, id: string): Promise<boolean> {
  return (await redis.eval(STOP, 2, recordKey(id), holderKey(id))) === 1;
}

/** What is kept of one replay, or null where nothing is. */
export async function findReplay<What>(redis: Redis, id: string): Promise<ReplayRecord<What> | null> {
  const [fields, isHeld] = await Promise.all([redis.hgetall(recordKey(id)), redis.exists(holderKey(id))]);
  const { state, by, what, lanes, startedAt, endedAt } = fields;
  if (!state) return null;
  return {
    id,
    state: state === 'running' && isHeld === 0 ? 'interrupted' : (state as ReplayState),
    by: by!,
    what: JSON.parse(what!) as What,
    lanes: JSON.parse(lanes!) as ReplayRecord<What>['lanes'],
    startedAt: Number(startedAt),
    endedAt: endedAt ? Number(endedAt) : null,
  };
}

/** All that are remembered, the newest first. */
export async function listReplays<What>(redis: Redis): Promise<ReplayRecord<What>[]> {
  const ids = await redis.zrevrange(IDS, 0, -1);
  const found = await Promise.all(ids.map((id) => findReplay<What>(redis, id)));
  return found.filter((record) => record !== null);
}
