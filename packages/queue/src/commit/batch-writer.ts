import { type BucketCounts, bucketOf, hourAt } from '@meterbridge/delivery';
import type { RequestRef } from '@meterbridge/segment-events';
import type { Queue } from 'bullmq';
import type { ChainableCommander, Redis } from 'ioredis';
import { encodeBatch } from '../batch/batch-codec.js';
import { BatchText } from '../batch/batch-text.js';
import { RequestRuns } from '../batch/request-runs.js';
import { addBatches } from '../bullmq/enqueue.js';
import { openQueue } from '../bullmq/open-queue.js';
import type { Priority } from '../bullmq/priority.js';
import { type QueueKeys, queueKeys } from '../keys/keys.js';
import type { FilteredEntry, ReceiptRoom } from '../receipts/receipt-entry.js';
import { asStoreError } from '../redis/errors.js';
import { prepareWait } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { ShardName } from '../state/shards.js';

export type LaneOptions = {
  redis: Redis;
  /** Epoch milliseconds: the hour in which what is committed now was accepted. */
  now?: () => number;
  /** Deliveries at which an open batch closes; 500 where left out. */
  batchSize?: number;
  /** How long a batch stays open for others to join, and for as long as another is being written. */
  lingerMs?: number;
  /** Live where left out. */
  priority?: Priority;
  /** The version of the rules that events are routed by: each job names it. */
  rules?: string;
  /** So many replicas have to have a batch before it counts as written; none where left out. */
  replicas?: number;
  /** Left out where no receipts are kept. */
  receipts?: ReceiptRoom;
  /** Told of what Redis has: the deliveries of each batch, and the events that were filtered meanwhile. */
  onCommitted?: (destination: string, batches: number[], filtered: number) => void;
};

/** Of a batch's JSON, and of its requests' names, at which it closes: two thousand usual events, and thirty of the largest. */
const MAX_BATCH_BYTES = 1_000_000;

/** Deliveries by the source that sent them. */
type BySource = Map<string, number>;
/** Filtered events by their source and, where receipts are kept, by their name; else that is empty. */
type FilteredBySource = Map<string, Map<string, number>>;

/** Characters of an event's name that its receipt has. */
const MAX_NAME = 200;

type OpenBatch = {
  text: BatchText;
  sources: BySource;
  requests: RequestRuns;
  /** Resolves to the id of its job. */
  written: Promise<string>;
  resolve: (jobId: string) => void;
  reject: (error: Error) => void;
};

const acceptScript = defineScript(SCRIPTS['commit/accept-batches']);

/** The open batch of one shard of a destination, and its way into Redis. */
export class BatchWriter {
  private readonly name: string;
  private readonly keys: QueueKeys;
  private readonly redis: Redis;
  private readonly now: () => number;
  private queue: Queue;
  private readonly shardName: ShardName;
  private readonly batchSize: number;
  private readonly lingerMs: number;
  private readonly priority: Priority | undefined;
  private readonly replicas: number;
  private readonly rules: string | undefined;
  private readonly onCommitted: LaneOptions['onCommitted'];
  private open: OpenBatch | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The open batch has been open for long enough. */
  private isDue = false;
  /** Closed and not yet written. */
  private readonly closed: OpenBatch[] = [];
  private writing: Promise<void> | undefined;
  private filtered: FilteredBySource = new Map();
  private readonly receipts: ReceiptRoom | undefined;

  constructor(name: string, options: LaneOptions) {
    this.name = name;
    this.keys = queueKeys(name);
    this.redis = options.redis;
    this.now = options.now ?? Date.now;
    this.queue = openQueue(name, options.redis);
    this.batchSize = options.batchSize ?? 500;
    this.lingerMs = options.lingerMs ?? 3;
    this.priority = options.priority;
    this.replicas = options.replicas ?? 0;
    this.rules = options.rules;
    this.shardName = new ShardName(options.redis, name, this.replicas);
    this.receipts = options.receipts;
    this.onCommitted = options.onCommitted;
  }

  /** Whether what joins now joins others. */
  get hasOpenBatch(): boolean {
    return this.open !== undefined;
  }

  /** What joins now waits for more than one write. */
  get isWriting(): boolean {
    return this.writing !== undefined;
  }

  /**
   * The deliveries of one event stay together, so that a collision between its rules is always seen.
   * @param heads of its deliveries, as `deliveryHead` gives them
   * @param request that brought it
   * @returns the id of the job that holds them, once it is written
   */
  join(source: string, heads: string[], eventJson: string, request?: RequestRef): Promise<string> {
    this.open ??= openBatch();
    const { text, sources, requests, written } = this.open;
    for (const head of heads) text.addEvent(head, eventJson);
    raise(sources, source, heads.length);
    requests.add(request, heads.length);
    const isFull = text.count >= this.batchSize || text.bytes + requests.bytes >= MAX_BATCH_BYTES;
    if (isFull) this.flush();
    else this.schedule();
    return written;
  }

