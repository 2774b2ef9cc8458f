import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, jest } from '@jest/globals';
import { openOperations, type ReplayRunner, startReplayRunner } from '@meterbridge/operations';
import {
  type Account,
  connectConsumer,
  connectProducer,
  DeliveryWriter,
  type RejectedEvent,
  readAccount,
} from '@meterbridge/queue';
import { waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { type RedisWay, useRedisWays } from '../../../packages/queue/test/redis-way.js';
import { useReplicatedRedis } from '../../../packages/queue/test/replicated-redis.js';
import { readConfig } from '../src/load-context.js';
import { makeTracks } from './retrying-client.js';
import { CONFIG, HYPERLINE_KEY, LAGO_KEY, WRITE_KEY } from './stack-config.js';

/** A master with a replica, and a way to whichever of them is the master. */
export type FailingOver = {
  way: RedisWay;
  folder: string;
  /** What commands have printed in this process. */
  output(): string;
  /** The receiver's dead letters, which are Segment events by the configuration of now. */
  reject(count: number, changes?: Partial<RejectedEvent>): Promise<void>;
  account(destination: string): Promise<Account>;
  /** Looks at the server that is the master in the end. */
  look(): Redis;
  /** What holds this text reaches the old master alone, which answers; nothing else changes. */
  loseAt(text: string): void;
  /** Looks at the old master, which goes on alone. */
  lookAtOld(): Redis;
  /** The replica that was lost so is one again. */
  comeBack(): Promise<void>;
  /**
   * The same; behind that answer every connection leads to the new master, which has the old one as its replica
   * soon.
   * @param times how many such requests pass before
   */
  changeOverAt(text: string, times?: number): void;
};

/** Call at the top of a test file. Commands are run in this process, by their own functions. */
export function useFailingOver() {
  const openWay = useRedisWays();
  const replicated = useReplicatedRedis();
  const environment = { ...process.env };
  const rejoining: Promise<void>[] = [];
  const clients: Redis[] = [];
  let rejoinLater: (() => Promise<void>) | undefined;
  const runners: ReplayRunner[] = [];
  let undo = async () => {};
  let old: Awaited<ReturnType<typeof replicated.master>> | undefined;
  let folder = '';
  let printed: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterbridge-failing-over-'));
    printed = [];
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((piece) => printed.push(String(piece)) > 0);
    }
  });

  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
    jest.restoreAllMocks();
    process.env = { ...environment };
    process.exitCode = 0;
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all([...rejoining.splice(0), rejoinLater?.()]);
    rejoinLater = undefined;
    await rm(folder, { recursive: true });
  });

  async function open({ config = CONFIG } = {}): Promise<FailingOver> {
    let master = await replicated.master();
    await master.connect().flushall();
    const way = await openWay(master.redis.port);
    const file = join(folder, 'meterbridge.config.yaml');
    await writeFile(file, config.replaceAll(/requestsPerSecond: \d+/g, 'requestsPerSecond: unlimited'));
    Object.assign(process.env, {
      METERBRIDGE_CONFIG: file,
      REDIS_URL: way.url,
      SEGMENT_WRITE_KEY: WRITE_KEY,
      LAGO_API_URL: 'http://127.0.0.1:9',
      LAGO_API_KEY: LAGO_KEY,
      HYPERLINE_API_URL: 'http://127.0.0.1:9',
      HYPERLINE_API_KEY: HYPERLINE_KEY,
      TMPDIR: folder,
    });
    const split = async () => {
      const split = await replicated.splitOff();
      master = split.next;
      old = split.old;
      rejoinLater = split.rejoin;
      undo = async () => {
        rejoinLater = undefined;
        master = split.old;
        await split.undo();
      };
    };
    const leadOn = () => {
      way.leadTo(master.redis.port);
      way.cut();
      const rejoin = rejoinLater!;
      rejoinLater = undefined;
      rejoining.push(rejoin());
    };
    const changeOverAt: FailingOver['changeOverAt'] = (text, times = 0) => {
      if (times === 0) way.around(text, split, leadOn);
      else way.around(text, async () => changeOverAt(text, times - 1));
    };
    const looking = connectConsumer(way.url, () => {});
    clients.push(looking);
    // As a worker does, and nothing else of one.
    runners.push(
      startReplayRunner({
        redis: looking,
        destinations: () => ['lago', 'hyperline'],
        open: () => openOperations(readConfig(process.env), { actor: 'a worker', scrub: (text) => text }),
      }),
    );
    return {
      way,
      folder,
      output: () => printed.join('\n'),
      look: () => master.connect(),
      account: (destination) => readAccount(destination, master.connect()),
      lookAtOld: () => old!.connect(),
      loseAt: (text) => way.around(text, split),
      comeBack: () => undo(),
      changeOverAt,
      async reject(count, changes = {}) {
        const redis = connectProducer(master.url, () => {});
        clients.push(redis);
        await waitFor(() => redis.status === 'ready', { what: 'the connection' });
        const writer = new DeliveryWriter({ redis, destinations: [], replicas: 1 });
        const rejected = makeTracks(count).map(
          (raw): RejectedEvent => ({
            ...{ source: 'backend', via: 'tracking', reason: 'too_old', detail: 'too old', raw },
            receivedAt: new Date().toISOString(),
            ...changes,
          }),
        );
        await writer.commit([], rejected);
      },
    };
  }
  return { open };
}
