import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type LocalRedis, type LocalRedisOptions, startLocalRedis } from '@meterbridge/local-redis';
import { Redis, type RedisOptions } from 'ioredis';

/** A suite's Redis. Its members can be read once the suite's `beforeAll` has run. */
export type SuiteRedis = {
  readonly url: string;
  /** To kill and restart it. */
  readonly redis: LocalRedis;
  /** Begins this suite's names and keys; holds no colon. */
  readonly prefix: string;
  /** A client that is closed after the suite; a lost connection is not an error here. */
  connect(options?: RedisOptions): Redis;
};

/** Call at the top of a test file: one Redis of its own before the tests, gone after them. */
export function useRedis(
  options: Pick<LocalRedisOptions, 'appendfsync' | 'maxMemoryBytes' | 'log'> = {},
): SuiteRedis {
  let redis: LocalRedis | undefined;
  const clients: Redis[] = [];
  const running = (): LocalRedis => {
    if (!redis) throw new Error('useRedis: the Redis is there from beforeAll on');
    return redis;
  };

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'meterbridge-test-redis-'));
    // Its replicas, where a suite makes one, do not wait five seconds for others to come.
    const settings = { 'repl-diskless-sync-delay': '0' };
    redis = await startLocalRedis({ ...options, settings, dataDir, ephemeral: true });
  });

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await redis?.stop();
  });

  return {
    get url() {
      return running().url;
    },
    get redis() {
      return running();
    },
    prefix: `test-${randomBytes(4).toString('hex')}`,
    connect(clientOptions = {}) {
      // One that finds no server at its end would else hold the process for two seconds more.
      const client = new Redis(running().url, { disconnectTimeout: 100, ...clientOptions });
      client.on('error', () => {});
      clients.push(client);
      return client;
    },
  };
}
