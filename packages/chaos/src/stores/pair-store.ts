import { join } from 'node:path';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { waitFor } from '@meterbridge/testing/wait-for';
import type { Redis } from 'ioredis';
import type { Link } from '../link.js';
import { lookInto } from './look-into.js';

/** A master and its replica. Which is which changes with each changeover. */
export type PairStore = {
  readonly kind: 'pair';
  readonly url: string;
  readonly port: number;
  /** Straight to the master, past every link. */
  readonly look: Redis;
  /** Waits until the replica has all that the master has. */
  untilInStep(): Promise<void>;
  /** The replica follows no longer: what the master takes from now on, it takes alone. */
  detach(): Promise<void>;
  /** The detached one is the master from now on: every connection ends at once, and each new one leads there. */
  changeOver(links: readonly Link[]): void;
  /** The old master gives up what it took alone, and follows the new one. */
  rejoin(): Promise<void>;
  close(): Promise<void>;
};

type Server = { redis: LocalRedis; look: Redis };

export async function openPair(folder: string): Promise<PairStore> {
  const start = async (number: number): Promise<Server> => {
    const dataDir = join(folder, `redis-${number}`);
    const redis = await startLocalRedis({ dataDir, settings: { 'repl-diskless-sync-delay': '0' } });
    return { redis, look: lookInto(redis) };
  };
  const servers = [await start(1), await start(2)];
  let [master, replica] = servers as [Server, Server];

  async function follow(): Promise<void> {
    await replica.look.replicaof('127.0.0.1', master.redis.port);
    await untilInStep();
  }

  async function untilInStep(): Promise<void> {
    const online = new RegExp(`port=${replica.redis.port},state=online`);
    await waitFor(async () => online.test(await master.look.info('replication')), { what: 'the replica' });
  }

  await follow();
  return {
    kind: 'pair',
    get url() {
      return master.redis.url;
    },
    get port() {
      return master.redis.port;
    },
    get look() {
      return master.look;
    },
    untilInStep,
    async detach() {
      await replica.look.replicaof('NO', 'ONE');
    },
    changeOver(links) {
      [master, replica] = [replica, master];
      for (const link of links) {
        link.leadTo(master.redis.port);
        link.cut();
      }
    },
    rejoin: follow,
    async close() {
      for (const { redis, look } of servers) {
        look.disconnect();
        await redis.stop();
      }
    },
  };
}
