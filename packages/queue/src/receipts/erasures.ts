import { randomBytes } from 'node:crypto';
import { formatToWrite, newerFormat } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/*
 * Requests to take a person out of the archive's rows. Only an archivist may touch those, so whoever forgets a person asks
 * for it here, and each shard's archivist says what came of it. A request has the person until all shards are done.
 */

const PREFIX = 'meterbridge:{erasures}';
const OPEN = `${PREFIX}:open`;
const recordKey = (id: string) => `${PREFIX}:${id}`;

/** What came of one is known for so long: whoever waits for it has asked by then. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Requests that are looked at at once. */
const LOOK_AT = 100;
const SALT_BYTES = 32;

/** Every text that stands for the person, as `userId` and as `anonymousId`. */
export type ErasedPerson = { users: string[]; devices: string[] };

/** A request that is not done. */
export type OpenErasure = {
  id: string;
  person: ErasedPerson;
  /** Random, and the same in all shards. */
  salt: string;
  /** Of each shard that is not done: no receipt of the person is later; epoch milliseconds by the clock of its Redis. */
  until: Map<string, number>;
};

/** What an archivist says of a shard. */
export type ErasureTold = {
  /** Files that have been written anew, and of how many; the latter is left out until it is known. */
  done: number;
  files?: number;
  /** Rows that do not say any more whose they were. */
  rows: number;
  /** Files that do not tell whose their rows are. */
  untold: number;
};

/** What is known of a request. `gone`: Redis has lost it, or it was done long ago. */
export type ErasureState = {
  state: 'open' | 'done' | 'gone';
  /** Shards that are not done. */
  left: string[];
  /** By shard, of those of which something was said. */
  told: Record<string, ErasureTold>;
};

/** How many are not done, and since when the oldest, epoch milliseconds; of whom, nothing. */
export type OpenErasures = { open: number; oldestAt: number | null };

const markScript = defineScript(SCRIPTS['receipts/mark-receipts']);
const createScript = defineScript(SCRIPTS['receipts/create-erasure']);
const tellScript = defineScript(SCRIPTS['receipts/tell-erasure']);

/** Whether any of these shards ever left receipts, as far as this Redis knows. */
export async function haveReceipts(redis: Redis, shards: readonly string[]): Promise<boolean> {
  const each = await Promise.all(shards.map((shard) => redis.exists(queueKeys(shard).receipts)));
  return each.some((there) => there > 0);
}

/**
 * Asks for a person to be taken out of what was settled in these shards until now; what was asked for under the same id
 * stays as it is.
 * @param redis sends nothing again by itself (`connectProducer`)
 * @throws as `writeReplicated`
 */
export async function createErasure(
  redis: Redis,
  { id, person, shards }: { id: string; person: ErasedPerson; shards: readonly string[] },
  replicas: number,
): Promise<void> {
  const marks = shards.map(async (shard) => [
    shard,
    await markScript.run<number>(redis, { receipts: queueKeys(shard).receipts }, {}),
  ]);
  const given = {
    id,
    format: formatToWrite('erasure') ?? '',
    person: JSON.stringify(person),
    salt: randomBytes(SALT_BYTES).toString('hex'),
    shards: (await Promise.all(marks)).flat(),
  };
  const keys = { record: recordKey(id), open: OPEN };
  await writeReplicated(redis, OPEN, replicas, () => createScript.run(redis, keys, given));
}

/** The oldest that are not done, those of a newer version left out. */
export async function findOpenErasures(redis: Redis): Promise<OpenErasure[]> {
  const ids = await redis.zrange(OPEN, 0, String(LOOK_AT - 1));
  const records = await Promise.all(ids.map((id) => redis.hgetall(recordKey(id))));
  return records.flatMap(({ state, format, person, salt, ...fields }, index): OpenErasure[] => {
    if (state !== 'open' || newerFormat('erasure', format) !== undefined) return [];
    const until = fieldsBehind('until:', fields).map(([shard, at]) => [shard, Number(at)] as const);
    return [
      { id: ids[index]!, person: JSON.parse(person!) as ErasedPerson, salt: salt!, until: new Map(until) },
    ];
  });
}

/** Whether receipts of a shard wait in Redis that were left until then. */
export async function areReceiptsWaiting(redis: Redis, shard: string, until: number): Promise<boolean> {
  return (await redis.xrange(queueKeys(shard).receipts, '-', until, 'COUNT', 1)).length > 0;
}

/**
 * An archivist's word of a shard.
 * @param redis sends nothing again by itself (`connectProducer`)
 * @param isDone whether nothing of the person is left in the shard's archive
 * @throws as `writeReplicated`
 */
export async function tellErasure(
  redis: Redis,
  { id, shard }: { id: string; shard: string },
  told: ErasureTold,
  isDone: boolean,
  replicas: number,
): Promise<void> {
  const keys = { record: recordKey(id), open: OPEN };
  const given = { id, shard, told: JSON.stringify(told), isDone: isDone ? 1 : 0, keptMs: KEPT_MS };
  await writeReplicated(redis, OPEN, replicas, () => tellScript.run(redis, keys, given));
}

/** How far a request is. */
export async function readErasure(redis: Redis, id: string): Promise<ErasureState> {
  const fields = await redis.hgetall(recordKey(id));
  const told = fieldsBehind('told:', fields).map(([shard, text]) => [shard, JSON.parse(text) as ErasureTold]);
  return {
    state: fields.state === 'open' || fields.state === 'done' ? fields.state : 'gone',
    left: fieldsBehind('until:', fields).map(([shard]) => shard),
    told: Object.fromEntries(told),
  };
}

/** What there is of those that are not done. */
export async function readOpenErasures(redis: Redis): Promise<OpenErasures> {
  const [open, [, oldest]] = await Promise.all([redis.zcard(OPEN), redis.zrange(OPEN, 0, '0', 'WITHSCORES')]);
  return { open, oldestAt: oldest === undefined ? null : Number(oldest) };
}

function fieldsBehind(prefix: string, fields: Record<string, string>): [name: string, value: string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as [string, string]] : [],
  );
}
