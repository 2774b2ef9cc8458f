import type { Benchmark } from '../benchmark.js';
import { startBareExpress, startReceiver } from '../designs.js';
import { sendClosed } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';
import { median, medians } from '../statistics.js';

const EVENTS = 60_000;
const ROUNDS = 3;

type Trial = { requestsPerSecond: number; p50Ms: number; p99Ms: number };

/** What a receiver answers at most, one event a request over 64 connections, beside the least an Express route costs. */
export const acknowledgement: Benchmark = {
  name: 'acknowledgement',
  what: 'requests of one event, as fast as they are answered, beside a bare Express route',
  seconds: { whole: 110, short: 20 },
  async run({ short, say }) {
    const events = short ? EVENTS / 4 : EVENTS;
    const bare: Trial[] = [];
    const ours: Trial[] = [];
    for (let round = 1; round <= (short ? 1 : ROUNDS); round += 1) {
      bare.push(await tryOnce(startBareExpress, events));
      ours.push(await tryOnce(async (stage) => (await startReceiver(stage)).url, events));
      const [theirs, own] = [bare.at(-1)!, ours.at(-1)!].map(({ requestsPerSecond }) => requestsPerSecond);
      say(`round ${round}: bare ${number(theirs!)}, meterbridge ${number(own!)} requests/s`);
    }
    const rows = [
      { name: 'a bare Express route', ...medians(bare) },
      { name: 'meterbridge, on disk before it answers', ...medians(ours) },
    ];
    const ratios = ours.map((own, round) => own.requestsPerSecond / bare[round]!.requestsPerSecond);
    return {
      tables: [
        {
          head: ['one event a request, 64 connections', 'requests/s', 'p50 ms', 'p99 ms'],
          rows: rows.map((each) => [
            each.name,
            number(each.requestsPerSecond),
            number(each.p50Ms),
            number(each.p99Ms),
          ]),
        },
      ],
      goals: [{ what: 'of a bare Express route', value: median(ratios), atLeast: 0.6 }],
      figures: { bare, meterbridge: ours },
    };
  },
};

async function tryOnce(start: (stage: Stage) => Promise<string>, events: number): Promise<Trial> {
  const stage = await openStage();
  try {
    const url = await start(stage);
    await sendClosed({ url, events: 3_000, perRequest: 1, connections: 64 });
    const sent = await sendClosed({ url, events, perRequest: 1, connections: 64 });
    const seconds = (sent.endedAt - sent.startedAt) / 1_000;
    return { requestsPerSecond: sent.requests / seconds, p50Ms: sent.p50Ms, p99Ms: sent.p99Ms };
  } finally {
    await stage.close();
  }
}
