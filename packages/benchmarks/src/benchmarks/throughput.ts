import type { Benchmark, Measured } from '../benchmark.js';
import { type Design, meterbridge, ordinary, pipe, withoutReceipts } from '../designs.js';
import { prepareClosed, sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { median, medians } from '../statistics.js';

/** About a quarter of a minute for each design. */
const EVENTS: Record<Design['name'], number> = {
  ordinary: 30_000,
  pipe: 600_000,
  meterbridge: 450_000,
  'without receipts': 450_000,
};
const ROUNDS = 3;
const SCRAPE_EVERY_MS = 5_000;

type Trial = {
  /** From the first request sent to the last event stored at the billing API. */
  eventsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU seconds for a million events, by process. */
  cpuPerMillion: Record<string, number>;
};

export type ThroughputFigures = { medians: Record<string, Trial>; trials: Record<string, Trial[]> };

/** End to end, 100 events a request, everything on this machine. */
export const throughput: Benchmark = {
  name: 'throughput',
  what: 'end to end, 100 events a request, beside the ordinary design and a bare pipe',
  seconds: { whole: 240, short: 45 },
  async run({ short, say }) {
    const designs = [ordinary, pipe, meterbridge];
    const trials = new Map<Design, Trial[]>(designs.map((design) => [design, []]));
    for (let round = 1; round <= (short ? 1 : ROUNDS); round += 1) {
      for (const design of designs) {
        const trial = await tryOnce(design, short ? EVENTS[design.name] / 3 : EVENTS[design.name]);
        trials.get(design)!.push(trial);
        say(`round ${round}, ${design.name}: ${number(trial.eventsPerSecond)} events/s`);
      }
    }
    return compare(Object.fromEntries([...trials].map(([{ name }, of]) => [name, of])));
  },
};

/** What the books cost, with and without in turn. */
export const receipts: Benchmark = {
  name: 'receipts',
  what: 'the same, beside itself without receipts: what the books cost until they are on disk',
  seconds: { whole: 180, short: 60 },
  async run({ short, say }) {
    const designs = [withoutReceipts, meterbridge];
    const trials: Record<string, Trial>[] = [];
    for (let round = 1; round <= (short ? 2 : 5); round += 1) {
      const tried: Record<string, Trial> = {};
      for (const design of round % 2 === 0 ? designs.toReversed() : designs) {
        const trial = await tryOnce(design, short ? 150_000 : 300_000);
        tried[design.name] = trial;
        say(`round ${round}, ${design.name}: ${number(totalCpu(trial), 1)} CPU s a million`);
      }
      trials.push(tried);
    }
    const middle = Object.fromEntries(
      designs.map(({ name }) => [name, medians(trials.map((each) => each[name]!.cpuPerMillion))]),
    );
    const ratioOf = (each: Record<string, Trial>) =>
      totalCpu(each[meterbridge.name]!) / totalCpu(each[withoutReceipts.name]!);
    const shown = (name: string, process: string) => number(middle[name]?.[process] ?? 0, 1);
    return {
      tables: [
        {
          head: ['CPU s per million events', 'with', 'without'],
          rows: PROCESSES.filter((process) => process !== 'pipe').map((process) => [
            process,
            shown(meterbridge.name, process),
            shown(withoutReceipts.name, process),
          ]),
        },
      ],
      goals: [{ what: 'CPU with receipts, of without', value: median(trials.map(ratioOf)), atMost: 1.05 }],
      figures: { trials },
    };
  },
};

const PROCESSES = ['load', 'receiver', 'pipe', 'redis', 'worker', 'archivist', 'sandbox'];

function totalCpu({ cpuPerMillion }: Trial): number {
  return sum(Object.values(cpuPerMillion));
}

async function tryOnce(design: Design, events: number): Promise<Trial> {
  const stage = await openStage();
  try {
    const { url, metricsUrls } = await design.start(stage);
    // All run warm, in the short form as well: a process compiles its hot paths in its first seconds.
    const warmUp = Math.ceil(EVENTS[design.name] / 400) * 100;
    await sendClosed({ url, events: warmUp, perRequest: 100 });
    await stage.sandbox.untilStored(warmUp);
    const load = await prepareClosed({ url, events, perRequest: 100 });
    const before = await stage.cpu();
    const scraping = setInterval(() => {
      for (const metricsUrl of metricsUrls) void fetch(metricsUrl).catch(() => {});
    }, SCRAPE_EVERY_MS);
    // Watched while it runs: what is stored may be stored before the last answer is read.
    const [sent, storedAt] = await Promise.all([load.go(), stage.sandbox.untilStored(warmUp + events)]);
    const after = await stage.cpu();
    clearInterval(scraping);
    await refuseWrong(stage, design, warmUp + events);
    const used: Record<string, number> = { load: sent.cpuSeconds };
    for (const name of Object.keys(after)) used[name] = after[name]! - before[name]!;
    return {
      eventsPerSecond: events / ((storedAt - sent.startedAt) / 1_000),
      p50Ms: sent.p50Ms,
      p99Ms: sent.p99Ms,
      cpuPerMillion: Object.fromEntries(
        Object.entries(used).map(([name, seconds]) => [name, (seconds / events) * 1e6]),
      ),
    };
  } finally {
    await stage.close();
  }
}

/** Everything arrived, once and as it was; of ours the account says so too. */
async function refuseWrong(stage: Stage, design: Design, events: number): Promise<void> {
  const { events: counts, ledger } = await stage.sandbox.look();
  if (counts.stored !== events || ledger.changed > 0) {
    throw new Error(
      `${design.name}: ${events} events were sent, ${counts.stored} stored, ${ledger.changed} changed`,
    );
  }
  if (design === meterbridge || design === withoutReceipts) await stage.command('audit', '--wait', '10');
}

function compare(trials: Record<string, Trial[]>): Measured {
  const middle = Object.fromEntries(
    Object.entries(trials).map(([name, all]) => {
      const figures = medians(all.map(({ cpuPerMillion: _, ...rest }) => rest));
      return [name, { ...figures, cpuPerMillion: medians(all.map(({ cpuPerMillion }) => cpuPerMillion)) }];
    }),
  );
  const names = ['ordinary', 'pipe', 'meterbridge'];
  const row = (what: string, read: (trial: Trial) => string) => [
    what,
    ...names.map((name) => read(middle[name]!)),
  ];
  /** Within one round, so that a machine that was slow for a while was slow for both. */
  const ratioTo = (other: string) =>
    median(
      trials.meterbridge!.map((ours, round) => ours.eventsPerSecond / trials[other]![round]!.eventsPerSecond),
    );
  return {
    tables: [
      {
        head: ['end to end, 100 events a request', ...names],
        rows: [
          row('events/s, sent to stored', ({ eventsPerSecond }) => number(eventsPerSecond)),
          row('answer p50, ms', ({ p50Ms }) => number(p50Ms)),
          row('answer p99, ms', ({ p99Ms }) => number(p99Ms)),
          row('CPU s per million events', (trial) => number(totalCpu(trial), 1)),
          row('  times ours', (trial) => number(totalCpu(trial) / totalCpu(middle.meterbridge!), 2)),
          ...PROCESSES.map((name) =>
            row(`  ${name}`, ({ cpuPerMillion }) =>
              name in cpuPerMillion ? number(cpuPerMillion[name]!, 1) : '',
            ),
          ),
        ],
      },
    ],
    goals: [
      {
        what: 'CPU seconds a million events',
        value: totalCpu(middle.meterbridge!),
        unit: 's',
        atMost: 30,
        isOfMachine: true,
      },
      { what: 'times the ordinary design', value: ratioTo('ordinary'), atLeast: 20 },
      { what: 'of the bare pipe', value: ratioTo('pipe'), atLeast: 0.7 },
    ],
    figures: { medians: middle, trials } satisfies ThroughputFigures,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
