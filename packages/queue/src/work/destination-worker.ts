import { shardNames } from '../keys/keys.js';
import { every } from '../redis/every.js';
import { namedShardsOf, rememberShards } from '../state/shards.js';
import { DeliveryWorker, type DeliveryWorkerOptions } from './delivery-worker.js';
import { createMutex } from './mutex.js';

export type DestinationWorkerOptions = Omit<DeliveryWorkerOptions, 'inLane'> & {
  /** Shards of the configuration: they are served before anybody has written to them. */
  shards: number;
  /** Batch jobs of all shards in hand at once, at most. */
  concurrency: number;
  /** Deliveries of all shards in hand that are enough. */
  deliveries: number;
};

export type DestinationWorker = Pick<DeliveryWorker, 'close'>;

/** How often is looked for shards that others write to. */
const LOOK_EVERY_MS = 2_000;

/**
 * Runs the batch jobs of all shards of a destination, as evenly as they come: those that are configured, and
 * those that Redis knows of, since a receiver may be told of another number before or after this process. A
 * shard that nobody writes to any more is served on: it may hold what is to be tried in three days.
 */
export async function startDestinationWorker(options: DestinationWorkerOptions): Promise<DestinationWorker> {
  const { destination, shards, concurrency, redis } = options;
  const configured = shardNames(destination, shards);
  const workers = new Map<string, DeliveryWorker>();
  const inLane = createMutex();
  const known = new Set<string>();
  let isClosed = false;

  async function findShards(): Promise<void> {
    const named = await namedShardsOf(destination, redis);
    for (const shard of named) known.add(shard);
    // A failover to a replica that lagged may have lost one, whose jobs lie on another server.
    const lost = [...configured, ...known].filter((shard) => !named.includes(shard));
    if (lost.length > 0) await rememberShards(redis, ...lost);
  }

  function serve(): void {
    if (isClosed) return;
    const all = [...new Set([...configured, ...known])];
    for (const shard of all) {
      // Those that are only drained have a share beside: so it is never more than twice as much.
      const sharers = configured.includes(shard) ? configured.length : all.length;
      const hands = Math.ceil(concurrency / sharers);
      const worker = workers.get(shard);
      if (worker) worker.setConcurrency(hands);
      else {
        const deliveries = Math.ceil(options.deliveries / configured.length);
        const shared = { ...options, destination: shard, concurrency: hands, deliveries, inLane };
        workers.set(shard, DeliveryWorker.start(shared));
      }
    }
  }

  await findShards();
  serve();
  const rounds = every(LOOK_EVERY_MS, () => findShards().then(serve));

  return {
    async close() {
      isClosed = true;
      rounds.stop();
      await Promise.all([...workers.values()].map((worker) => worker.close()));
    },
  };
}
