import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.js';
import { residentBytes } from '../cpu.js';
import { startOrdinaryReceiver, startReceiver, startWorker } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { median } from '../statistics.js';

const EVENTS = 2_000_000;
const SAMPLES = 20;
/** The ordinary design keeps them at more than a kilobyte each. */
const ORDINARY_EVENTS = 50_000;

/** The state at one moment of filling or draining. */
type Moment = {
  events: number;
  atMs: number;
  cpu: Record<string, number>;
  workerBytes: number;
  wireBytes: number;
};

/** What one sample's worth of events took to drain. */
type Step = {
  drained: number;
  eventsPerSecond: number;
  /** Of the worker and of Redis; the sandbox's grows with what it remembers. */
  cpuMicros: number;
  /** Between Redis and everybody, both ways, for each event. */
  wireBytes: number;
  workerBytes: number;
};

export type BacklogFigures = {
  ordinaryBytesEach: number;
  waiting: { events: number; bytesEach: number }[];
  steps: Step[];
};

/** What waits costs what it occupies, and nothing more: from the first event that is drained to the last. */
export const backlog: Benchmark = {
  name: 'backlog',
  what: '2,000,000 events waiting, then drained: rate, CPU and memory from beginning to end',
  seconds: { whole: 200, short: 45 },
  async run({ short, say }) {
    const ordinaryBytes = await ordinaryBytesEach(short ? ORDINARY_EVENTS / 5 : ORDINARY_EVENTS);
    const events = short ? EVENTS / 10 : EVENTS;
    const { waiting, steps } = await fillAndDrain(events, events / SAMPLES, say);
    const quarter = Math.floor(steps.length / 4);
    // The first step compiles the worker's hot paths.
    const [first, last] = [steps.slice(1, 1 + quarter), steps.slice(-quarter)];
    const ends = (read: (step: Step) => number) => [median(first.map(read)), median(last.map(read))] as const;
    const change = (read: (step: Step) => number) => {
      const [before, after] = ends(read);
      return after / before;
    };
    const bytesEach = Math.max(...waiting.slice(1).map(({ bytesEach }) => bytesEach));
    const row = (what: string, read: (step: Step) => number, digits = 0) => [
      what,
      ...ends(read).map((value) => number(value, digits)),
      number(change(read), 2),
    ];
    return {
      tables: [
        {
          head: [`draining ${number(events)} events`, 'first quarter', 'last quarter', 'ratio'],
          rows: [
            row('events/s', ({ eventsPerSecond }) => eventsPerSecond),
            row('CPU of worker and Redis, µs an event', ({ cpuMicros }) => cpuMicros, 1),
            row('bytes to and from Redis, an event', ({ wireBytes }) => wireBytes),
            row('memory of the worker, MB', ({ workerBytes }) => workerBytes / 1e6),
          ],
        },
        {
          head: ['Redis bytes a waiting event', 'ordinary', 'meterbridge'],
          rows: [['at the most', number(ordinaryBytes), number(bytesEach)]],
        },
      ],
      goals: [
        {
          what: 'drain rate, last quarter to first',
          value: change(({ eventsPerSecond }) => eventsPerSecond),
          atLeast: 0.85,
        },
        {
          what: 'CPU an event, last quarter to first',
          value: change(({ cpuMicros }) => cpuMicros),
          atMost: 1.15,
        },
        {
          what: 'bytes moved an event, last quarter to first',
          value: change(({ wireBytes }) => wireBytes),
          atMost: 1.15,
        },
        {
          what: 'worker memory, last quarter to first',
          value: change(({ workerBytes }) => workerBytes),
          atMost: 1.15,
        },
        { what: 'Redis bytes a waiting event', value: bytesEach, atMost: 80 },
      ],
      figures: { ordinaryBytesEach: ordinaryBytes, waiting, steps } satisfies BacklogFigures,
    };
  },
};

async function ordinaryBytesEach(events: number): Promise<number> {
  const stage = await openStage();
  try {
    const url = await startOrdinaryReceiver(stage);
    await sendClosed({ url, events: 1_000, perRequest: 100 });
    const before = await stage.redisFigure('used_memory');
    await sendClosed({ url, events, perRequest: 100 });
    return ((await stage.redisFigure('used_memory')) - before) / events;
  } finally {
    await stage.close();
  }
}

async function fillAndDrain(events: number, sample: number, say: (line: string) => void) {
  const stage = await openStage();
  try {
    const { url, process: receiver } = await startReceiver(stage);
    const empty = await stage.redisFigure('used_memory');
    const waiting: { events: number; bytesEach: number }[] = [];
    for (let sent = sample; sent <= events; sent += sample) {
      await sendClosed({ url, events: sample, perRequest: 100 });
      const used = await stage.redisFigure('used_memory');
      waiting.push({ events: sent, bytesEach: (used - empty) / sent });
    }
    say(`${number(events)} events wait, ${number(waiting.at(-1)!.bytesEach)} bytes each`);
    await receiver.stop();
    const worker = await startWorker(stage);
    const look = () => lookAt(stage, worker.process.pid);
    const moments = [await look()];
    const deadline = Date.now() + 600_000;
    while (moments.at(-1)!.events < events) {
      if (Date.now() > deadline) throw new Error('the backlog was not drained within ten minutes');
      await sleep(20);
      const { keys } = (await stage.sandbox.look()).ledger;
      if (keys >= Math.min(events, moments.at(-1)!.events + sample)) moments.push(await look());
    }
    await stage.command('audit', '--wait', '10');
    const steps = moments.slice(1).map((moment, index) => stepBetween(moments[index]!, moment));
    return { waiting, steps };
  } finally {
    await stage.close();
  }
}

async function lookAt(stage: Stage, workerPid: number): Promise<Moment> {
  const [seen, cpu, workerBytes] = [
    await stage.sandbox.look(),
    await stage.cpu(),
    await residentBytes(workerPid),
  ];
  const atMs = performance.now();
  const input = await stage.redisFigure('total_net_input_bytes');
  const output = await stage.redisFigure('total_net_output_bytes');
  return { events: seen.ledger.keys, atMs, cpu, workerBytes, wireBytes: input + output };
}

function stepBetween(before: Moment, after: Moment): Step {
  const events = after.events - before.events;
  const cpuOf = ({ cpu }: Moment) => cpu.worker! + cpu.redis!;
  return {
    drained: after.events,
    eventsPerSecond: events / ((after.atMs - before.atMs) / 1_000),
    cpuMicros: ((cpuOf(after) - cpuOf(before)) / events) * 1e6,
    wireBytes: (after.wireBytes - before.wireBytes) / events,
    workerBytes: after.workerBytes,
  };
}
