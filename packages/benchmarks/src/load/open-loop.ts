import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { WRITE_KEY } from '../config.js';
import { percentile } from '../statistics.js';
import { makeBody, pathFor } from './make-event.js';
import type { OpenPlan, Sent } from './plan.js';
import { untilTold } from './until-told.js';

/**
 * A load generator, a process of its own: requests leave by a schedule, and each is timed from the moment it
 * was due. A receiver that stands still for a second is charged with the second of every request that was
 * due meanwhile, as its senders would. An event's own time is that moment too, so that the sandbox knows how
 * old an event is when it is stored.
 */
const plan = JSON.parse(process.argv[2]!) as OpenPlan;
const requests = Math.ceil(plan.events / plan.perRequest);
const intervalMs = (plan.perRequest / plan.eventsPerSecond) * 1_000;
const path = pathFor(plan.perRequest);
const headers = {
  'content-type': 'application/json',
  authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`,
};
/** More than are ever needed at once: waiting for a free one would count as the receiver's time. */
const CONNECTIONS = 128;
const pools = plan.urls.map((url) => new Pool(url, { connections: CONNECTIONS, pipelining: 1 }));
const untimed = plan.untimed / plan.perRequest;
const latenciesMs = new Float64Array(requests);
let failed = 0;

async function send(n: number, dueAtMs: number): Promise<void> {
  const body = makeBody(plan, n * plan.perRequest, Math.floor(dueAtMs));
  try {
    const answer = await pools[n % pools.length]!.request({ method: 'POST', path, headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 200) failed += 1;
  } catch {
    failed += 1;
  }
  latenciesMs[n] = nowMs() - dueAtMs;
}

/** Epoch milliseconds and their fractions. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

await untilTold();

const before = process.cpuUsage();
const startedAt = nowMs();
const underway: Promise<void>[] = [];
for (let n = 0; n < requests; ) {
  const due = Math.min(requests, 1 + Math.floor((nowMs() - startedAt) / intervalMs));
  for (; n < due; n += 1) underway.push(send(n, startedAt + n * intervalMs));
  if (n < requests) await sleep(Math.max(1, startedAt + n * intervalMs - nowMs()));
}
await Promise.all(underway);
const endedAt = nowMs();
const cpu = process.cpuUsage(before);
const timed = latenciesMs.subarray(untimed);
await Promise.all(pools.map((pool) => pool.close()));
const sent: Sent = {
  startedAt,
  endedAt,
  events: requests * plan.perRequest,
  requests,
  failed,
  p50Ms: percentile(timed, 0.5),
  p99Ms: percentile(timed, 0.99),
  maxMs: percentile(timed, 1),
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
};
console.log(JSON.stringify(sent));
