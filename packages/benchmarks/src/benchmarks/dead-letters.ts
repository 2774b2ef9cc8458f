import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { startReceiver, startWorker } from '../designs.js';
import { prepareClosed, prepareOpen, sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { percentile } from '../statistics.js';
import { watch } from '../watch.js';

const LETTERS = 100_000;
/** What a wrong mapping makes of a minute of events, in which the good ones are to be hardly later. */
const BURST = 10_000;
/** The good ones that came with the last of the wrong ones are stored by then. */
const AFTER_MS = 1_000;
/** Good events, all the time; a tenth of what the machine can carry leaves room for nothing to hide in. */
const GOOD_PER_SECOND = 5_000;
const GOOD_PER_REQUEST = 50;
const WARM_UP_SECONDS = 4;

type Flow = Awaited<ReturnType<typeof measureFlow>>;

export type DeadLettersFigures = Flow & { bytesEach: number; burst: Flow };

/** What many wrong events at once cost: Redis' memory, and the good events beside them. */
export const deadLetters: Benchmark = {
  name: 'dead-letters',
  what: '100,000 events that cannot be mapped at once: bytes of each, and the good ones beside them',
  seconds: { whole: 100, short: 45 },
  async run({ short, say }) {
    const letters = short ? LETTERS / 5 : LETTERS;
    const stage = await openStage();
    try {
      const { url } = await startReceiver(stage);
      await startWorker(stage);
      const bytesEach = await measureBytes(stage, url, letters);
      say(`${number(letters)} dead letters, ${number(bytesEach)} bytes each`);
      const burst = await measureFlow(stage, url, BURST, short ? 4 : 10);
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
          {
            head: [`stored p95 of good events, ms`, 'before', 'meanwhile'],
            rows: [burst, flow].map(({ letters, beforeP95Ms, duringP95Ms }) => [
              `${number(letters)} wrong ones at once`,
              number(beforeP95Ms),
              number(duringP95Ms),
            ]),
          },
        ],
        goals: [
          { what: 'Redis bytes a dead letter', value: bytesEach, atMost: 400 },
          { what: 'good events, meanwhile to before', value: ratio, atLeast: 0.9 },
          {
            what: `stored p95 beside ${number(BURST)} wrong ones, of before`,
            value: burst.duringP95Ms / burst.beforeP95Ms,
            atMost: 2,
          },
        ],
        figures: { bytesEach, burst, ...flow } satisfies DeadLettersFigures,
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
  const storedAlready = (await stage.sandbox.look()).ledger.keys;
  const look = async () => ({
    at: performance.now(),
    stored: (await stage.sandbox.look()).ledger.keys,
    dead: await countDead(stage),
  });
  const watching = watch(look, 250);
  const sending = good.go();
  await stage.sandbox.untilStored(storedAlready + untimed);
  const begin = await look();
  await sleep(secondsBefore * 1_000);
  const burst = await look();
  await Promise.all([wrong.go(), untilDead(stage, dead + letters)]);
  const over = await look();
  await sleep(AFTER_MS);
  const after = await look();
  const sent = await sending;
  const timeline = await watching.stop();
  await stage.sandbox.untilStored(storedAlready + sent.events);
  const ages = await stage.sandbox.ages(0);
  await stage.command('audit', '--wait', '10');
  const rate = (from: typeof begin, to: typeof begin) =>
    (to.stored - from.stored) / ((to.at - from.at) / 1_000);
  return {
    letters,
    secondsUntilDead: (over.at - burst.at) / 1_000,
    beforePerSecond: rate(begin, burst),
    duringPerSecond: rate(burst, over),
    beforeP95Ms: percentile(ages.slice(begin.stored, burst.stored), 0.95),
    duringP95Ms: percentile(ages.slice(burst.stored, after.stored), 0.95),
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
