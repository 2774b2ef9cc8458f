import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { lagoConfig } from '../config.js';
import { machineCpuSeconds } from '../cpu.js';
import { type Started, startReceiver, startWorker } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';

const API_LATENCY_MS = 20;
/** One worker then makes 2 requests each 20 ms: the API's pace, and not this machine's, is what counts. */
const LIMIT = { requestsPerSecond: 'unlimited', concurrency: 2, batchSize: 20 } as const;
/** What 8 workers take in a second at most. */
const MOST_PER_SECOND = (8 * LIMIT.concurrency * LIMIT.batchSize * 1_000) / API_LATENCY_MS;
/** From here on the machine is the limit. */
const CPU_FULL = 0.9;

type Trial = {
  workers: number;
  eventsPerSecond: number;
  /** Of what the same number of lone workers would do. */
  ofLinear: number;
  /** Of all cores, whoever uses them. */
  cpuShare: number;
};

export type WorkersFigures = { trials: Trial[] };

/** What more workers add while the API is what one waits for; they come and go while events are delivered. */
export const workers: Benchmark = {
  name: 'workers',
  what: '1, 2, 4 and 8 workers for an API that takes 20 ms, added and removed under load',
  seconds: { whole: 80, short: 45 },
  async run({ short, say }) {
    const seconds = short ? 4 : 10;
    const trials = await addAndRemove(seconds, say);
    const free = trials.filter(({ workers, cpuShare }) => workers > 1 && cpuShare < CPU_FULL);
    // On a machine that others use whole, nothing can be said.
    const lowest = free.length > 0 ? Math.min(...free.map(({ ofLinear }) => ofLinear)) : Number.NaN;
    return {
      tables: [
        {
          head: ['an API that takes 20 ms a request', 'events/s', 'of linear', 'CPU, %'],
          rows: trials.map(({ workers, eventsPerSecond, ofLinear, cpuShare }) => [
            `${workers} worker${workers === 1 ? '' : 's'}`,
            number(eventsPerSecond),
            number(ofLinear, 2),
            `${number(cpuShare * 100)}${cpuShare < CPU_FULL ? '' : ' (full)'}`,
          ]),
        },
      ],
      goals: [{ what: 'of linear, at the least, while there is CPU left', value: lowest, atLeast: 0.85 }],
      figures: { trials } satisfies WorkersFigures,
    };
  },
};

async function addAndRemove(seconds: number, say: (line: string) => void): Promise<Trial[]> {
  const stage = await openStage({ config: lagoConfig(LIMIT), latencyMs: API_LATENCY_MS });
  try {
    const { url } = await startReceiver(stage);
    // The windows of 1, 2, 4 and 8, as much again while workers start, and what is left for the way down.
    const events = Math.ceil(((MOST_PER_SECOND * seconds * 2.5) / 100) * 100);
    await sendClosed({ url, events, perRequest: 100 });
    const running: Started[] = [];
    const trials: Trial[] = [];
    for (const count of [1, 2, 4, 8]) {
      while (running.length < count) running.push(await startWorker(stage));
      await sleep(1_500);
      const { eventsPerSecond, cpuShare } = await watch(stage, seconds);
      const alone = trials[0]?.eventsPerSecond ?? eventsPerSecond;
      trials.push({ workers: count, eventsPerSecond, ofLinear: eventsPerSecond / (alone * count), cpuShare });
      say(`${count}: ${number(eventsPerSecond)} events/s, CPU ${number(cpuShare * 100)} %`);
    }
    // Away again, in order and by force, with requests on their way.
    for (const each of running.splice(0, 6)) await each.process.stop();
    await running.pop()!.process.kill();
    await stage.sandbox.untilStored(events);
    await stage.command('audit', '--wait', '60');
    const { events: counts, ledger } = await stage.sandbox.look();
    if (counts.stored !== events || ledger.changed > 0)
      throw new Error(`${counts.stored} of ${events} are stored`);
    return trials;
  } finally {
    await stage.close();
  }
}

async function watch(stage: Stage, seconds: number): Promise<{ eventsPerSecond: number; cpuShare: number }> {
  const look = async () => ({
    stored: (await stage.sandbox.look()).ledger.keys,
    at: performance.now(),
    cpu: await machineCpuSeconds(),
  });
  const before = await look();
  await sleep(seconds * 1_000);
  const after = await look();
  const tookSeconds = (after.at - before.at) / 1_000;
  return {
    eventsPerSecond: (after.stored - before.stored) / tookSeconds,
    cpuShare: (after.cpu - before.cpu) / (tookSeconds * cpus().length),
  };
}
