import { type DestinationSettings, type HttpClient, kindOf } from '@meterbridge/destinations';
import { keepEventsStore } from '@meterbridge/queue';
import type { Logger, WorkerMetrics } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';

/**
 * Asks the API once in which store it keeps events, and says so in log, metrics and Redis. What it is changes nothing
 * that a worker does, so that nothing waits for it, and no failure is more than a debug line.
 */
export async function tellEventsStore(
  { name, type }: Pick<DestinationSettings, 'name' | 'type'>,
  {
    http,
    redis,
    log,
    metrics,
  }: { http: Pick<HttpClient, 'get'>; redis: Redis; log: Logger; metrics: WorkerMetrics },
): Promise<void> {
  const { readEventsStore } = kindOf(type);
  if (!readEventsStore) return;
  try {
    const told = await readEventsStore(http);
    if (told.told) {
      const { name: store, follows } = told.store;
      log.info({ store, follows }, 'destination.events_store');
      metrics.eventsStore.set({ destination: name, store }, 1);
    } else {
      log.debug({ problem: told.problem }, 'destination.events_store');
    }
    await keepEventsStore(redis, name, told.told ? told.store.name : null);
  } catch (err) {
    log.debug({ err }, 'destination.events_store');
  }
}
