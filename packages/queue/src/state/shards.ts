import type { Redis } from 'ioredis';
import { destinationOf, shardNumber } from '../keys/keys.js';
import { prepareWait } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

const KEY = 'meterbridge:destinations';

/** Remembers that destinations have these shards, whatever becomes of the configuration. */
export async function rememberShards(redis: Redis, ...shards: string[]): Promise<void> {
  await redis.sadd(KEY, ...shards);
}

const rememberScript = defineScript(SCRIPTS['state/remember-shards']);

/** How long a name may be lost, where the connection has not noticed that its server is another one. */
const SAY_EVERY_MS = 10_000;

/** How often a client has been connected: behind a new connection there may be another server. */
const connections = new WeakMap<Redis, { count: number }>();

function connectionsOf(redis: Redis): { count: number } {
  const known = connections.get(redis);
  if (known) return known;
  const counted = { count: 0 };
  connections.set(redis, counted);
  redis.on('ready', () => {
    counted.count += 1;
  });
  return counted;
}

/**
 * The name of a shard that somebody writes to. It lies in another slot than what is written, and may be lost alone:
 * then nobody would look at the shard any more.
 */
export class ShardName {
  private readonly redis: Redis;
  private readonly shard: string;
  private readonly replicas: number;
  private readonly connection: { count: number };
  private saidOn: number | undefined;
  private saidAt = 0;

  /** @param replicas have to have it before the first write on each connection; then `redis` sends nothing again */
  constructor(redis: Redis, shard: string, replicas = 0) {
    this.redis = redis;
    this.shard = shard;
    this.replicas = replicas;
    this.connection = connectionsOf(redis);
  }

  /** Call before each write: it is said now and then. Throws as the client does, and as `prepareWait`. */
  async say(): Promise<void> {
    const { count } = this.connection;
    const now = performance.now();
    if (this.saidOn === count) {
      if (now - this.saidAt < SAY_EVERY_MS) return;
      this.saidAt = now;
      // It was there a moment ago: nobody waits for it.
      rememberShards(this.redis, this.shard).catch(() => {
        this.saidAt = 0;
      });
      return;
    }
    const untilReplicated = await prepareWait(this.redis, KEY, this.replicas);
    await rememberScript.run(this.redis, { names: KEY }, { shards: [this.shard] });
    await untilReplicated();
    this.saidOn = count;
    this.saidAt = now;
  }
}

/** Every shard that any destination ever had, configured or not, by name. */
export async function knownShards(redis: Redis): Promise<string[]> {
  return (await redis.smembers(KEY)).toSorted(byName);
}

/** The shards that a destination ever had, as far as they are named, by number. */
export async function namedShardsOf(destination: string, redis: Redis): Promise<string[]> {
  return (await knownShards(redis)).filter((shard) => destinationOf(shard) === destination);
}

/** The same, and the first in any case. */
export async function shardsOf(destination: string, redis: Redis): Promise<string[]> {
  return [...new Set([destination, ...(await namedShardsOf(destination, redis))])];
}

/** Every destination that ever had a queue, configured or not, by name. */
export async function knownDestinations(redis: Redis): Promise<string[]> {
  return [...new Set((await knownShards(redis)).map(destinationOf))];
}

function byName(one: string, other: string): number {
  const [first, second] = [destinationOf(one), destinationOf(other)];
  if (first !== second) return first < second ? -1 : 1;
  return shardNumber(one) - shardNumber(other);
}
