import { formatToWrite, newerFormat } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { RECEIVER } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
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
  /** The person that began it. */
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

/** What is read of a replay of a newer version: workers of that one run it. */
export type NewerReplay = Pick<ReplayRecord<never>, 'id' | 'state' | 'by' | 'startedAt'> & { newer: number };

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

const createScript = defineScript(SCRIPTS['replay/create']);
const takeScript = defineScript(SCRIPTS['replay/take']);
const renewScript = defineScript(SCRIPTS['replay/renew']);
const releaseScript = defineScript(SCRIPTS['replay/release']);
const stopScript = defineScript(SCRIPTS['replay/stop']);
const resumeScript = defineScript(SCRIPTS['replay/resume']);
const replaceWhatScript = defineScript(SCRIPTS['replay/replace-what']);
const findOpenScript = defineScript(SCRIPTS['replay/find-open']);

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
  const given = {
    prefix: PREFIX,
    by,
    what: JSON.stringify(what),
    lanes: JSON.stringify(lanes),
    format: formatToWrite('replay'),
  };
  const create = () => createScript.run<string>(redis, { last: LAST, ids: IDS }, given);
  const id = await writeReplicated(redis, LAST, replicas, create);
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

/**
 * Takes a replay that no worker has. False where another one has it, or nobody is to go on with it.
 * @param holder unique to this turn at it
 */
export async function takeReplay(redis: Redis, id: string, holder: string): Promise<boolean> {
  const keys = { record: recordKey(id), holder: holderKey(id) };
  return (await takeScript.run(redis, keys, { token: holder, heldMs: REPLAY_HELD_MS })) === 1;
}

/** The word of its worker that it lives. `stop`: it was asked to; `lost`: another has gone on with it. */
export async function renewReplay(
  redis: Redis,
  id: string,
  holder: string,
): Promise<'kept' | 'stop' | 'lost'> {
  const keys = { record: recordKey(id), holder: holderKey(id) };
  return renewScript.run(redis, keys, { token: holder, heldMs: REPLAY_HELD_MS });
}

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
  const keys = { record: recordKey(id), holder: holderKey(id) };
  await releaseScript.run(redis, keys, { token: holder, state, problem });
}

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
  const keys = { record: recordKey(id), holder: holderKey(id) };
  const stop = () => stopScript.run<'running' | 'stopped' | 'done'>(redis, keys, {});
  return writeReplicated(redis, LAST, replicas, stop);
}

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
  const resume = () =>
    resumeScript.run<'resumed' | 'done'>(redis, { record: recordKey(id) }, { what: JSON.stringify(what) });
  return writeReplicated(redis, LAST, replicas, resume);
}

/** The ids of those that no worker has, the oldest first. */
export async function findOpenReplays(redis: Redis): Promise<string[]> {
  return findOpenScript.run(redis, { ids: IDS }, { prefix: PREFIX });
}

/** What is kept of one replay, or null where nothing is. */
export async function findReplay<What>(
  redis: Redis,
  id: string,
): Promise<ReplayRecord<What> | NewerReplay | null> {
  const [fields, isHeld] = await Promise.all([redis.hgetall(recordKey(id)), redis.exists(holderKey(id))]);
  const { state, by, what, lanes, startedAt, endedAt, problem, format } = fields;
  if (!state) return null;
  const known = {
    id,
    state: state === 'running' && isHeld === 0 ? 'waiting' : (state as ReplayState),
    by: by!,
    startedAt: Number(startedAt),
  };
  const newer = newerFormat('replay', format);
  if (newer !== undefined) return { ...known, newer };
  return {
    ...known,
    what: JSON.parse(what!) as What,
    lanes: JSON.parse(lanes!) as ReplayRecord<What>['lanes'],
    endedAt: endedAt ? Number(endedAt) : null,
    problem,
  };
}

/** All that are remembered, the newest first. */
export async function listReplays<What>(redis: Redis): Promise<(ReplayRecord<What> | NewerReplay)[]> {
  const ids = await redis.zrevrange(IDS, 0, -1);
  const found = await Promise.all(ids.map((id) => findReplay<What>(redis, id)));
  return found.filter((record) => record !== null);
}

/**
 * Says anew what replays were to do that are done; others keep to what they were told, and those of a newer version say
 * what they say.
 * @param rewrite gives what is to be kept of it; the same where nothing changes
 * @returns how many say something else now; with `dryRun`, would
 * @throws as the client does
 */
export async function rewriteReplays<What>(
  redis: Redis,
  rewrite: (what: What) => What,
  { dryRun = false } = {},
): Promise<number> {
  let rewritten = 0;
  for (const id of await redis.zrange(IDS, 0, '-1')) {
    const record = recordKey(id);
    const [state, before, format] = await redis.hmget(record, 'state', 'what', 'format');
    if (state !== 'done' || !before || newerFormat('replay', format) !== undefined) continue;
    const after = JSON.stringify(rewrite(JSON.parse(before) as What));
    if (after === before) continue;
    rewritten += dryRun ? 1 : await replaceWhatScript.run<number>(redis, { record }, { before, after });
  }
  return rewritten;
}
