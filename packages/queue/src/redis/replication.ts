import { connectProducer, mastersOf, serverOfSlot, slotOfKey } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { SCRIPTS } from '../scripts.generated.js';
import { asStoreError } from './errors.js';
import { readInfo } from './read-info.js';
import { defineScript } from './script.js';

const confirmScript = defineScript(SCRIPTS['redis/confirm-field']);

/** Less than a producer's command may take. */
const WAIT_MS = 500;

/** Slots of a Redis Cluster, by the part of a key in braces: what lies together has one. */
const slots = new Map<string, number>();

/** Fewer replicas than have to say in time that they have a write: it may be lost when one of them takes over. */
export class NotReplicatedError extends Error {
  override name = 'NotReplicatedError';
  readonly code = 'not_replicated';
  /** How many said so, and how many were waited for. */
  readonly reached: number;
  readonly replicas: number;

  constructor(reached: number, replicas: number) {
    super(`${reached} of ${replicas} replicas have it`);
    this.reached = reached;
    this.replicas = replicas;
  }
}

/**
 * Prepares a wait for so many replicas to have what this client is about to write under a key. What it returns is to
 * be called in the same turn in which Redis has answered the write, and on a client that sends nothing again by
 * itself (`connectProducer`): on a connection that was opened later nothing was written, and a wait on it proves
 * nothing.
 * @throws NotReplicatedError (the function that is returned) where fewer say so in half a second
 */
export async function prepareWait(redis: Redis, key: string, replicas: number): Promise<() => Promise<void>> {
  if (replicas === 0) return async () => {};
  await findSlot(redis, key);
  const server = serverOf(redis, key);
  return async () => {
    // A cluster's client has learned of another master meanwhile: which of the two has answered is not known.
    if (serverOf(redis, key) !== server) throw new NotReplicatedError(0, replicas);
    await waitFor(server, replicas);
  };
}

/**
 * Writes for somebody who is told that it is done: resolves once the replicas have it.
 * @param redis sends nothing again by itself (`connectProducer`)
 * @param key of the slot that is written to
 * @throws NotReplicatedError where Redis has it and too few replicas say so in half a second; StoreUnavailableError
 *   where Redis may have it or not; StoreFullError where it has not
 */
export async function writeReplicated<T>(
  redis: Redis,
  key: string,
  replicas: number,
  write: () => Promise<T>,
): Promise<T> {
  try {
    const untilReplicated = await prepareWait(redis, key, replicas);
    const written = await write();
    await untilReplicated();
    return written;
  } catch (error) {
    throw error instanceof NotReplicatedError ? error : asStoreError(error);
  }
}

/** How many replicas a master has that is asked now; null where its user may not ask. */
export async function countReplicas(server: Redis): Promise<number | null> {
  const told = (await readInfo(server, 'replication'))('connected_slaves');
  return told === undefined ? null : Number(told);
}

/**
 * How many replicas have to have what a person does by hand, until its command ends: as many as are configured, or as
 * every master has now and tells. Nobody repeats what a person did, so it is not lost where there is a replica to keep it.
 * Throws as the client does.
 */
export async function replicasToWaitFor(redis: Redis, configured: number): Promise<number> {
  const each = await Promise.all(mastersOf(redis).map(countReplicas));
  return Math.max(configured, Math.min(...each.map((replicas) => replicas ?? 0)));
}

/** Whether so many replicas of every master answer it within half a second. Throws as the client does. */
export async function doReplicasAnswer(redis: Redis, replicas: number): Promise<boolean> {
  const each = mastersOf(redis).map((server) => server.wait(replicas, WAIT_MS));
  return (await Promise.all(each)).every((reached) => reached >= replicas);
}

async function waitFor(server: Redis, replicas: number): Promise<void> {
  const reached = await server.wait(replicas, WAIT_MS);
  if (reached < replicas) throw new NotReplicatedError(reached, replicas);
}

async function findSlot(redis: Redis, key: string): Promise<void> {
  if (redis.isCluster && !slots.has(tagOf(key))) slots.set(tagOf(key), await slotOfKey(redis, key));
}

/** The master of a key; its slot has been found before. */
function serverOf(redis: Redis, key: string): Redis {
  return redis.isCluster ? serverOfSlot(redis, slots.get(tagOf(key))!) : redis;
}

function tagOf(key: string): string {
  return /\{(.+?)\}/.exec(key)?.[1] ?? key;
}

/** Makes sure of what another connection has written: at the server of now, and at so many of its replicas. */
export type Replication = {
  /**
   * Whether a hash has this value in a field at the server that is asked now; if so, resolves once its replicas
   * have that, and all that was written there before.
   * @throws NotReplicatedError where too few say so in half a second; else as `DeliveryWriter.commit` does
   */
  confirm(key: string, field: string, value: string): Promise<boolean>;
  close(): void;
};

/** @param replicas how many have to have it; at least one */
export function openReplication(url: string, replicas: number): Replication {
  const redis = connectProducer(url, () => {});
  return {
    confirm: (...record) => proveField(redis, replicas, record),
    close: () => redis.disconnect(),
  };
}

/**
 * Whether a record is as it is relied upon; if so, resolves once the replicas have it, and all that was written there
 * before.
 * @param key of the record
 * @param prove runs a script that looks at the record, writes it once more and answers 1
 * @param redis sends nothing again by itself (`connectProducer`)
 * @throws as `Replication.confirm`
 */
export async function proveReplicated(
  redis: Redis,
  replicas: number,
  key: string,
  prove: (server: Redis) => Promise<number>,
): Promise<boolean> {
  try {
    await findSlot(redis, key);
    const server = serverOf(redis, key);
    // One after the other on one connection: what is sent again by nobody was answered by one server.
    const written = prove(server);
    const waited = replicas === 0 ? Promise.resolve() : waitFor(server, replicas);
    waited.catch(() => {});
    if ((await written) !== 1) return false;
    await waited;
    return true;
  } catch (error) {
    throw error instanceof NotReplicatedError ? error : asStoreError(error);
  }
}

/** Whether a hash has this value in a field, as `proveReplicated` makes sure of it. */
export function proveField(
  redis: Redis,
  replicas: number,
  [key, field, value]: [key: string, field: string, value: string],
): Promise<boolean> {
  return proveReplicated(redis, replicas, key, (server) =>
    confirmScript.run(server, { record: key }, { field, value }),
  );
}
