import type { Benchmark } from '../benchmark.js';
import { type Limit, lagoConfig } from '../config.js';
import { type Design, meterbridge, ordinary } from '../designs.js';
import { sendOpen } from '../load/load.js';
import { number } from '../report.js';
import { openStage } from '../stage.js';
import { medians, percentile } from '../statistics.js';

/** What Lago's cloud allows us by default, and an API that takes its time. */
const LIMIT: Limit = { requestsPerSecond: 400, concurrency: 8, batchSize: 100 };
const API_LATENCY_MS = 20;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;
const ROUNDS = 3;

type Arrivals = { eventsPerSecond: number; perRequest: number };
const SINGLE: Arrivals = { eventsPerSecond: 1_000, perRequest: 1 };
const BATCHES: Arrivals = { eventsPerSecond: 10_000, perRequest: 20 };

/** Milliseconds: until the answer, and until the event is stored at the destination. */
type Trial = {
  ackP50: number;
  ackP99: number;
  ackMax: number;
  storedP50: number;
  storedP95: number;
  storedP99: number;
};

export type LatencyFigures = { cases: { what: string; median: Trial; trials: Trial[] }[] };

/** How long senders wait for their 200, and how old an event is when it is stored, at a steady rate. */
export const latency: Benchmark = {
  name: 'latency',
  what: 'answer and delivery at 1,000 events/s one by one, and at 10,000 in batches of 20',
  seconds: { whole: 270, short: 40 },
  async run({ short, say }) {
    const cases = [
      { what: 'ordinary, 1,000/s one by one', design: ordinary, arrivals: SINGLE },
      { what: 'meterbridge, 1,000/s one by one', design: meterbridge, arrivals: SINGLE },
      { what: 'meterbridge, 10,000/s in batches of 20', design: meterbridge, arrivals: BATCHES },
    ];
    const trials = cases.map((): Trial[] => []);
    for (let round = 1; round <= (short ? 1 : ROUNDS); round += 1) {
      for (const [index, { what, design, arrivals }] of cases.entries()) {
        const trial = await tryOnce(design, arrivals, short ? SECONDS / 4 : SECONDS);
        trials[index]!.push(trial);
        say(
          `round ${round}, ${what}: answer p99 ${number(trial.ackP99, 1)} ms, stored p95 ${trial.storedP95} ms`,
        );
      }
    }
    const middle = trials.map((all) => medians(all));
    const [, single, batches] = middle;
    const head = ['milliseconds', 'answer p50', 'p99', 'max', 'stored p50', 'p95', 'p99'];
    const cells = (trial: Trial) => Object.values(trial).map((ms) => number(ms, 1));
    return {
      tables: [{ head, rows: cases.map(({ what }, index) => [what, ...cells(middle[index]!)]) }],
      goals: [
        { what: 'answer p99 at 1,000/s', value: single!.ackP99, unit: 'ms', atMost: 10 },
        { what: 'receipt to stored p95 at 1,000/s', value: single!.storedP95, unit: 'ms', atMost: 50 },
        { what: 'answer p99 at 10,000/s', value: batches!.ackP99, unit: 'ms', atMost: 50 },
      ],
      figures: {
        cases: cases.map(({ what }, index) => ({ what, median: middle[index]!, trials: trials[index]! })),
      } satisfies LatencyFigures,
    };
  },
};

async function tryOnce(design: Design, arrivals: Arrivals, seconds: number): Promise<Trial> {
  const stage = await openStage({ config: lagoConfig(LIMIT), latencyMs: API_LATENCY_MS });
  try {
    const { url } = await design.start(stage);
    const { eventsPerSecond } = arrivals;
    const untimed = eventsPerSecond * WARM_UP_SECONDS;
    const sent = await sendOpen({
      urls: [url],
      events: untimed + eventsPerSecond * seconds,
      untimed,
      ...arrivals,
    });
    await stage.sandbox.untilStored(sent.events);
    const ages = await stage.sandbox.ages(untimed);
    return {
      ackP50: sent.p50Ms,
      ackP99: sent.p99Ms,
      ackMax: sent.maxMs,
      storedP50: percentile(ages, 0.5),
      storedP95: percentile(ages, 0.95),
      storedP99: percentile(ages, 0.99),
    };
  } finally {
    await stage.close();
  }
}
