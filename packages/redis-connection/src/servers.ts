import type { Cluster, Redis } from 'ioredis';

/** The servers behind a client that take writes: the one, or the masters of a Redis Cluster. */
export function mastersOf(redis: Redis): Redis[] {
  return redis.isCluster ? nodesOf(redis).nodes('master') : [redis];
}

/** The same with the replicas of a cluster, each of which may be a master tomorrow. */
export function serversOf(redis: Redis): Redis[] {
  return redis.isCluster ? nodesOf(redis).nodes('all') : [redis];
}

/** A server's address, for people. */
export function nameOf({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}

/** The slot of a key in a Redis Cluster, by its own word. */
export async function slotOfKey(redis: Redis, key: string): Promise<number> {
  return (await redis.cluster('KEYSLOT', key)) as number;
}

/** The address of the master that has a key of a Redis Cluster now. */
export async function masterOfKey(redis: Redis, key: string): Promise<string> {
  return nodesOf(redis).slots[await slotOfKey(redis, key)]?.[0] ?? 'no master';
}

/** The master that this client writes a slot's keys to. @throws Error where it knows of none */
export function serverOfSlot(redis: Redis, slot: number): Redis {
  const [address] = nodesOf(redis).slots[slot] ?? [];
  const server = serversOf(redis).find((each) => nameOf(each) === address);
  if (!server) throw new Error(`no server of slot ${slot} is known`);
  return server;
}

const SETTLE_MS = 1_000;

/**
 * Calls back when a cluster's client that is ready has come to know one more server; never where there is only one.
 * One that comes and goes is told of once a second at most.
 */
export function onServer(redis: Redis, call: () => void): void {
  if (!redis.isCluster) return;
  let timer: NodeJS.Timeout | undefined;
  redis.on('+node', () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (redis.status === 'ready') call();
    }, SETTLE_MS).unref();
  });
}

function nodesOf(redis: Redis): Cluster {
  return redis as unknown as Cluster;
}
