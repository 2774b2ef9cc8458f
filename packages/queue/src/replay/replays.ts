import type { Redis } from 'ioredis';
import { RECEIVER } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { knownShards } from '../state/shards.js';
import { shardReplayKeys } from './shard-replay.js';

/**
 * `waiting`: no worker has it: it is new, or was resumed, or whoever had it has not been heard of for some seconds.
 * `stopped`: by a person, or since it got no further; it goes on when a person resumes it.
 */
export type ReplayState = 'waiting' | 'running' | 'stopped' | 'done';

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
  /** Why it got no further, where it is stopped for that. */
  problem?: string;
};

const PREFIX = 'meterbridge:{replays}';
const LAST = `${PREFIX}:last`;
const IDS = `${PREFIX}:ids`;
const recordKey = (id: string) => `${PREFIX}:${id}`;
const holderKey = (id: string) => `${PREFIX}:${id}:holder`;

/** After so long without a word of the worker that has it another one takes a replay. */
const REPLAY_HELD_MS = 3_000;
/** How often that worker has to say a word. */
export const REPLAY_BEAT_MS = 500;
/** How many replays are remembered. */
const KEPT = 100;

const CREATE = `
local id = string.format('%.0f', redis.call('INCR', KEYS[1]))
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', ARGV[1] .. ':' .. id, 'state', 'waiting', 'by', ARGV[2], 'what', ARGV[3], 'lanes', ARGV[4],
  'startedAt', string.format('%.0f', at))
redis.call('ZADD', KEYS[2], id, id)
return id
`;

/**
 * Remembers a replay, which a worker takes and runs.
 * @param replicas have to have it: an id that is lost would be given again, to a replay that would go on where this one
 *   stood
 * @throws as `writeReplicated`
 */
export async function createReplay<What>(
  redis: Redis,
  { by, what, lanes }: Pick<ReplayRecord<What>, 'by' | 'what' | 'lanes'>,
  replicas = 0,
): Promise<string> {
  const given = [by, JSON.stringify(what), JSON.stringify(lanes)];
  const create = () => redis.eval(CREATE, 2, LAST, IDS, PREFIX, ...given);
  const id = (await writeReplicated(redis, LAST, replicas, create)) as string;
  await forgetOldest(redis);
  return id;
}

/** Of those that are older than the last hundred: what is to be done yet is not forgotten. */
async function forgetOldest(redis: Redis): Promise<void> {
  const old = await redis.zrange(IDS, 0, `-${KEPT + 1}`);
  const shards = old.length > 0 ? [...(await knownShards(redis)), RECEIVER] : [];
  for (const id of old) {
    const state = await redis.hget(recordKey(id), 'state');
    if (state === 'waiting' || state === 'running') continue;
    for (const shard of shards) await redis.del(...shardReplayKeys(shard, id));
    await redis.del(recordKey(id), holderKey(id));
    await redis.zrem(IDS, id);
  }
}

const TAKE = `
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'waiting' and state ~= 'running' then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if redis.call('HEXISTS', KEYS[1], 'stop') == 1 then
  redis.call('HSET', KEYS[1], 'state', 'stopped')
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'running')
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
`;

/**
 * Takes a replay that no worker has. False where another one has it, or nobody is to go on with it.
 * @param holder unique to this turn at it
 */
export async function takeReplay(redis: Redis, id: string, holder: string): Promise<boolean> {
  return (await redis.eval(TAKE, 2, recordKey(id), holderKey(id), holder, REPLAY_HELD_MS)) === 1;
}

const KEEP = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 'lost' end
if (redis.call('GET', KEYS[2]) or ARGV[1]) ~= ARGV[1] then return 'lost' end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return redis.call('HEXISTS', KEYS[1], 'stop') == 1 and 'stop' or 'kept'
`;

/** The word of its worker that it lives. `stop`: it was asked to; `lost`: another has gone on with it. */
export async function renewReplay(
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
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'state', ARGV[2])
if ARGV[2] == 'waiting' then return 1 end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'endedAt', string.format('%.0f', at))
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'problem', ARGV[3]) end
return 1
`;

