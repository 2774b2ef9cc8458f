import { hyperlineConfig } from '../config.js';
import { startReceiver, startWorker } from '../designs.js';
import { sendOpen } from '../load/load.js';
import { openStage } from '../stage.js';
import { percentile } from '../statistics.js';

const API_LATENCY_MS = 20;
const WARM_UP_SECONDS = 4;

export type Filled = Awaited<ReturnType<typeof fillRequests>>;

/**
 * Events that come one by one, to two receivers, for Hyperline, which takes up to 1,000 in a request and is
 * asked only so often. Milliseconds are pairs: of the first quarter of the events, and of the last.
 */
export async function fillRequests(requestsPerSecond: number, eventsPerSecond: number, seconds: number) {
  const config = hyperlineConfig({
    requestsPerSecond,
    concurrency: 4,
    batchSize: 1_000,
  });
  const stage = await openStage({ config, latencyMs: API_LATENCY_MS });
  try {
    const receivers = await Promise.all([startReceiver(stage), startReceiver(stage)]);
    await startWorker(stage);
    const urls = receivers.map(({ url }) => url);
    const untimed = eventsPerSecond * WARM_UP_SECONDS;
    const events = untimed + eventsPerSecond * seconds;
    const look = async () => ({
      ...(await stage.sandbox.look('hyperline')),
      at: performance.now(),
      cpu: await stage.cpu(),
    });
    const sending = sendOpen({ urls, events, untimed, perRequest: 1, eventsPerSecond });
    await stage.sandbox.untilStored(untimed, 'hyperline');
    const before = await look();
    const sent = await sending;
    const after = await look();
    await stage.sandbox.untilStored(events, 'hyperline');
    const stored = after.ledger.keys - before.ledger.keys;
    const ages = await stage.sandbox.ages(untimed, 'hyperline');
    const quarters = [ages.slice(0, ages.length / 4), ages.slice(-ages.length / 4)];
    const cpuMicros = Object.entries(after.cpu).map(([name, seconds]): [string, number] => [
      name,
      ((seconds - before.cpu[name]!) / stored) * 1e6,
    ]);
    return {
      arrivedPerSecond: eventsPerSecond,
      storedPerSecond: stored / ((after.at - before.at) / 1_000),
      eventsPerRequest: stored / (after.requests - before.requests),
      madePerSecond: (after.requests - before.requests) / ((after.at - before.at) / 1_000),
      p50Ms: quarters.map((each) => percentile(each, 0.5)),
      p95Ms: quarters.map((each) => percentile(each, 0.95)),
      ackP99Ms: sent.p99Ms,
      /** CPU an event, by process; both receivers are one. */
      cpuMicros: { ...Object.fromEntries(cpuMicros), load: (sent.cpuSeconds / events) * 1e6 },
    };
  } finally {
    await stage.close();
  }
}
