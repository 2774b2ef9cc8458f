import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { startReceiver, startWorker } from '../designs.js';
import { prepareClosed, prepareOpen, sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { watch } from '../watch.js';

const LETTERS = 100_000;
/** Good events, all the time; a tenth of what the machine can carry leaves room for nothing to hide in. */
const GOOD_PER_SECOND = 5_000;
const GOOD_PER_REQUEST = 50;
const WARM_UP_SECONDS = 4;

export type DeadLettersFigures = Awaited<ReturnType<typeof measureFlow>> & { bytesEach: number };

/** What many wrong events at once cost: Redis' memory, and the good events beside them. */
export const deadLetters: Benchmark = {
  name: 'dead-letters',
  what: '100,000 events that cannot be mapped at once: bytes of each, and the good ones beside them',
  seconds: { whole: 60, short: 30 },
  async run({ short, say }) {
    const letters = short ? LETTERS / 5 : LETTERS;
    const stage = await openStage();
    try {
      const { url } = await startReceiver(stage);
      await startWorker(stage);
      const bytesEach = await measureBytes(stage, url, letters);
      say(`${number(letters)} dead letters, ${number(bytesEach)} bytes each`);
      const flow = await measureFlow(stage, url, letters, short ? 8 : 20);
      const ratio = flow.duringPerSecond / flow.beforePerSecond;
      return {
        tables: [
          {
            head: [`${number(letters)} wrong events at once`, ''],
            rows: [
              ['Redis bytes a dead letter', number(bytesEach)],
              ['seconds until all are dead letters', number(flow.secondsUntilDead, 1)],
              ['good events/s before', number(flow.beforePerSecond)],
              ['good events/s meanwhile', number(flow.duringPerSecond)],
              ['good events, answer p99 over all, ms', number(flow.ackP99Ms)],
            ],
          },
        ],
        goals: [
          { what: 'Redis bytes a dead letter', value: bytesEach, atMost: 400 },
          { what: 'good events, meanwhile to before', value: ratio, atLeast: 0.9 },
        ],
        figures: { bytesEach, ...flow } satisfies DeadLettersFigures,
      };
    } finally {
      await stage.close();
    }
  },
};

async function measureBytes(stage: Stage, url: string, letters: number): Promise<number> {
  // What exists once: scripts, the stream's first nodes, the hour's cell.
  await sendClosed({ url, events: 1_000, perRequest: 100, unmappable: true });
  await untilDead(stage, 1_000);
  const before = await stage.redisFigure('used_memory');
  await sendClosed({ url, events: letters, perRequest: 100, unmappable: true });
  await untilDead(stage, letters + 1_000);
  return ((await stage.redisFigure('used_memory')) - before) / letters;
}

/** Good events come steadily; the wrong ones come at once in their midst. */
async function measureFlow(stage: Stage, url: string, letters: number, secondsBefore: number) {
  const arrivals = { urls: [url], perRequest: GOOD_PER_REQUEST, eventsPerSecond: GOOD_PER_SECOND };
  const seconds = secondsBefore * 3;
  const untimed = GOOD_PER_SECOND * WARM_UP_SECONDS;
  const good = await prepareOpen({ ...arrivals, events: untimed + GOOD_PER_SECOND * seconds, untimed });
  const wrong = await prepareClosed({ url, events: letters, perRequest: 100, unmappable: true });
  const dead = await countDead(stage);
  const look = async () => ({
    at: performance.now(),
    stored: (await stage.sandbox.look()).ledger.keys,
    dead: await countDead(stage),
  });
  const watching = watch(look, 250);
  const sending = good.go();
  await stage.sandbox.untilStored(untimed);
  const begin = await look();
  await sleep(secondsBefore * 1_000);
  const burst = await look();
  await Promise.all([wrong.go(), untilDead(stage, dead + letters)]);
  const over = await look();
  const sent = await sending;
  const timeline = await watching.stop();
  await stage.sandbox.untilStored(sent.events);
  await stage.command('audit', '--wait', '10');
  const rate = (from: typeof begin, to: typeof begin) =>
    (to.stored - from.stored) / ((to.at - from.at) / 1_000);
  return {
    letters,
    secondsUntilDead: (over.at - burst.at) / 1_000,
    beforePerSecond: rate(begin, burst),
    duringPerSecond: rate(burst, over),
    ackP99Ms: sent.p99Ms,
    timeline,
  };
}

async function untilDead(stage: Stage, letters: number): Promise<void> {
  while ((await countDead(stage)) < letters) await sleep(20);
}

function countDead(stage: Stage): Promise<number> {
  return stage.redis.xlen('meterbridge:{lago}:dead-letters');
}
