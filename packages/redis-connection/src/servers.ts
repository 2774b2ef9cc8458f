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

/** Calls back when a cluster's client that is ready comes to know one more server; never where there is only one. */
export function onServer(redis: Redis, call: () => void): void {
  if (!redis.isCluster) return;
  redis.on('+node', () => {
    if (redis.status === 'ready') call();
  });
}

function nodesOf(redis: Redis): Cluster {
  return redis as unknown as Cluster;
}