  /** @param name the event's, or its call's type */
  countFiltered(source: string, name: string): void {
    this.raiseFiltered(source, this.receipts ? name.slice(0, MAX_NAME) : '', 1);
    this.schedule();
  }

  private raiseFiltered(source: string, name: string, by: number): void {
    const names = this.filtered.get(source) ?? new Map<string, number>();
    this.filtered.set(source, names);
    raise(names, name, by);
  }

  async close(): Promise<void> {
    this.flush();
    while (this.writing) await this.writing;
    await this.queue.close();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.isDue = true;
      // It could not be written sooner: until then others may join.
      if (!this.writing) this.flush();
    }, this.lingerMs);
  }

  /** Closes the open batch. It is written with all that close while another write is on its way. */
  private flush(): void {
    this.closeOpen();
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      // What closed after the last look would wait for somebody else's batch.
      if (this.closed.length > 0 || this.isDue) this.flush();
    });
  }

  private closeOpen(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isDue = false;
    if (this.open) this.closed.push(this.open);
    this.open = undefined;
  }

  private async writeAll(): Promise<void> {
    // Requests that were read in one turn of the event loop belong in one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.closed.length > 0 || this.isDue || this.filtered.size > 0) {
      if (this.isDue) this.closeOpen();
      const batches = this.closed.splice(0);
      const filtered = this.filtered;
      this.filtered = new Map();
      try {
        const jobIds = await this.write(batches, filtered);
        for (const [index, batch] of batches.entries()) batch.resolve(jobIds[index]!);
      } catch (error) {
        const storeError = asStoreError(error);
        // Those that came while this write hung have waited long enough to be told, too.
        if (this.isDue) this.closeOpen();
        for (const batch of [...batches, ...this.closed.splice(0)]) batch.reject(storeError);
        // Filtered events were never promised to anyone but still have to be counted: with the next batch.
        for (const [source, names] of filtered) {
          for (const [name, count] of names) this.raiseFiltered(source, name, count);
        }
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
    await this.shardName.say();
    return this.queue;
  }

  /** @returns the ids of the jobs, in order */
  private async write(open: OpenBatch[], filtered: FilteredBySource): Promise<string[]> {
    const hour = hourAt(this.now());
    const batches = open.map(({ text, sources, requests }) =>
      encodeBatch(text, {
        hour,
        cells: bucketsOf(hour, sources),
        rules: this.rules,
        requests: requests.encode(),
      }),
    );
    const filteredCounts: BySource = new Map([...filtered].map(([source, names]) => [source, sumOf(names)]));
    let written: string[] = [];
    const accept = (transaction: ChainableCommander, jobIds: string[]) => {
      written = jobIds;
      const { ledger, hours, receipts, receiptBytes, receiptGaps, job } = this.keys;
      acceptScript.addTo(
        transaction,
        { ledger, hours, receipts, receiptBytes, receiptGaps, jobs: jobIds.map(job) },
        {
          filtered: JSON.stringify(bucketsOf(hour, filteredCounts)),
          names: this.receipts && filtered.size > 0 ? JSON.stringify(namesOf(hour, filtered)) : '',
          receiptLimit: this.receipts?.maxBytes ?? 0,
          batches: batches.flatMap((batch) => [batch.n, JSON.stringify(batch.cells)]),
        },
      );
    };
    const queue = await this.readyQueue();
    const untilReplicated = await prepareWait(this.redis, this.keys.ledger, this.replicas);
    await addBatches(queue, batches, accept, this.priority);
    await untilReplicated();
    this.onCommitted?.(
      this.name,
      batches.map((batch) => batch.n),
      sumOf(filteredCounts),
    );
    return written;
  }
}

function openBatch(): OpenBatch {
  let resolve!: OpenBatch['resolve'];
  let reject!: OpenBatch['reject'];
  const written = new Promise<string>((...settle) => {
    [resolve, reject] = settle;
  });
  // The requests that joined await it; a batch whose requests are gone must not be an unhandled rejection.
  written.catch(() => {});
  return { text: new BatchText(), sources: new Map(), requests: new RequestRuns(), written, resolve, reject };
}

function raise(sources: BySource, source: string, by: number): void {
  sources.set(source, (sources.get(source) ?? 0) + by);
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function namesOf(hour: number, filtered: FilteredBySource): FilteredEntry['filtered'] {
  const named = [...filtered].map(
    ([source, names]) => [bucketOf(hour, source), Object.fromEntries(names)] as const,
  );
  return Object.fromEntries(named);
}

function bucketsOf(hour: number, sources: BySource): BucketCounts {
  return Object.fromEntries([...sources].map(([source, count]) => [bucketOf(hour, source), count]));
}
