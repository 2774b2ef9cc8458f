import type { SegmentEvent } from '@meterbridge/segment-events';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { deliveryJson, encodeBatch } from './batch-codec.js';
import { encodeDeadLetter } from './dead-letter-codec.js';
import { addBatches } from './enqueue.js';
import { asStoreError, StoreUnavailableError } from './errors.js';
import { keepFirstTimes } from './first-times.js';
import { DELIVERIES, type QueueKeys, queueKeys, RECEIVER } from './keys.js';

/** An event and where it goes: for each destination the rules that take it, none meaning filtered. */
export type RoutedEvent = {
  source: string;
  event: SegmentEvent;
  /** The event's time depends on when it was received; the first one ever stored is the one that holds. */
  timeFromReceipt: boolean;
  routes: readonly { destination: string; rules: readonly string[] }[];
};

/** Something that arrived and is no Segment event: a dead letter of the receiver. */
export type RejectedEvent = {
  source: string;
  /** How it came: straight from a client, or forwarded by Segment. */
  via: 'tracking' | 'webhook';
  reason: string;
  detail: string;
  /** As it arrived, after the source's privacy rules. */
  raw: unknown;
  receivedAt: string;
};

export type WriterOptions = {
  redis: Redis;
  destinations: string[];
  /** Deliveries at which an open batch closes. */
  batchSize?: number;
  /** How long a batch stays open for others to join. */
  lingerMs?: number;
  /** Told of what Redis has: the deliveries of each batch, and the events that were filtered meanwhile. */
  onCommitted?: (destination: string, batches: number[], filtered: number) => void;
};

type OpenBatch = {
  deliveries: string[];
  written: Promise<void>;
  settle: (error?: Error) => void;
};

/** Counts batches as accepted, but only those that the same transaction did add. */
const ACCEPT = `
local accepted = tonumber(ARGV[1])
if accepted > 0 then redis.call('HINCRBY', KEYS[1], 'filtered', accepted) end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HSET', KEYS[i], 'n', ARGV[i])
    accepted = accepted + ARGV[i]
  end
end
redis.call('HINCRBY', KEYS[1], 'accepted', accepted)
`;

/**
 * Group commit: deliveries of many requests join one open batch a destination, which closes after a few
 * milliseconds or when it is full and becomes one job. One fsync then serves many requests, and a request
 * is answered when every batch it joined is in Redis.
 */
export class DeliveryWriter {
  private readonly redis: Redis;
  private readonly lanes: Map<string, DestinationLane>;
  private readonly rejections: RejectionLane;

  constructor(options: WriterOptions) {
    this.redis = options.redis;
    this.lanes = new Map(options.destinations.map((name) => [name, new DestinationLane(name, options)]));
    this.rejections = new RejectionLane(options.redis);
  }

  /**
   * Resolves once Redis holds every delivery and every rejection; events that no destination takes are
   * counted and need no wait. Throws `StoreUnavailableError` or `StoreFullError`: then the sender must
   * repeat the request, since some of it may be stored and some not.
   */
  async commit(routed: RoutedEvent[], rejected: RejectedEvent[]): Promise<void> {
    // BullMQ waits for a connection that was never there; a sender must hear of it at once.
    if (this.redis.status !== 'ready') throw new StoreUnavailableError('Redis cannot be reached');
    await this.setFirstTimes(routed);
    const waits = new Set<Promise<void>>();
    for (const { source, event, routes } of routed) {
      let eventJson: string | undefined;
      for (const route of routes) {
        const lane = this.lanes.get(route.destination);
        if (!lane) throw new Error(`no lane for destination ${route.destination}`);
        if (route.rules.length === 0) {
          lane.countFiltered();
          continue;
        }
        eventJson ??= JSON.stringify(event);
        const json = eventJson;
        waits.add(lane.join(route.rules.map((rule) => deliveryJson(rule, source, json))));
      }
    }
    if (rejected.length > 0) waits.add(this.rejections.write(rejected));
    const results = await Promise.allSettled(waits);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  private async setFirstTimes(routed: RoutedEvent[]): Promise<void> {
    const events = routed
      .filter(
        ({ timeFromReceipt, routes }) => timeFromReceipt && routes.some(({ rules }) => rules.length > 0),
      )
      .map(({ event }) => event);
    if (events.length === 0) return;
    try {
      const times = await keepFirstTimes(this.redis, events);
      for (const [index, event] of events.entries()) event.timestamp = times[index]!;
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Closes open batches at once and waits for what is being written. Call when no more requests come. */
  async close(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.close()));
  }
}

/** The open batch of one destination and its way into Redis. */
class DestinationLane {
  private readonly name: string;
  private readonly keys: QueueKeys;
  private readonly queue: Queue;
  private readonly batchSize: number;
  private readonly lingerMs: number;
  private readonly onCommitted: WriterOptions['onCommitted'];
  private open: OpenBatch | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Closed and not yet written. */
  private readonly closed: OpenBatch[] = [];
  private writing: Promise<void> | undefined;
  private filtered = 0;

