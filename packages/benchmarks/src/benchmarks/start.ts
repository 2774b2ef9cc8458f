import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { lagoConfig } from '../config.js';
import { type Started, startReceiver, startWorker } from '../designs.js';
import { prepareClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { median } from '../statistics.js';

/** Milliseconds of the first event that a worker sends. */
type First = { limiterWaitMs: number; untilStoredMs: number };

export type StartFigures = Record<'newRedis' | 'aSecondLater' | 'workerAgain', First[]>;

const LIMIT = { requestsPerSecond: 50, concurrency: 4, batchSize: 100 };
/** Three script calls are no wait: what they take on a busy machine. */
const NO_WAIT_MS = 20;
/** On a Redis that knows of no starts, the limiter lets a second pass: there may have been any. */
const A_SECOND_MS = 1_100;

/** How long the first event waits that comes after a start. */
export const start: Benchmark = {
  name: 'start',
  what: 'the first event after a start waits for the limiter: on a new Redis, and after the worker alone',
  seconds: { whole: 50, short: 12 },
  async run({ short }) {
    const firsts: StartFigures = { newRedis: [], aSecondLater: [], workerAgain: [] };
    for (let round = 0; round < (short ? 1 : 5); round += 1) {
      firsts.newRedis.push((await startOnNewRedis(0)).first);
      const { first, again } = await startOnNewRedis(A_SECOND_MS);
      firsts.aSecondLater.push(first);
      firsts.workerAgain.push(again);
    }
    const of = (list: First[], read: (first: First) => number) => median(list.map(read));
    const row = (what: string, list: First[]) => [
      what,
      number(
        of(list, ({ limiterWaitMs }) => limiterWaitMs),
        1,
      ),
      number(
        of(list, ({ untilStoredMs }) => untilStoredMs),
        1,
      ),
    ];
    const held = [firsts.aSecondLater, firsts.workerAgain];
    const worst = Math.max(...held.map((list) => of(list, (each) => each.limiterWaitMs)));
    return {
      tables: [
        {
          head: ['the first event after a start, ms', 'in the limiter', 'until stored'],
          rows: [
            row('of all, on a new Redis, at once', firsts.newRedis),
            row('of all, on a new Redis, a second later', firsts.aSecondLater),
            row('of the worker alone, at once', firsts.workerAgain),
          ],
        },
      ],
      goals: [
        {
          what: 'wait of the first event in the limiter',
          value: worst,
          unit: 'ms',
          atMost: NO_WAIT_MS,
        },
      ],
      figures: firsts,
    };
  },
};

/** All start on a new Redis; after the first event the worker ends, and another one starts. */
async function startOnNewRedis(waitMs: number): Promise<{ first: First; again: First }> {
  const stage = await openStage({ config: lagoConfig(LIMIT) });
  try {
    const { url } = await startReceiver(stage);
    const worker = await startWorker(stage);
    await sleep(waitMs);
    const first = await sendOne(stage, url, worker, 1);
    await worker.process.stop();
    return { first, again: await sendOne(stage, url, await startWorker(stage), 2) };
  } finally {
    await stage.close();
  }
}

/** @param nth which event of this stage it is */
async function sendOne(stage: Stage, url: string, worker: Started, nth: number): Promise<First> {
  const load = await prepareClosed({ url, events: 1, perRequest: 1 });
  // The load generator ends on a whole second.
  const [{ startedAt }, storedAt] = await Promise.all([load.go(), stage.sandbox.untilStored(nth)]);
  return { limiterWaitMs: await readLimiterWaitMs(worker), untilStoredMs: storedAt - startedAt };
}

/** What the worker's requests have waited for in the limiter so far, as its metrics say once one is answered. */
async function readLimiterWaitMs({ url }: Started): Promise<number> {
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const seconds = /^meterbridge_limiter_wait_seconds_sum\{.*\} (.+)$/m.exec(metrics)?.[1];
    if (seconds !== undefined && Number(seconds) > 0) return Number(seconds) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
