import { formatToWrite, newerFormat } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { asStoreError } from '../redis/errors.js';
import { prepareWait, writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/*
 * Requests to forget a person that came as calls. A receiver writes them, and workers take them by a lease. A request
 * has the person's ids until it is done; what is left then tells the same call from another, and expires.
 */

const PREFIX = 'meterbridge:{forget-requests}';
const OPEN = `${PREFIX}:open`;
const SINCE = `${PREFIX}:since`;
const PROBLEMS = `${PREFIX}:problems`;
const recordKey = (id: string) => `${PREFIX}:${id}`;
const holderKey = (id: string) => `${PREFIX}:${id}:holder`;

/** After so long without a word of the worker that has it another one takes a request. */
const HELD_MS = 3_000;
/** How often that worker has to say a word. */
export const FORGET_BEAT_MS = 500;
/** A call that is sent again is known for so long after it is done; Segment repeats for hours. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Requests that are looked at for one that is free. */
const LOOK_AT = 100;

/** A request as it comes. */
export type NewForgetRequest = {
  /** The same for every retry of one call, and tells nothing of the person without the installation's key. */
  id: string;
  ids: { userId?: string | undefined; anonymousId?: string | undefined };
  /** Whether later events of the person are refused. */
  refuseLater: boolean;
};

/** One that is not done. */
export type ForgetRequest = NewForgetRequest & {
  /** The source that brought it. */
  source: string;
  /** When it came; epoch milliseconds, by Redis' clock. */
  at: number;
  /** Turns at it that could not end it. */
  tries: number;
};

/** How many are not done, and why; of whom, nothing. */
export type OpenForgetRequests = {
  open: number;
  /** When the oldest of them came, epoch milliseconds; null where there is none. */
  oldestAt: number | null;
  /** Those that were tried, by why they are not done. */
  problems: Record<string, number>;
};

const createScript = defineScript(SCRIPTS['forget-requests/create']);
const findDueScript = defineScript(SCRIPTS['forget-requests/find-due']);
const takeScript = defineScript(SCRIPTS['forget-requests/take']);
const renewScript = defineScript(SCRIPTS['forget-requests/renew']);
const putBackScript = defineScript(SCRIPTS['forget-requests/put-back']);
const finishScript = defineScript(SCRIPTS['forget-requests/finish']);

/**
 * Remembers what calls of one source ask for; a call that is known already stays as it is.
 * @param replicas have to have it
 * @returns how many are new
 * @throws as `DeliveryWriter.commit`
 */
export async function createForgetRequests(
  redis: Redis,
  source: string,
  requests: readonly NewForgetRequest[],
  replicas: number,
): Promise<number> {
  const given = {
    prefix: PREFIX,
    source,
    format: formatToWrite('forget-request') ?? '',
    requests: requests.flatMap(({ id, ids, refuseLater }) => [id, JSON.stringify(ids), refuseLater ? 1 : 0]),
  };
  try {
    const untilReplicated = await prepareWait(redis, OPEN, replicas);
    const created = await createScript.run<number>(redis, { open: OPEN, since: SINCE }, given);
    await untilReplicated();
    return created;
  } catch (error) {
    throw asStoreError(error);
  }
}

/** The ids of those that are to be tried now and that no worker has, in their order. */
export async function findDueForgetRequests(redis: Redis): Promise<string[]> {
  return findDueScript.run(redis, { open: OPEN }, { prefix: PREFIX, max: LOOK_AT });
}

/** Null where it is done; `newer` where only a worker of a newer version knows what it says. */
export async function findForgetRequest(
  redis: Redis,
  id: string,
): Promise<ForgetRequest | { id: string; newer: number } | null> {
  const fields = await redis.hgetall(recordKey(id));
  if (fields.state !== 'open') return null;
  const newer = newerFormat('forget-request', fields.format);
  if (newer !== undefined) return { id, newer };
  return {
    id,
    source: fields.source!,
    ids: JSON.parse(fields.ids!) as ForgetRequest['ids'],
    refuseLater: fields.refuseLater === '1',
    at: Number(fields.at),
    tries: Number(fields.tries ?? 0),
  };
}

/**
 * Takes a request that no worker has.
 * @param holder unique to this turn at it
 * @param run JSON, what it is remembered by where this is the first turn
 * @returns what it is remembered by; null where another has it, or it is done
 */
export async function takeForgetRequest(
  redis: Redis,
  id: string,
  holder: string,
  run: string,
): Promise<string | null> {
  const keys = { record: recordKey(id), holder: holderKey(id) };
  return takeScript.run<string | null>(redis, keys, { token: holder, heldMs: HELD_MS, run });
}

/** The word of its worker that it lives; false where another has gone on with it. */
export async function renewForgetRequest(redis: Redis, id: string, holder: string): Promise<boolean> {
  const keys = { record: recordKey(id), holder: holderKey(id) };
  return (await renewScript.run(redis, keys, { token: holder, heldMs: HELD_MS })) === 1;
}

/**
 * Its worker lets go of it, undone.
 * @param why a word for people; empty where another worker is to go on with it
 * @returns false where another has gone on with it, or it is done
 */
export async function putBackForgetRequest(
  redis: Redis,
  id: string,
  holder: string,
  { why, waitMs }: { why: string; waitMs: number },
): Promise<boolean> {
  const keys = { record: recordKey(id), holder: holderKey(id), open: OPEN, problems: PROBLEMS };
  return (await putBackScript.run(redis, keys, { token: holder, id, why, waitMs })) === 1;
}

/**
 * Ends a request: nothing of the person stays of it.
 * @param replicas have to have it
 * @returns false where another worker has gone on with it
 * @throws as `writeReplicated`
 */
export async function finishForgetRequest(
  redis: Redis,
  id: string,
  holder: string,
  replicas: number,
): Promise<boolean> {
  const keys = {
    record: recordKey(id),
    holder: holderKey(id),
    open: OPEN,
    since: SINCE,
    problems: PROBLEMS,
  };
  const finish = () => finishScript.run<number>(redis, keys, { token: holder, id, keptMs: KEPT_MS });
  return (await writeReplicated(redis, OPEN, replicas, finish)) === 1;
}

/** What there is of those that are not done. */
export async function readOpenForgetRequests(redis: Redis): Promise<OpenForgetRequests> {
  const [open, [, oldest], words] = await Promise.all([
    redis.zcard(OPEN),
    redis.zrange(SINCE, 0, '0', 'WITHSCORES'),
    redis.hvals(PROBLEMS),
  ]);
  const problems: Record<string, number> = {};
  for (const why of words) problems[why] = (problems[why] ?? 0) + 1;
  return { open, oldestAt: oldest === undefined ? null : Number(oldest), problems };
}
