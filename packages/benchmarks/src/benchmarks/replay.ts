import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { lagoConfig, UNLIMITED } from '../config.js';
import { startOrdinaryReceiver, startOrdinaryWorker, startReceiver, startWorker } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { runCommand } from '../processes.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';

/** How long it takes from the command that puts dead events back until all of them are stored. */
type Replayed = { events: number; seconds: number; eventsPerSecond: number };

export const replay: Benchmark = {
  name: 'replay',
  what: '100,000 dead letters, from the command until all are stored, beside retrying failed jobs',
  seconds: { whole: 60, short: 25 },
  async run({ short }) {
    const ours = await replayLetters(short ? 20_000 : 100_000);
    const ordinary = await retryJobs(short ? 2_000 : 10_000);
    const row = (what: string, { events, seconds, eventsPerSecond }: Replayed) => [
      what,
      number(events),
      number(seconds, 1),
      number(eventsPerSecond),
    ];
    return {
      tables: [
        {
          head: ['dead events, from the command until all are stored', 'events', 'seconds', 'events/s'],
          rows: [
            row('ordinary: job.retry() of each', ordinary),
            row('meterbridge dead-letters replay', ours),
          ],
        },
      ],
      goals: [{ what: 'replayed', value: ours.eventsPerSecond, unit: 'events/s', atLeast: 5_000 }],
      figures: { ordinary, meterbridge: ours },
    };
  },
};

/** Dead letters of a wrong mapping; the rule is mended, a worker runs, and the command is given. */
async function replayLetters(events: number): Promise<Replayed> {
  const mended = lagoConfig(UNLIMITED);
  const stage = await openStage({ config: mended.replace('properties.tokens', 'properties.tokens_used') });
  try {
    const receiver = await startReceiver(stage);
    const worker = await startWorker(stage);
    await sendClosed({ url: receiver.url, events, perRequest: 100 });
    await untilDead(async () => Number(await stage.redis.hget('meterbridge:{lago}:ledger', 'dead')), events);
    await worker.process.stop();
    await stage.configure(mended);
    await startWorker(stage);
    return await measure(stage, events, () =>
      stage.command('dead-letters', 'replay', '--all', '--yes', '--json'),
    );
  } finally {
    await stage.close();
  }
}

/** BullMQ's own failed jobs, an event each, retried one by one. */
async function retryJobs(events: number): Promise<Replayed> {
  const stage = await openStage();
  try {
    const url = await startOrdinaryReceiver(stage);
    const wrong = await startOrdinaryWorker(stage, { WRONG_MAPPING: 'yes' });
    await sendClosed({ url, events, perRequest: 100 });
    await untilDead(() => stage.redis.zcard('bull:ordinary:failed'), events);
    await wrong.stop();
    await startOrdinaryWorker(stage);
    return await measure(stage, events, () => runCommand('./programs/retry-failed.js', [], stage.env));
  } finally {
    await stage.close();
  }
}

async function untilDead(dead: () => Promise<number>, events: number): Promise<void> {
  while ((await dead()) < events) await sleep(100);
}

async function measure(stage: Stage, events: number, command: () => Promise<void>): Promise<Replayed> {
  const began = Date.now();
  const [storedAt] = await Promise.all([stage.sandbox.untilStored(events), command()]);
  const seconds = (storedAt - began) / 1_000;
  return { events, seconds, eventsPerSecond: events / seconds };
}
