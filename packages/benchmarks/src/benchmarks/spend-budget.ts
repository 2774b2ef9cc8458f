import { setTimeout as sleep } from 'node:timers/promises';
import { lagoConfig } from '../config.js';
import { type Started, startReceiver, startWorker } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { mostWithin } from '../statistics.js';
import { watch } from '../watch.js';

const API_LATENCY_MS = 20;
const BATCH_SIZE = 20;

type Window = { what: string; perSecond: number; share: number };

export type Spent = Awaited<ReturnType<typeof spendBudget>>;

/** More waits than the limit can carry, while workers come and one is killed. */
export async function spendBudget(
  requestsPerSecond: number,
  secondsEach: number,
  say: (line: string) => void,
) {
  const config = lagoConfig({ requestsPerSecond, concurrency: 4, batchSize: BATCH_SIZE });
  const stage = await openStage({ config, latencyMs: API_LATENCY_MS });
  const starts = watchStarts(stage);
  try {
    const { url } = await startReceiver(stage);
    const seconds = 5 * secondsEach + 20;
    await sendClosed({ url, events: requestsPerSecond * BATCH_SIZE * seconds, perRequest: 100 });
    const workers: Started[] = [];
    const watching = watch(
      async () => ({ requests: (await stage.sandbox.look()).requests, workers: workers.length }),
      250,
    );
    const windows: Window[] = [];
    const observe = async (what: string) => {
      const perSecond = await countRequests(stage, secondsEach);
      windows.push({ what, perSecond, share: perSecond / requestsPerSecond });
      say(`${what}: ${number((perSecond / requestsPerSecond) * 100, 1)} % of the budget`);
    };
    for (const count of [1, 2, 4]) {
      while (workers.length < count) workers.push(await startWorker(stage));
      // On a new Redis the limiter lets one second pass: it cannot know what was sent in it.
      await sleep(2_000);
      await observe(`${count} worker${count === 1 ? '' : 's'}`);
    }
    await workers.pop()!.process.kill();
    await observe('one of 4 killed');
    const timeline = await watching.stop();
    const { requestsPerSecondPeak } = await stage.sandbox.look();
    await stage.command('audit');
    return {
      windows,
      timeline,
      mostArrivals: requestsPerSecondPeak,
      mostStarts: mostWithin(starts.stop(), 1_000),
    };
  } finally {
    starts.stop();
    await stage.close();
  }
}

/** Requests a second over a while. */
async function countRequests(stage: Stage, seconds: number): Promise<number> {
  const look = async () => ({ requests: (await stage.sandbox.look()).requests, at: performance.now() });
  const before = await look();
  await sleep(seconds * 1_000);
  const after = await look();
  return (after.requests - before.requests) / ((after.at - before.at) / 1_000);
}

/** Collects the limiter's own log of starts, which keeps the latest second only. */
function watchStarts(stage: Stage): { stop(): number[] } {
  const starts = new Set<number>();
  const timer = setInterval(async () => {
    const log = await stage.redis.lrange('b_meterbridge:{lago}_starts', 0, -1).catch(() => []);
    // What stands for the second before the limiter knew anything has no milliseconds: no starts.
    const latest = new Set(log.filter((start) => /\.\d{3}$/.test(start)).map(Number));
    const oldest = Math.min(...latest);
    // One that came too late to be used was taken back.
    for (const start of starts) if (start >= oldest && !latest.has(start)) starts.delete(start);
    for (const start of latest) starts.add(start);
  }, 200);
  return {
    stop() {
      clearInterval(timer);
      return [...starts];
    },
  };
}
