import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import {
  type LocalRedis,
  type LocalSentinel,
  startLocalRedis,
  startSentinel,
} from '@meterbridge/local-redis';
import { openClient } from '@meterbridge/redis-connection';
import { Redis } from 'ioredis';
import { findPortWithBus } from './free-port.js';
import type { SuiteRedis } from './use-redis.js';
import { waitFor } from './wait-for.js';
import { waitForReplica } from './wait-for-replica.js';

/** A suite's master, its replica, and three Sentinels that watch over them. */
export type SuiteSentinels = Pick<SuiteRedis, 'url' | 'connect'> & {
  /** The master by the word of a Sentinel. */
  master(): Promise<LocalRedis>;
  /** Waits until all Sentinels name another one. */
  moved(from: LocalRedis): Promise<void>;
  /** Tells the Sentinels to make the replica the master, and waits until they have. */
  failOver(): Promise<void>;
};

const NAME = 'billing';
const SENTINELS = 3;
const DOWN_AFTER_MS = 1_000;

/** Call at the top of a test file, as `useRedis`. */
export function useSentinels(settings: Record<string, string> = {}): SuiteSentinels {
  let servers: LocalRedis[] = [];
  let sentinels: LocalSentinel[] = [];
  const clients: Redis[] = [];
  const keep = (client: Redis): Redis => {
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const folder = (what: string) => mkdtemp(join(tmpdir(), `meterbridge-test-${what}-`));
  const urlOf = () =>
    `redis-sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
  const asked: Redis[] = [];

  /** Where each of them says it is. */
  async function masters(): Promise<LocalRedis[]> {
    const addresses = asked.map((each) => each.call('SENTINEL', 'get-master-addr-by-name', NAME));
    return ((await Promise.all(addresses)) as [string, string][]).map(
      ([, port]) => servers.find((server) => server.port === Number(port))!,
    );
  }

  async function moved(from: LocalRedis): Promise<void> {
    await waitFor(async () => (await masters()).every((each) => each !== from), {
      what: 'all Sentinels to name another master',
    });
  }

  beforeAll(async () => {
    const start = async () =>
      startLocalRedis({
        dataDir: await folder('sentinel-redis'),
        ephemeral: true,
        settings: { 'repl-diskless-sync-delay': '0', ...settings },
      });
    servers = [await start(), await start()];
    const second = keep(new Redis(servers[1]!.url));
    await second.call('REPLICAOF', '127.0.0.1', String(servers[0]!.port));
    await waitForReplica(keep(new Redis(servers[0]!.url)));
    for (let started = 0; started < SENTINELS; started++) {
      const sentinel = await startSentinel({
        dataDir: await folder('sentinel'),
        port: await findPortWithBus(),
        masterName: NAME,
        masterPort: servers[0]!.port,
        quorum: 2,
        downAfterMs: DOWN_AFTER_MS,
      });
      sentinels = [...sentinels, sentinel];
    }
    for (const { port } of sentinels) {
      const sentinel = keep(new Redis(port, '127.0.0.1'));
      asked.push(sentinel);
      const know = async () => {
        const state = (await sentinel.call('SENTINEL', 'master', NAME)) as string[];
        const of = (field: string) => state[state.indexOf(field) + 1];
        return of('num-slaves') === '1' && of('num-other-sentinels') === String(SENTINELS - 1);
      };
      await waitFor(know, { what: 'the Sentinels to know of each other' });
    }
  });

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(sentinels.map((sentinel) => sentinel.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  });

  return {
    get url() {
      return urlOf();
    },
    connect: () => keep(openClient(urlOf(), { connection: { maxRetriesPerRequest: null } })),
    master: async () => (await masters())[0]!,
    moved,
    async failOver() {
      const [before] = await masters();
      await asked[0]!.call('SENTINEL', 'FAILOVER', NAME);
      await moved(before!);
    },
  };
}
