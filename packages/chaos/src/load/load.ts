import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WRITE_KEY } from '@meterbridge/testing/sample-config';
import { Analytics } from '@segment/analytics-node';
import { chooseKinds, DEVICE_CLOCK_MS, type Kind, type MadeEvent, makeEvent } from './make-event.js';
import { postUntilTaken } from './post.js';

export type LoadOptions = {
  /** Begins the events' ids: unique to this scenario of this run. */
  prefix: string;
  count: number;
  /** How long sending takes where nobody says no. */
  durationMs: number;
  receiverUrls: string[];
  random: () => number;
  /** Epoch milliseconds that the events' times are counted back from. */
  baseMs: number;
  /** All of one kind; left out, a mixture with wrong ones among them. */
  kind?: Kind;
  /** Kinds that are left out of the mixture. */
  without?: readonly Kind[] | undefined;
  /** One event in so many holds what a firewall refuses. */
  poisonedEvery?: number | undefined;
  /** The share that is sent again. Left out: one in twenty. */
  repeated?: number;
  signal: AbortSignal;
};

/** What was sent and what was answered; rises while it runs. */
export type Load = {
  options: LoadOptions;
  kinds: Kind[];
  /** Events, by number, that a request with a 200 carried. */
  acknowledged: Uint8Array;
  /** When that was for the first and for the last time, by `performance.now()`: none is sent a third time. */
  firstAnsweredAt: Float64Array;
  lastAnsweredAt: Float64Array;
  answered: number;
  /** Milliseconds of each request that was answered 200. */
  latenciesMs: number[];
  /** Requests by status, 0 where the connection failed. */
  statuses: Map<number, number>;
  done: Promise<void>;
};

const SENDERS = 8;
/** In another request or in the same. */
const REPEATED = 0.05;
/** Through Segment's own client. */
const BY_SEGMENT_CLIENT = 0.1;
/** It has methods for good events only, and stamps a time and its own library's name on each. */
const CLIENT_SENDS: ReadonlySet<Kind> = new Set(['usage', 'unmapped', 'entity', 'poisoned']);
const LARGEST_BATCH = 100;

export function idOf(prefix: string, n: number): string {
  return `${prefix}-${n}`;
}

/** Sends events through Segment's client and as plain requests, each again and again until it is taken. */
export function startLoad(options: LoadOptions): Load {
  const load: Load = {
    options,
    kinds: options.kind
      ? new Array<Kind>(options.count).fill(options.kind)
      : chooseKinds(options.count, options.random, options),
    acknowledged: new Uint8Array(options.count),
    firstAnsweredAt: new Float64Array(options.count),
    lastAnsweredAt: new Float64Array(options.count),
    answered: 0,
    latenciesMs: [],
    statuses: new Map(),
    done: Promise.resolve(),
  };
  load.done = sendAll(load);
  return load;
}

// Segment's client listens for its own end once a retry, and a run has many: Node would warn of a leak.
setMaxListeners(0);

async function sendAll(load: Load): Promise<void> {
  const { receiverUrls, random, signal } = load.options;
  const batches = paced(load);
  const client = new Analytics({
    writeKey: WRITE_KEY,
    host: receiverUrls[0]!,
    path: '/v1/batch',
    flushAt: 50,
    flushInterval: 100,
    // About a second apart: through any outage that is made here.
    maxRetries: 300,
  });
  client.on('error', () => {});

  async function send(): Promise<void> {
    for await (const numbers of batches) {
      const byClient =
        random() < BY_SEGMENT_CLIENT ? numbers.filter((n) => CLIENT_SENDS.has(load.kinds[n]!)) : [];
      for (const n of byClient) handToClient(client, load, n);
      const posted = numbers.filter((n) => !byClient.includes(n));
      if (posted.length === 0) continue;
      const compress = random() < 0.3;
      const body = () => {
        const batch = posted.map((n) => eventOf(load, n));
        return JSON.stringify({ batch, sentAt: new Date(Date.now() + DEVICE_CLOCK_MS).toISOString() });
      };
      if (await postUntilTaken(receiverUrls, body, { compress, random, signal, load })) {
        for (const n of posted) acknowledge(load, n);
      }
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, send));
  await client.closeAndFlush({ timeout: 120_000 });
}

/** Batches of different sizes, each at its time, some events in two of them. */
async function* paced(load: Load): AsyncGenerator<number[]> {
  const { count, durationMs, random, repeated = REPEATED, signal } = load.options;
  const startedAt = performance.now();
  const again: number[] = [];
  let next = 0;
  while (next < count || again.length > 0) {
    if (signal.aborted) return;
    const waitMs = startedAt + (next / count) * durationMs - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    const size = 1 + Math.floor(random() * LARGEST_BATCH);
    const numbers = again.splice(0, Math.ceil(size / 4));
    while (numbers.length < size && next < count) {
      numbers.push(next);
      if (random() < repeated) (random() < 0.5 ? numbers : again).push(next);
      next += 1;
    }
    if (numbers.length > 0) yield numbers;
  }
}

function eventOf({ options, kinds }: Load, n: number): MadeEvent {
  return makeEvent(idOf(options.prefix, n), n, kinds[n]!, options.baseMs);
}

function acknowledge(load: Load, n: number): void {
  load.lastAnsweredAt[n] = performance.now();
  if (load.acknowledged[n] === 1) return;
  load.firstAnsweredAt[n] = load.lastAnsweredAt[n]!;
  load.acknowledged[n] = 1;
  load.answered += 1;
}

function handToClient(client: Analytics, load: Load, n: number): void {
  const { type, event, timestamp, ...fields } = eventOf(load, n) as MadeEvent & {
    userId: string;
    type: string;
    event: string;
    timestamp: string;
  };
  const taken = (error?: unknown) => {
    if (!error) acknowledge(load, n);
  };
  const call = { ...fields, timestamp: new Date(timestamp) };
  if (type === 'identify') client.identify(call, taken);
  else client.track({ ...call, event }, taken);
}
