import type { BucketCounts, StoredDelivery } from '@meterbridge/delivery';
import type { Queue } from 'bullmq';
import type { ChainableCommander, Redis } from 'ioredis';
import { type BatchData, encodeDeliveries } from '../batch/batch-codec.js';
import { PRIORITY } from '../bullmq/priority.js';
import type { LetterMark } from '../dead-letters/dead-letters.js';
import { streamIdOf } from '../keys/dead-letter-id.js';
import { type QueueKeys, queueKeys } from '../keys/keys.js';
import { readCounts } from '../ledger/ledger.js';
import { proveField, proveReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { ShardName } from '../state/shards.js';

/** How far a replay has come with one shard's dead letters, or the receiver's. */
export type ShardProgress = {
  /** The stream id of the last letter it has dealt with; empty before the first. */
  position: string;
  /** Letters that were put back. */
  replayed: number;
  /** What was put on this destination's queue for it; a letter may be several deliveries, or another's. */
  deliveries: number;
  /** Of those: so many were there already, as their API says. */
  duplicates: number;
  /** Letters that were left where they are, by why. */
  left: Record<string, number>;
};

/** One step of a replay in one shard; all of it happens, or nothing. */
export type ReplayStep = {
  /** Put on the queue, behind what is live; at most a few hundred. */
  deliveries?: StoredDelivery[];
  /** Events that no rule of the destination takes, by bucket. */
  filtered?: BucketCounts;
  /** Dead letters that are taken out of their stream. Nothing happens where one is there no more, or is another one. */
  taken?: readonly LetterMark[];
  /** Letters left where they are, by why. */
  left?: Readonly<Record<string, number>>;
  /** Stream ids: where the replay must stand for this to happen, and where it stands then. */
  from?: string;
  through?: string;
  /** The receiver's letters whose deliveries these are: `rejectionName`. Nothing happens where they are here already. */
  rejections?: readonly string[];
  /** What was put on the queue, as far as it may differ: a digest of its own. */
  edited?: string;
};

/** How a shard remembers a letter of the receiver: by its id and what it holds. */
export function rejectionName({ id, digest }: LetterMark): string {
  return `${id} ${digest}`;
}

/** Deliveries in one job. */
const BATCH = 100;

const stepScript = defineScript(SCRIPTS['replay/step']);
const confirmRejectionsScript = defineScript(SCRIPTS['replay/confirm-rejections']);
const countInFlightScript = defineScript(SCRIPTS['replay/count-in-flight']);

/** One replay in one shard of a destination. Throws as the client does; whoever is in doubt then asks for `progress`. */
export class ShardReplay {
  private readonly shard: string;
  private readonly redis: Redis;
  private readonly keys: QueueKeys;
  private readonly progressKey: string;
  private readonly jobsKey: string;
  private readonly rules: string | undefined;
  private queue: Queue | undefined;
  private readonly shardName: ShardName;

  /**
   * @param shard of a destination; the first has its name
   * @param rules the version that what is put on the queue is mapped by, whichever worker sends it; Redis has to keep it
   */
  constructor(shard: string, replayId: string, redis: Redis, rules?: string) {
    this.shard = shard;
    this.redis = redis;
    this.rules = rules;
    this.keys = queueKeys(shard);
    this.shardName = new ShardName(redis, shard);
    [this.progressKey, this.jobsKey] = shardReplayKeys(shard, replayId);
  }

  async progress(): Promise<ShardProgress> {
    const fields = await this.redis.hgetall(this.progressKey);
    const counts = readCounts(Object.entries(fields).flat());
    const left = Object.entries(counts).filter(([field]) => field.startsWith('left:'));
    return {
      position: fields.position ?? '',
      replayed: counts.replayed ?? 0,
      deliveries: counts.deliveries ?? 0,
      duplicates: counts.duplicates ?? 0,
      left: Object.fromEntries(left.map(([field, count]) => [field.slice('left:'.length), count])),
    };
  }

  /** The receiver's letters whose deliveries were put on this queue last: `rejectionName`. */
  async lastRejections(): Promise<string[]> {
    return JSON.parse((await this.redis.hget(this.progressKey, 'rejections')) ?? '[]') as string[];
  }

  /** What the last step that said so put on this queue. */
  lastEdited(): Promise<string | null> {
    return this.redis.hget(this.progressKey, 'edited');
  }

  /**
   * Whether the server of now has put the deliveries of these letters of the receiver on this queue; if so, resolves
   * once the replicas have it. Before they are taken away, each of their queues is asked.
   * @param prover sends nothing again by itself (`connectProducer`)
   * @throws as `proveReplicated`
   */
  proveRejections(rejections: readonly string[], prover: Redis, replicas: number): Promise<boolean> {
    const keys = { progress: this.progressKey };
    const names = JSON.stringify(rejections);
    return proveReplicated(prover, replicas, this.progressKey, (server) =>
      confirmRejectionsScript.run(server, keys, { names }),
    );
  }

  /** The same of what an edit has put on this queue. */
  proveEdited(edited: string, prover: Redis, replicas: number): Promise<boolean> {
    return proveField(prover, replicas, [this.progressKey, 'edited', edited]);
  }

  /** Whether the replay stands here by the word of the server of now, and of the replicas. */
  provePosition(position: string, prover: Redis, replicas: number): Promise<boolean> {
    return proveField(prover, replicas, [this.progressKey, 'position', position]);
  }

  /** Keeps what is remembered here for so long. */
  async expire(seconds: number): Promise<void> {
    for (const key of [this.progressKey, this.jobsKey]) await this.redis.expire(key, seconds);
  }

  async forget(): Promise<void> {
    await this.redis.del(this.progressKey, this.jobsKey);
  }

  /** @returns false where nothing happened, since something is not as the step supposes */
  async apply(step: ReplayStep): Promise<boolean> {
    const batches = encodeAll(step.deliveries ?? [], this.rules);
    const { ledger, hours, deadLetters, fingerprints, bull, job } = this.keys;
    const keysOf = (jobIds: string[]) => ({
      ledger,
      hours,
      deadLetters,
      fingerprints,
      progress: this.progressKey,
      replayJobs: this.jobsKey,
      prioritized: bull('prioritized'),
      jobs: jobIds.map(job),
    });
    if (batches.length === 0) {
      return (await stepScript.run(this.redis, keysOf([]), { given: toArgument(step, [], []) })) === 1;
    }
    // BullMQ is loaded where something is put on a queue.
    const { addBatches } = await import('../bullmq/enqueue.js');
    const { openQueue } = await import('../bullmq/open-queue.js');
    this.queue ??= openQueue(this.shard, this.redis);
    await this.shardName.say();
    const account = (transaction: ChainableCommander, jobIds: string[]) =>
      stepScript.addTo(transaction, keysOf(jobIds), { given: toArgument(step, batches, jobIds) });
    return (await addBatches(this.queue, batches, account, PRIORITY.replay)) === 1;
  }

  /** Deliveries of this replay that are not settled yet. */
  async inFlight(): Promise<number> {
    return countInFlightScript.run(this.redis, { replayJobs: this.jobsKey }, { prefix: this.keys.bull('') });
  }

  async close(): Promise<void> {
    await this.queue?.close();
  }
}

/** What a replay keeps in a shard's slot: its progress, and the ids of its jobs. */
export function shardReplayKeys(shard: string, replayId: string): [progress: string, jobs: string] {
  const progress = queueKeys(shard).replay(replayId);
  return [progress, `${progress}:jobs`];
}

function encodeAll(deliveries: StoredDelivery[], rules: string | undefined): BatchData[] {
  const batches: BatchData[] = [];
  for (let at = 0; at < deliveries.length; at += BATCH) {
    const batch = encodeDeliveries(deliveries.slice(at, at + BATCH));
    batches.push(rules === undefined ? batch : { ...batch, rules, isPinned: true });
  }
  return batches;
}

function toArgument(step: ReplayStep, batches: BatchData[], jobIds: string[]): string {
  const { taken = [], filtered = {}, left = {}, from, through, rejections, edited } = step;
  return JSON.stringify({
    jobs: batches.map(({ n, cells }, index) => ({ id: jobIds[index], n, cells: JSON.stringify(cells) })),
    taken: taken.map(({ id }) => streamIdOf(id)),
    digests: taken.map(({ digest }) => digest),
    filtered,
    left,
    from,
    through,
    rejections: rejections && JSON.stringify(rejections),
    edited,
  });
}