/**
 * Its worker lets go of it: it is done, it is stopped, or another is to go on with it. Nothing happens where another
 * has it.
 * @param problem why it got no further, in words without any value of an event
 */
export async function releaseReplay(
  redis: Redis,
  id: string,
  holder: string,
  state: 'stopped' | 'done' | 'waiting',
  problem = '',
): Promise<void> {
  await redis.eval(END, 2, recordKey(id), holderKey(id), holder, state, problem);
}

const STOP = `
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'done' or state == 'stopped' then return state end
redis.call('HSET', KEYS[1], 'stop', 1)
if redis.call('EXISTS', KEYS[2]) == 1 then return 'running' end
redis.call('HSET', KEYS[1], 'state', 'stopped')
return 'stopped'
`;

/**
 * Asks the worker that runs a replay to stop after what it has in hand; one that no worker has is stopped at once.
 * @param replicas have to have it: else it could go on after a failover
 * @returns what it is by then; `running` where there is a worker to wait for
 * @throws as `writeReplicated`
 */
export async function stopReplay(
  redis: Redis,
  id: string,
  replicas = 0,
): Promise<'running' | 'stopped' | 'done'> {
  const stop = () => redis.eval(STOP, 2, recordKey(id), holderKey(id));
  return (await writeReplicated(redis, LAST, replicas, stop)) as 'running' | 'stopped' | 'done';
}

const RESUME = `
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'stopped' then return state end
redis.call('HDEL', KEYS[1], 'stop', 'endedAt', 'problem')
redis.call('HSET', KEYS[1], 'state', 'waiting', 'what', ARGV[1])
return 'resumed'
`;

/**
 * Lets a stopped replay go on.
 * @param what it is told from now on
 * @returns `resumed`, or the state in which it is left
 * @throws as `writeReplicated`
 */
export async function resumeReplay<What>(
  redis: Redis,
  id: string,
  what: What,
  replicas = 0,
): Promise<'resumed' | Exclude<ReplayState, 'stopped'>> {
  const resume = () => redis.eval(RESUME, 1, recordKey(id), JSON.stringify(what));
  return (await writeReplicated(redis, LAST, replicas, resume)) as 'resumed' | 'done';
}

const OPEN = `
local open = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = ARGV[1] .. ':' .. id
  local state = redis.call('HGET', key, 'state')
  if (state == 'waiting' or state == 'running') and redis.call('EXISTS', key .. ':holder') == 0 then
    table.insert(open, id)
  end
end
return open
`;

/** The ids of those that no worker has, the oldest first. */
export async function findOpenReplays(redis: Redis): Promise<string[]> {
  return (await redis.eval(OPEN, 1, IDS, PREFIX)) as string[];
}

/** What is kept of one replay, or null where nothing is. */
export async function findReplay<What>(redis: Redis, id: string): Promise<ReplayRecord<What> | null> {
  const [fields, isHeld] = await Promise.all([redis.hgetall(recordKey(id)), redis.exists(holderKey(id))]);
  const { state, by, what, lanes, startedAt, endedAt, problem } = fields;
  if (!state) return null;
  return {
    id,
    state: state === 'running' && isHeld === 0 ? 'waiting' : (state as ReplayState),
    by: by!,
    what: JSON.parse(what!) as What,
    lanes: JSON.parse(lanes!) as ReplayRecord<What>['lanes'],
    startedAt: Number(startedAt),
    endedAt: endedAt ? Number(endedAt) : null,
    ...(problem ? { problem } : {}),
  };
}

/** All that are remembered, the newest first. */
export async function listReplays<What>(redis: Redis): Promise<ReplayRecord<What>[]> {
  const ids = await redis.zrevrange(IDS, 0, -1);
  const found = await Promise.all(ids.map((id) => findReplay<What>(redis, id)));
  return found.filter((record) => record !== null);
}
