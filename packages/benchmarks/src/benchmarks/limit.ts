import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { hyperlineConfig, lagoConfig } from '../config.js';
import { type Started, startReceiver, startWorker } from '../designs.js';
import { sendClosed, sendOpen } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { mostWithin, percentile } from '../statistics.js';

export type LimitFigures = {
  filled: Awaited<ReturnType<typeof fillRequests>>;
  spent: Awaited<ReturnType<typeof spendBudget>>;
};

const REQUESTS_PER_SECOND = 50;
const API_LATENCY_MS = 20;

/** A limited API, used whole and never overused; and arrivals one by one that fill its requests. */
export const limit: Benchmark = {
  name: 'limit',
  what: 'an API that allows 50 requests a second: filled requests, and the budget over 1, 2 and 4 workers',
  seconds: { whole: 150, short: 45 },
  async run({ short, say }) {
    const filled = short ? await fillRequests(1_000, 5) : await fillRequests(5_000, 20);
    say(
      `filled: ${number(filled.arrivedPerSecond)} events/s came, ${number(filled.storedPerSecond)} were stored`,
    );
    const spent = await spendBudget(short ? 5 : 20, say);
    const shares = spent.windows.map(({ share }) => share);
    return {
      tables: [
        {
          head: ['50 requests a second allowed, events one by one', ''],
          rows: [
            ['events/s that came', number(filled.arrivedPerSecond)],
            ['events/s stored', number(filled.storedPerSecond)],
            ['requests/s', number(filled.requestsPerSecond, 1)],
            ['events a request', number(filled.eventsPerRequest, 1)],
            [
              'receipt to stored p50, first and last quarter, ms',
              filled.p50Ms.map((ms) => number(ms)).join(', '),
            ],
            [
              'receipt to stored p95, first and last quarter, ms',
              filled.p95Ms.map((ms) => number(ms)).join(', '),
            ],
            ['answer p99, ms', number(filled.ackP99Ms)],
          ],
        },
        {
          head: ['50 requests a second allowed, more than that waiting', 'requests/s', 'of the budget, %'],
          rows: spent.windows.map(({ what, perSecond, share }) => [
            what,
            number(perSecond, 2),
            number(share * 100, 1),
          ]),
        },
        {
          head: ['most in any second', 'requests'],
          rows: [
            ['arrivals at the API', number(spent.mostArrivals)],
            ["starts, by the limiter's own log", number(spent.mostStarts)],
          ],
        },
      ],
      goals: [
        {
          what: 'stored of what comes one by one',
          value: filled.storedPerSecond / filled.arrivedPerSecond,
          atLeast: 0.98,
        },
        { what: 'of the budget used, at the least', value: Math.min(...shares), atLeast: 0.98 },
        { what: 'arrivals in any second', value: spent.mostArrivals, atMost: REQUESTS_PER_SECOND },
        { what: 'starts in any second', value: spent.mostStarts, atMost: REQUESTS_PER_SECOND },
      ],
      figures: { filled, spent } satisfies LimitFigures,
    };
  },
};

/** Events that come one by one, to Hyperline, which takes up to 1,000 in a request. */
async function fillRequests(eventsPerSecond: number, seconds: number) {
  const config = hyperlineConfig({
    requestsPerSecond: REQUESTS_PER_SECOND,
    concurrency: 4,
    batchSize: 1_000,
  });
  const stage = await openStage({ config, latencyMs: API_LATENCY_MS });
  try {
    const receivers = await Promise.all([startReceiver(stage), startReceiver(stage)]);
    await startWorker(stage);
    const urls = receivers.map(({ url }) => url);
    const send = (forSeconds: number) =>
      sendOpen({ urls, events: eventsPerSecond * forSeconds, perRequest: 1, eventsPerSecond });
    const warmUp = (await send(3)).events;
    await stage.sandbox.untilStored(warmUp, 'hyperline');
    const look = async () => ({ ...(await stage.sandbox.look('hyperline')), at: performance.now() });
    const sending = send(seconds);
    await stage.sandbox.untilStored(warmUp + eventsPerSecond, 'hyperline');
    const before = await look();
    const sent = await sending;
    const after = await look();
    await stage.sandbox.untilStored(warmUp + sent.events, 'hyperline');
    const stored = after.ledger.keys - before.ledger.keys;
    const ages = await stage.sandbox.ages(warmUp, 'hyperline');
    const quarters = [ages.slice(0, ages.length / 4), ages.slice(-ages.length / 4)];
    return {
      arrivedPerSecond: eventsPerSecond,
      storedPerSecond: stored / ((after.at - before.at) / 1_000),
      eventsPerRequest: stored / (after.requests - before.requests),
      requestsPerSecond: (after.requests - before.requests) / ((after.at - before.at) / 1_000),
      p50Ms: quarters.map((each) => percentile(each, 0.5)),
      p95Ms: quarters.map((each) => percentile(each, 0.95)),
      ackP99Ms: sent.p99Ms,
    };
  } finally {
    await stage.close();
  }
}

type Window = { what: string; perSecond: number; share: number };

/** More waits than the limit can carry, while workers come and one is killed. */
async function spendBudget(secondsEach: number, say: (line: string) => void) {
  const config = lagoConfig({ requestsPerSecond: REQUESTS_PER_SECOND, concurrency: 4, batchSize: 20 });
  const stage = await openStage({ config, latencyMs: API_LATENCY_MS });
  const starts = watchStarts(stage);
  try {
    const { url } = await startReceiver(stage);
    const seconds = 5 * secondsEach + 20;
    await sendClosed({ url, events: REQUESTS_PER_SECOND * 20 * seconds, perRequest: 100 });
    const workers: Started[] = [];
    const windows: Window[] = [];
    const began = Date.now();
    const timeline: { second: number; requests: number; workers: number }[] = [];
    const observe = async (what: string) => {
      const window = await watchWindow(stage, secondsEach, (requests) =>
        timeline.push({ second: (Date.now() - began) / 1_000, requests, workers: workers.length }),
      );
      windows.push({ what, ...window });
      say(`${what}: ${number(window.share * 100, 1)} % of the budget`);
    };
    for (const count of [1, 2, 4]) {
      while (workers.length < count) workers.push(await startWorker(stage));
      // On a new Redis the limiter lets one second pass: it cannot know what was sent in it.
      await sleep(2_000);
      await observe(`${count} worker${count === 1 ? '' : 's'}`);
    }
    await workers.pop()!.process.kill();
    await observe('one of 4 killed');
    const seen = await stage.sandbox.look();
    await stage.command('audit');
    return {
      windows,
      timeline,
      mostArrivals: seen.requestsPerSecondPeak,
      mostStarts: mostWithin(starts.stop(), 1_000),
    };
  } finally {
    starts.stop();
    await stage.close();
  }
}

/** Requests a second over a while, told every quarter of a second. */
async function watchWindow(
  stage: Stage,
  seconds: number,
  tell: (requests: number) => void,
): Promise<Omit<Window, 'what'>> {
  const look = async () => ({ requests: (await stage.sandbox.look()).requests, at: performance.now() });
  const first = await look();
  let last = first;
  while (last.at < first.at + seconds * 1_000) {
    await sleep(250);
    last = await look();
    tell(last.requests);
  }
  const perSecond = (last.requests - first.requests) / ((last.at - first.at) / 1_000);
  return { perSecond, share: perSecond / REQUESTS_PER_SECOND };
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
