import { connectProducer, serverOfSlot, slotOfKey } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';

/** Less than a producer's command may take. */
const WAIT_MS = 500;

/** Slots of a Redis Cluster, by the part of a key in braces: what lies together has one. */
const slots = new Map<string, number>();

/** Fewer replicas than have to say in time that they have a write: it may be lost when one of them takes over. */
export class NotReplicatedError extends Error {
  override name = 'NotReplicatedError';
  readonly code = 'not_replicated';
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
    if (serverOf(redis, key) !== server) throw new NotReplicatedError('another server took over meanwhile');
    await waitFor(server, replicas);
  };
}

async function waitFor(server: Redis, replicas: number): Promise<void> {
  const reached = await server.wait(replicas, WAIT_MS);
  if (reached < replicas) throw new NotReplicatedError(`${reached} of ${replicas} replicas have it`);
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

/** Tells whether a hash has what it was given, and writes it once more: then a wait behind it is about all of it. */
const CONFIRM = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`;

/** Makes sure of what another connection has written: at the server of now, and at so many of its replicas. */
export type Replication = {
  /**
   * Whether a hash has this value in a field at the server that is asked now; if so, resolves once its replicas
   * have that, and all that was written there before.
   * @throws NotReplicatedError where too few say so in half a second; else as the client does
   */
  confirm(key: string, field: string, value: string): Promise<boolean>;
  close(): void;
};

/** @param replicas how many have to have it; at least one */
export function openReplication(url: string, replicas: number): Replication {
  const redis = connectProducer(url, () => {});
  return {
    async confirm(key, field, value) {
      await findSlot(redis, key);
      const server = serverOf(redis, key);
      // One after the other on one connection: what is sent again by nobody was answered by one server.
      const written = server.eval(CONFIRM, 1, key, field, value);
      const waited = waitFor(server, replicas);
      waited.catch(() => {});
      if ((await written) !== 1) return false;
      await waited;
      return true;
    },
    close: () => redis.disconnect(),
  };
}
