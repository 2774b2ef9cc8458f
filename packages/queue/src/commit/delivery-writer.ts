import type { RefusalCount, RequestRef } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';
import { deliveryHead } from '../batch/batch-text.js';
import { asStoreError, StoreUnavailableError } from '../redis/errors.js';
import type { LaneOptions } from './batch-writer.js';
import { getOrSetFirstTimes } from './first-times.js';
import type { RejectedEvent, RoutedEvent } from './routed-event.js';
import { ShardedBatchWriter } from './sharded-batch-writer.js';
import { type RejectionOptions, RejectionWriter } from './write-rejections.js';

export type WriterOptions = Omit<LaneOptions, 'rules'> &
  Pick<RejectionOptions, 'budgetBytes' | 'onNotKept'> & {
    destinations: string[];
    /** By destination: the version of the rules that events are routed by, which Redis keeps (`keepRules`). */
    rules?: ReadonlyMap<string, { version: string }>;
    /** Shards of each destination that are written to, in turn; one where left out. */
    shards?: number;
  };

/**
 * Group commit: deliveries of many requests join one open batch a destination, which closes after a few
 * milliseconds or when it is full and becomes one job. One fsync then serves many requests, and a request
 * is answered when every batch it joined is in Redis.
 */
export class DeliveryWriter {
  private readonly redis: Redis;
  private readonly replicas: number;
  private readonly rejections: RejectionWriter;
  private readonly lanes: Map<string, ShardedBatchWriter>;

  constructor(options: WriterOptions) {
    this.redis = options.redis;
    this.replicas = options.replicas ?? 0;
    const { destinations, shards = 1, rules: versions, budgetBytes, onNotKept, ...lane } = options;
    const { redis, now = Date.now } = options;
    this.rejections = new RejectionWriter({ redis, now, replicas: this.replicas, budgetBytes, onNotKept });
    this.lanes = new Map(
      destinations.map((name) => {
        const rules = versions?.get(name)?.version;
        return [name, new ShardedBatchWriter(name, shards, { ...lane, rules })];
      }),
    );
  }

  /**
   * Resolves once Redis holds every delivery and every rejection; events that no destination takes are
   * counted and need no wait. Throws `StoreUnavailableError` or `StoreFullError`: then the sender must
   * repeat the request, since some of it may be stored and some not.
   * @param rejected kept as far as their budget goes, and counted
   * @param notKept refused events that are to be counted alone
   * @param request that brought all of it
   * @returns the ids of the jobs that hold the deliveries
   */
  commit(
    routed: RoutedEvent[],
    rejected: RejectedEvent[],
    notKept: readonly RefusalCount[] = [],
    request?: RequestRef,
  ): Promise<string[]> {
    // BullMQ waits for a connection that was never there; a sender must hear of it at once.
    if (this.redis.status !== 'ready') {
      return Promise.reject(new StoreUnavailableError('Redis cannot be reached'));
    }
    const timed = routed.filter(
      ({ timeFromReceipt, routes }) => timeFromReceipt && routes.some(({ rules }) => rules.length > 0),
    );
    if (timed.length === 0) return this.join(routed, rejected, notKept, request);
    return this.setFirstTimes(timed).then(() => this.join(routed, rejected, notKept, request));
  }

  /**
   * Not async, nor is `commit`: the events are text when it returns, and nobody holds them while Redis writes.
   * Held for that long, they were a fourth of a receiver's CPU time, spent by the garbage collector (measured).
   */
  private join(
    routed: RoutedEvent[],
    rejected: RejectedEvent[],
    notKept: readonly RefusalCount[],
    request: RequestRef | undefined,
  ): Promise<string[]> {
    const waits = new Set<Promise<string>>();
    for (const { source, event, routes } of routed) {
      let eventJson: string | undefined;
      for (const route of routes) {
        const lane = this.lanes.get(route.destination);
        if (!lane) throw new Error(`no lane for destination ${route.destination}`);
        if (route.rules.length === 0) {
          lane.countFiltered(source, nameOf(event));
          continue;
        }
        eventJson ??= JSON.stringify(event);
        const heads = route.rules.map((rule) => deliveryHead(rule, source));
        waits.add(lane.join(source, heads, eventJson, request));
      }
    }
    const refusals =
      rejected.length + notKept.length > 0 ? this.rejections.write(rejected, notKept, request) : undefined;
    return allWritten(waits, refusals);
  }

  private async setFirstTimes(timed: RoutedEvent[]): Promise<void> {
    try {
      const times = await getOrSetFirstTimes(
        this.redis,
        timed.map(({ source, event: { messageId, timestamp } }) => ({ source, messageId, timestamp })),
        this.replicas,
      );
      for (const [index, { event }] of timed.entries()) event.timestamp = times[index]!;
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Closes open batches at once and waits for what is being written. Call when no more requests come. */
  async close(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.close()));
  }
}

/** What people call an event: its name, or the type of its call where that has none. */
function nameOf({ event, type }: RoutedEvent['event']): string {
  return typeof event === 'string' && event !== '' ? event : String(type);
}

async function allWritten(
  jobs: Iterable<Promise<string>>,
  refusals: Promise<void> | undefined,
): Promise<string[]> {
  const [told, ...results] = await Promise.allSettled([refusals, ...jobs]);
  if (told.status === 'rejected') throw told.reason;
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
