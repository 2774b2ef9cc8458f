import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { type Sandbox, startSandbox } from '@meterbridge/sandbox';
import { HYPERLINE_KEY, LAGO_KEY, NEVER_SHOWN, WRITE_KEY } from '@meterbridge/testing/sample-config';
import { Redis } from 'ioredis';
import { CONFIG } from './config.js';
import { type LogWatch, openLogWatch } from './log-watch.js';
import { type Member, startMember } from './member.js';

/** The whole product as real processes, a real Redis, and both billing APIs in this process. */
export type Stage = {
  folder: string;
  sandbox: Sandbox;
  receivers: Member[];
  workers: Member[];
  /** The Redis that is the master now. */
  readonly redis: LocalRedis;
  /** Straight to it, past every link. */
  readonly look: Redis;
  logs: LogWatch;
  /** For commands of the product. */
  env(): Record<string, string>;
  /** SIGKILL; the same data come back after so many milliseconds. */
  killRedis(backAfterMs: number): Promise<void>;
  /** True from a kill until it answers again. */
  readonly isRedisDown: boolean;
  /** Hands over to another Redis without a loss, as a planned failover does; all links lead there from then on. */
  failOver(options: { cut: boolean }): Promise<void>;
  close(options: { keep: boolean }): Promise<void>;
};

const RECEIVERS = 2;
const WORKERS = 2;

/** Long enough that a killed worker nearly always has requests on their way. */
const ANSWER_MS = 50;

/** @param lagoStore how Lago counts: `clickhouse` bills an id again at another time, `postgres` refuses it */
export async function openStage(lagoStore: 'clickhouse' | 'postgres'): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'meterbridge-chaos-'));
  const configFile = join(folder, 'meterbridge.config.yaml');
  await writeFile(configFile, CONFIG);
  const logs = openLogWatch(join(folder, 'processes.log'), NEVER_SHOWN);
  const sandbox = await startSandbox({
    lago: { apiKey: LAGO_KEY, store: lagoStore },
    hyperline: { apiKey: HYPERLINE_KEY },
    latencyMs: ANSWER_MS,
    keepEvents: 300_000,
  });
  let servers = 1;
  const startRedis = () => startLocalRedis({ dataDir: join(folder, `redis-${servers++}`) });
  let redis = await startRedis();
  let look = connectTo(redis);
  let isRedisDown = false;

  const base = {
    METERBRIDGE_CONFIG: configFile,
    SEGMENT_WRITE_KEY: WRITE_KEY,
    LAGO_API_KEY: LAGO_KEY,
    HYPERLINE_API_KEY: HYPERLINE_KEY,
    LOG_LEVEL: 'debug',
  };
  const start = (role: Member['role'], number: number) =>
    startMember({
      name: `${role} ${number}`,
      role,
      env: base,
      redisPort: redis.port,
      apiPort: sandbox.port,
      logs,
    });
  const receivers = await Promise.all(Array.from({ length: RECEIVERS }, (_, n) => start('receiver', n + 1)));
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, n) => start('worker', n + 1)));
  const members = [...receivers, ...workers];
  await Promise.all(members.map((member) => member.untilReady()));

  return {
    folder,
    sandbox,
    receivers,
    workers,
    logs,
    get redis() {
      return redis;
    },
    get look() {
      return look;
    },
    get isRedisDown() {
      return isRedisDown;
    },
    env: () => ({
      ...base,
      REDIS_URL: redis.url,
      LAGO_API_URL: sandbox.lago.url,
      HYPERLINE_API_URL: sandbox.hyperline.url,
    }),
    async killRedis(backAfterMs) {
      isRedisDown = true;
      await redis.kill('SIGKILL');
      await sleep(backAfterMs);
      await redis.restart();
      isRedisDown = false;
    },
    async failOver({ cut }) {
      const next = await startRedis();
      const nextLook = connectTo(next);
      await nextLook.replicaof('127.0.0.1', redis.port);
      // By the master's word: the replica's own link is up before that.
      const online = `port=${next.port},state=online`;
      await untilTrue(async () => (await look.info('replication')).includes(online));
      await look.call('FAILOVER', 'TO', '127.0.0.1', String(next.port), 'TIMEOUT', '10000');
      await untilTrue(async () => (await nextLook.info('replication')).includes('role:master'));
      for (const { redisLink } of members) {
        redisLink.leadTo(next.port);
        if (cut) redisLink.cut();
      }
      const [oldLook, old] = [look, redis];
      look = nextLook;
      redis = next;
      // The old one stays for a while, as a replica that refuses to write.
      await sleep(3_000);
      oldLook.disconnect();
      await old.stop();
    },
    async close({ keep }) {
      await Promise.all(members.map((member) => member.stop()));
      look.disconnect();
      await redis.stop();
      await sandbox.close();
      await logs.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
}

function connectTo(redis: LocalRedis): Redis {
  const client = new Redis(redis.url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  return client;
}

async function untilTrue(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the replica did not take over within half a minute');
    await sleep(20);
  }
}
