import type { Design } from './designs.js';
import { cpuSeconds, runToEnd } from './processes.js';
import { openStage, type Stage } from './stage.js';

type Load = {
  startedAt: number;
  seconds: number;
  events: number;
  non2xx: number;
  errors: number;
  p50Ms: number;
  p99Ms: number;
};

export type Throughput = {
  design: string;
  events: number;
  /** From the first request sent to the last event stored at the billing API. */
  eventsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU seconds for a million events, by process. */
  cpuPerMillion: Record<string, number>;
};

export const load = (plan: object) =>
  runToEnd<Load>('./load/main.js', { tag: Date.now().toString(36), ...plan });

/** End to end: 100 events a request until all of them are stored in the sandbox. */
export async function measureThroughput(design: Design, events: number): Promise<Throughput> {
  const stage = await openStage();
  try {
    const receiver = await design.startReceiver(stage);
    await design.startWorker(stage);
    // Both designs run warm: a process compiles its hot paths in its first seconds.
    const warmUp = events / 4;
    await load({ url: receiver.url, events: warmUp, perRequest: 100, connections: 16 });
    await untilStored(stage, warmUp);
    const before = await cpuOf(stage);
    // Watched while it runs: the load generator ends on whole seconds.
    const stored = untilStored(stage, warmUp + events);
    const sent = await load({ url: receiver.url, events, perRequest: 100, connections: 16 });
    refuseFailures(sent);
    const storedAt = await stored;
    const after = await cpuOf(stage);
    const perMillion = (name: string) => ((after[name]! - before[name]!) / sent.events) * 1e6;
    return {
      design: design.name,
      events: sent.events,
      eventsPerSecond: sent.events / ((storedAt - sent.startedAt) / 1_000),
      p50Ms: sent.p50Ms,
      p99Ms: sent.p99Ms,
      cpuPerMillion: Object.fromEntries(Object.keys(after).map((name) => [name, perMillion(name)])),
    };
  } finally {
    await stage.close();
  }
}

/** What an event of 500 bytes costs in Redis while it waits. */
export async function measureWaiting(design: Design, events: number): Promise<number> {
  const stage = await openStage();
  try {
    const receiver = await design.startReceiver(stage);
    await load({ url: receiver.url, events: 1_000, perRequest: 100, connections: 4 });
    const before = await usedMemory(stage);
    const sent = await load({ url: receiver.url, events, perRequest: 100, connections: 4 });
    refuseFailures(sent);
    return ((await usedMemory(stage)) - before) / sent.events;
  } finally {
    await stage.close();
  }
}

export type SingleRequests = { what: string; requestsPerSecond: number; p50Ms: number; p99Ms: number };

/** One event a request over 64 connections: what a receiver answers in a second. */
export async function measureSingle(
  what: string,
  events: number,
  start: (stage: Stage) => Promise<{ url: string }>,
): Promise<SingleRequests> {
  const stage = await openStage();
  try {
    const { url } = await start(stage);
    await load({ url, events: 3_000, perRequest: 1, connections: 64 });
    const sent = await load({ url, events, perRequest: 1, connections: 64 });
    refuseFailures(sent);
    return { what, requestsPerSecond: sent.events / sent.seconds, p50Ms: sent.p50Ms, p99Ms: sent.p99Ms };
  } finally {
    await stage.close();
  }
}

export function refuseFailures(sent: Load): void {
  if (sent.non2xx + sent.errors > 0) {
    throw new Error(
      `${sent.non2xx} answers were no success, ${sent.errors} requests failed: no figure from this run`,
    );
  }
}

export async function untilStored(stage: Stage, events: number): Promise<number> {
  for (;;) {
    const answer = await fetch(`${stage.sandboxUrl}/inspect`);
    const { lago } = (await answer.json()) as { lago: { ledger: { keys: number } } };
    if (lago.ledger.keys >= events) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function cpuOf(stage: Stage): Promise<Record<string, number>> {
  const all: [string, number][] = [
    ['redis', stage.redisPid],
    ...stage.processes.map((each): [string, number] => [each.name, each.pid]),
  ];
  return Object.fromEntries(
    await Promise.all(all.map(async ([name, pid]) => [name, await cpuSeconds(pid)] as const)),
  );
}

async function usedMemory(stage: Stage): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await stage.redis.info('memory'))![1]);
}
