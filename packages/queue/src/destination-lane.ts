import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { encodeBatch } from './batch-codec.js';
import { addBatches } from './enqueue.js';
import { asStoreError } from './errors.js';
import { type QueueKeys, queueKeys } from './keys.js';
import { rememberDestination } from './known-destinations.js';
import { openQueue } from './open-queue.js';

export type LaneOptions = {
  redis: Redis;
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

/** The open batch of one destination and its way into Redis. */
export class DestinationLane {
  private readonly name: string;
  private readonly keys: QueueKeys;
  private readonly redis: Redis;
  private queue: Queue;
  private isKnown = false;
  private readonly batchSize: number;
  private readonly lingerMs: number;
  private readonly onCommitted: LaneOptions['onCommitted'];
  private open: OpenBatch | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Closed and not yet written. */
  private readonly closed: OpenBatch[] = [];
  private writing: Promise<void> | undefined;
  private filtered = 0;

  constructor(name: string, options: LaneOptions) {
    this.name = name;
    this.keys = queueKeys(name);
    this.redis = options.redis;
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
    while (this.writing) await this.writing;
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
      // What closed after the last look would wait for somebody else's batch.
      if (this.closed.length > 0) this.flush();
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
        // Those that closed while this write hung have waited long enough to be told, too.
        for (const batch of [...batches, ...this.closed.splice(0)]) batch.settle(storeError);
        // Filtered events were never promised to anyone but still have to be counted: with the next batch.
        this.filtered += filtered;
        return;
      }
    }
  }

  /**
   * BullMQ looks at its Redis once and remembers for ever if that failed, even for a slow first second: such
   * a queue is replaced, or every later write would fail as well.
   */
  private async readyQueue(): Promise<Queue> {
    try {
      await this.queue.waitUntilReady();
    } catch (error) {
      this.queue.close().catch(() => {});
      this.queue = openQueue(this.name, this.redis);
      throw error;
    }
    if (!this.isKnown) await rememberDestination(this.redis, this.name);
    this.isKnown = true;
    return this.queue;
  }

  private async write(open: OpenBatch[], filtered: number): Promise<void> {
    const batches = open.map(({ deliveries }) => encodeBatch(deliveries));
    await addBatches(await this.readyQueue(), batches, (transaction, jobIds) => {
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

function openBatch(): OpenBatch {
  let settle!: OpenBatch['settle'];
  const written = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  // Whoever joined awaits it; a batch whose requests are gone must not be an unhandled rejection.
  written.catch(() => {});
  return { deliveries: [], written, settle };
}