  constructor(name: string, options: WriterOptions) {
    this.name = name;
    this.keys = queueKeys(name);
    this.queue = openQueue(name, options.redis);
    this.batchSize = options.batchSize ?? 100;
    this.lingerMs = options.lingerMs ?? 3;
    this.onCommitted = options.onCommitted;
  }

  /** The deliveries of one event stay together, so that a collision between its rules is always seen. */
  join(deliveries: string[]): Promise<void> {
    this.open ??= openBatch();
    const batch = this.open;
    for (const delivery of deliveries) batch.deliveries.push(delivery);
    if (batch.deliveries.length >= this.batchSize) this.flush();
    else this.schedule();
    return batch.written;
  }

  countFiltered(): void {
    this.filtered += 1;
    this.schedule();
  }

  async close(): Promise<void> {
    this.flush();
    await this.writing;
    await this.queue.close();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(), this.lingerMs);
  }

  /** Closes the open batch. It is written with all that close while another write is on its way. */
  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.open) this.closed.push(this.open);
    this.open = undefined;
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  private async writeAll(): Promise<void> {
    // Requests that were read in one turn of the event loop belong in one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.closed.length > 0 || this.filtered > 0) {
      const batches = this.closed.splice(0);
      const filtered = this.filtered;
      this.filtered = 0;
      try {
        await this.write(batches, filtered);
        for (const batch of batches) batch.settle();
      } catch (error) {
        const storeError = asStoreError(error);
        for (const batch of batches) batch.settle(storeError);
        // Filtered events were never promised to anyone but still have to be counted: with the next batch.
        this.filtered += filtered;
        return;
      }
    }
  }

  private async write(open: OpenBatch[], filtered: number): Promise<void> {
    const batches = open.map(({ deliveries }) => encodeBatch(deliveries));
    await addBatches(this.queue, batches, (transaction, jobIds) => {
      transaction.eval(
        ACCEPT,
        1 + jobIds.length,
        this.keys.ledger,
        ...jobIds.map((jobId) => this.keys.job(jobId)),
        filtered,
        ...batches.map((batch) => batch.n),
      );
    });
    this.onCommitted?.(
      this.name,
      batches.map((batch) => batch.n),
      filtered,
    );
  }
}

/** Dead letters of the receiver: what could not become a delivery. */
class RejectionLane {
  private readonly redis: Redis;
  private readonly keys = queueKeys(RECEIVER);

  constructor(redis: Redis) {
    this.redis = redis;
  }

  async write(rejected: RejectedEvent[]): Promise<void> {
    const transaction = this.redis.multi();
    for (const rejection of rejected) {
      transaction.xadd(
        this.keys.deadLetters,
        '*',
        'reason',
        rejection.reason,
        'z',
        encodeDeadLetter(rejection),
      );
      transaction.hincrby(this.keys.ledger, `dead:${rejection.reason}`, 1);
    }
    transaction.hincrby(this.keys.ledger, 'accepted', rejected.length);
    transaction.hincrby(this.keys.ledger, 'dead', rejected.length);
    try {
      const results = await transaction.exec();
      if (!results) throw new Error('the transaction was aborted');
      for (const [error] of results) if (error) throw error;
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

/** The BullMQ queue of a destination. Small event streams: they are kept for nobody. */
export function openQueue(destination: string, redis: Redis): Queue {
  const queue = new Queue(DELIVERIES, {
    connection: redis,
    prefix: queueKeys(destination).prefix,
    defaultJobOptions: { removeOnComplete: true, stackTraceLimit: 1, keepLogs: 0 },
    streams: { events: { maxLen: 100 } },
  });
  // Connection errors reach the owner of `redis`; without a listener here they would end the process.
  queue.on('error', () => {});
  return queue;
}

function openBatch(): OpenBatch {
  let settle!: OpenBatch['settle'];
  const written = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  // Whoever joined awaits it; a batch whose requests are gone must not be an unhandled rejection.
  written.catch(() => {});
  return { deliveries: [], written, settle };
}
