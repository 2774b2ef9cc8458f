import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { waitFor } from '@meterbridge/testing/wait-for';
import type { Redis } from 'ioredis';
import type { Link } from '../link.js';
import { lookInto } from './look-into.js';

/** One Redis, as most installations have it. */
export type SingleStore = {
  readonly kind: 'single';
  readonly url: string;
  readonly port: number;
  /** Straight to it, past every link. */
  readonly look: Redis;
  /** The server of now. */
  readonly redis: LocalRedis;
  /** Where the server of now has its data. */
  readonly dataDir: string;
  /** True from a kill until it answers again. */
  readonly isDown: boolean;
  /** SIGKILL; the same data come back after so many milliseconds. `meanwhile` runs while nobody has them open. */
  kill(backAfterMs: number, meanwhile?: () => void): Promise<void>;
  /** Hands over to another Redis without a loss, as a planned failover does; all links lead there from then on. */
  handOver(links: readonly Link[], options: { cut: boolean }): Promise<void>;
  close(): Promise<void>;
};

export async function openSingle(folder: string, appendfsync: 'always' | 'everysec'): Promise<SingleStore> {
  let servers = 0;
  const start = async () => {
    servers += 1;
    const dataDir = join(folder, `redis-${servers}`);
    const settings = appendfsync === 'everysec' ? NEVER_REWRITTEN : {};
    return { dataDir, redis: await startLocalRedis({ dataDir, appendfsync, settings }) };
  };
  let { redis, dataDir } = await start();
  let look = lookInto(redis);
  let isDown = false;
  return {
    kind: 'single',
    get url() {
      return redis.url;
    },
    get port() {
      return redis.port;
    },
    get look() {
      return look;
    },
    get redis() {
      return redis;
    },
    get dataDir() {
      return dataDir;
    },
    get isDown() {
      return isDown;
    },
    async kill(backAfterMs, meanwhile) {
      isDown = true;
      await redis.kill('SIGKILL');
      meanwhile?.();
      await sleep(backAfterMs);
      await redis.restart();
      isDown = false;
    },
    async handOver(links, { cut }) {
      const next = await start();
      const nextLook = lookInto(next.redis);
      const nextPort = next.redis.port;
      await nextLook.replicaof('127.0.0.1', redis.port);
      // By the master's word: the replica's own link is up before that.
      const online = `port=${nextPort},state=online`;
      const what = 'the replica to take over';
      await waitFor(async () => (await look.info('replication')).includes(online), { what });
      await look.call('FAILOVER', 'TO', '127.0.0.1', String(nextPort), 'TIMEOUT', '10000');
      await waitFor(async () => (await nextLook.info('replication')).includes('role:master'), { what });
      for (const link of links) {
        link.leadTo(nextPort);
        if (cut) link.cut();
      }
      const [oldLook, old] = [look, redis];
      look = nextLook;
      ({ redis, dataDir } = next);
      // The old one stays for a while, as a replica that refuses to write.
      await sleep(3_000);
      oldLook.disconnect();
      await old.stop();
    },
    async close() {
      look.disconnect();
      await redis.stop();
    },
  };
}

/** Cutting the append-only file needs the name of the file that was written to a second ago. */
const NEVER_REWRITTEN = { 'auto-aof-rewrite-percentage': '0' };
