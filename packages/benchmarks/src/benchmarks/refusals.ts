import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { request } from 'undici';
import type { Benchmark } from '../benchmark.js';
import { WRITE_KEY } from '../config.js';
import { startReceiver } from '../designs.js';
import { sendOpen } from '../load/load.js';
import { number } from '../report.js';
import { openStage, type Stage } from '../stage.js';

const EVENTS = 10_000;
const SECONDS = 30;
const NEIGHBOURS_PER_SECOND = 200;
const WARM_UP_SECONDS = 5;
const MAX_MEMORY_BYTES = 100_000_000;

const compress = promisify(brotliCompress);

type Refused = { wireBytes: number; answerBytes: number; statuses: number[] };

type Trial = {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Of the receiver, in all. */
  cpuSeconds: number;
  /** What the stream of refused events takes of Redis. */
  keptBytes: number;
  refused: Refused | null;
};

/** What one request of refused events a second costs those who send beside it. */
export const refusals: Benchmark = {
  name: 'refusals',
  what: 'the answers to others while 10,000 refused events come each second in a few bytes',
  seconds: { whole: 130, short: 50 },
  async run({ short, say }) {
    const large = JSON.stringify({ type: 'track', properties: { text: 'x'.repeat(3_000) } });
    const cases: [what: string, event: string | null][] = [
      ['nothing else', null],
      ['10,000 of {} a second', '{}'],
      ['10,000 of 3 KB a second', large],
    ];
    const trials: (Trial & { what: string })[] = [];
    for (const [what, event] of cases) {
      const trial = { what, ...(await tryOnce(event, short ? SECONDS / 4 : SECONDS)) };
      trials.push(trial);
      say(`${what}: p99 ${number(trial.p99Ms, 1)} ms, ${number(trial.keptBytes / 1e6, 1)} MB kept`);
    }
    return {
      tables: [
        {
          head: [
            'beside 200 requests/s',
            'p50 ms',
            'p99 ms',
            'max ms',
            'CPU s',
            'on the wire',
            'answer',
            'kept',
          ],
          rows: trials.map(row),
        },
      ],
      goals: trials
        .filter(({ refused }) => refused !== null)
        .map(({ what, p99Ms }) => ({ what: `p99 beside ${what}`, value: p99Ms, unit: 'ms', atMost: 100 })),
      figures: { trials },
    };
  },
};

function row({ what, p50Ms, p99Ms, maxMs, cpuSeconds, keptBytes, refused }: Trial & { what: string }) {
  const times = [p50Ms, p99Ms, maxMs, cpuSeconds].map((each) => number(each, 1));
  const bytes = refused
    ? [refused.wireBytes, refused.answerBytes].map((each) => `${number(each)} B`)
    : ['', ''];
  return [what, ...times, ...bytes, `${number(keptBytes / 1e6, 1)} MB`];
}

async function tryOnce(event: string | null, seconds: number): Promise<Trial> {
  const stage = await openStage();
  try {
    await stage.redis.config('SET', 'maxmemory', MAX_MEMORY_BYTES);
    const { url } = await startReceiver(stage);
    const stop = new AbortController();
    const refusing = event === null ? null : refuseEachSecond(url, event, stop.signal);
    const untimed = NEIGHBOURS_PER_SECOND * WARM_UP_SECONDS;
    const sent = await sendOpen({
      urls: [url],
      events: untimed + NEIGHBOURS_PER_SECOND * seconds,
      eventsPerSecond: NEIGHBOURS_PER_SECOND,
      perRequest: 1,
      untimed,
    });
    stop.abort();
    const refused = await refusing;
    if (refused?.statuses.some((status) => status !== 200)) {
      throw new Error(`refused events were answered ${[...new Set(refused.statuses)]}`);
    }
    const { p50Ms, p99Ms, maxMs } = sent;
    const cpuSeconds = (await stage.cpu()).receiver!;
    return { p50Ms, p99Ms, maxMs, cpuSeconds, keptBytes: await readKept(stage), refused };
  } finally {
    await stage.close();
  }
}

async function refuseEachSecond(url: string, event: string, signal: AbortSignal): Promise<Refused> {
  const body = await compress(`{"batch":[${Array(EVENTS).fill(event)}]}`);
  const headers = {
    'content-type': 'application/json',
    'content-encoding': 'br',
    authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`,
  };
  const statuses: number[] = [];
  let answerBytes = 0;
  while (!signal.aborted) {
    const answer = await request(`${url}/v1/batch`, { method: 'POST', headers, body });
    statuses.push(answer.statusCode);
    answerBytes = (await answer.body.bytes()).length;
    await sleep(1_000, undefined, { signal }).catch(() => {});
  }
  return { wireBytes: body.length, answerBytes, statuses };
}

async function readKept({ redis }: Stage): Promise<number> {
  return (await redis.memory('USAGE', 'meterbridge:{receiver}:dead-letters', 'SAMPLES', 0)) ?? 0;
}
