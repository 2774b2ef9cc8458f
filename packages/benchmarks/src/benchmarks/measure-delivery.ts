import { startReceiver, startWorker } from '../designs.js';
import { sendClosed } from '../load/load.js';
import type { Shape } from '../load/make-event.js';
import { openStage } from '../stage.js';

/** What is sent, and what has to be stored of so many events, by API. */
export type Account = {
  config: string;
  shape: Shape;
  perRequest: number;
  stored: (events: number) => { lago?: number; hyperline?: number };
};

export type Delivered = {
  events: number;
  eventsPerSecond: number;
  p99Ms: number;
  /** CPU seconds for a million events that were sent, by process. */
  cpuPerMillion: Record<string, number>;
};

/** Sends an account's events and waits until all are stored; throws where one is lost, changed or not accounted for. */
export async function measureDelivery(account: Account, events: number): Promise<Delivered> {
  const { config, shape, perRequest } = account;
  const stage = await openStage({ config });
  try {
    const { url } = await startReceiver(stage);
    await startWorker(stage);
    const send = (count: number) => sendClosed({ url, events: count, perRequest, shape });
    const warmUp = round(events / 10, perRequest);
    const measured = round(events, perRequest);
    const expected = sum(account.stored(warmUp), account.stored(measured));
    const untilStored = (counts: ReturnType<Account['stored']>) =>
      Promise.all(
        (['lago', 'hyperline'] as const).map((api) => stage.sandbox.untilStored(counts[api] ?? 0, api)),
      );
    await send(warmUp);
    await untilStored(account.stored(warmUp));
    const before = await stage.cpu();
    const [sent, storedAt] = await Promise.all([send(measured), untilStored(expected)]);
    const after = await stage.cpu();
    for (const api of ['lago', 'hyperline'] as const) {
      const { keys, changed } = (await stage.sandbox.look(api)).ledger;
      if (keys !== (expected[api] ?? 0) || changed > 0) {
        throw new Error(`${api}: ${keys} of ${expected[api] ?? 0} events are stored, ${changed} changed`);
      }
    }
    await stage.command('audit', '--wait', '10');
    const used: Record<string, number> = { load: sent.cpuSeconds };
    for (const name of Object.keys(after)) used[name] = after[name]! - before[name]!;
    const perMillion = Object.entries(used).map(([name, seconds]) => [name, (seconds / measured) * 1e6]);
    return {
      events: measured,
      eventsPerSecond: measured / ((Math.max(...storedAt) - sent.startedAt) / 1_000),
      p99Ms: sent.p99Ms,
      cpuPerMillion: Object.fromEntries(perMillion),
    };
  } finally {
    await stage.close();
  }
}

function round(events: number, perRequest: number): number {
  return Math.ceil(events / perRequest) * perRequest;
}

function sum(a: ReturnType<Account['stored']>, b: ReturnType<Account['stored']>) {
  return { lago: (a.lago ?? 0) + (b.lago ?? 0), hyperline: (a.hyperline ?? 0) + (b.hyperline ?? 0) };
}
