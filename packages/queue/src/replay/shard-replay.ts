import type { Cells, StoredDelivery } from '@meterbridge/delivery';
import type { Queue } from 'bullmq';
import type { ChainableCommander, Redis } from 'ioredis';
import { type BatchData, encodeDeliveries } from '../batch/batch-codec.js';
import { addBatches, PRIORITY } from '../bullmq/enqueue.js';
import { openQueue } from '../bullmq/open-queue.js';
import type { LetterMark } from '../dead-letters/dead-letters.js';
import { streamIdOf } from '../keys/dead-letter-id.js';
import { type QueueKeys, queueKeys } from '../keys/keys.js';
import { readCounts } from '../ledger/ledger.js';
import { proveField, proveReplicated } from '../redis/replication.js';
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
  /** Events that no rule of the destination takes, by cell. */
  filtered?: Cells;
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

/** How a lane remembers a letter of the receiver: by its id and what it holds. */
export function rejectionName({ id, digest }: LetterMark): string {
  return `${id} ${digest}`;
}

/** Deliveries in one job. */
const BATCH = 100;

/**
 * Runs in the transaction that has added the jobs, and takes them back where the step must not happen: where
 * the replay stands elsewhere (a step that a reconnect sent twice, or another process that goes on with it), or
 * somebody else took one of the letters, or another letter has its id. A job that has its `n` is of the step that did happen, and stays. So a
 * letter becomes a delivery once, whoever is killed and whenever.
 */
const STEP = `
local step = cjson.decode(ARGV[1])
local function undo()
  for i, job in ipairs(step.jobs) do
    if redis.call('HEXISTS', KEYS[6 + i], 'n') == 0 then
      redis.call('ZREM', KEYS[6], job.id)
      redis.call('DEL', KEYS[6 + i])
    end
  end
  return 0
end
for i = 1, #step.jobs do
  if redis.call('EXISTS', KEYS[6 + i]) == 0 then return undo() end
end
if step.from and (redis.call('HGET', KEYS[4], 'position') or '') ~= step.from then return undo() end
if step.rejections and redis.call('HGET', KEYS[4], 'rejections') == step.rejections then return undo() end
local reasons, dead = {}, {}
for at, id in ipairs(step.taken) do
  local found = redis.call('XRANGE', KEYS[3], id, id)[1]
  if not found then return undo() end
  local letter = {}
  for j = 1, #found[2], 2 do letter[found[2][j]] = found[2][j + 1] end
  if redis.sha1hex(letter.z) ~= step.digests[at] then return undo() end
  reasons[letter.reason] = (reasons[letter.reason] or 0) + 1
  local cell = letter.cell or ''
  if cell ~= '' then dead[cell] = (dead[cell] or 0) + 1 end
end

local accepted, deliveries = 0, 0
local byCell = {}
local function accept(count, cell)
  byCell[cell] = (byCell[cell] or 0) + count
end
if #step.taken > 0 then redis.call('XDEL', KEYS[3], unpack(step.taken)) end
for reason, count in pairs(reasons) do redis.call('HINCRBY', KEYS[1], 'dead:' .. reason, 0 - count) end
for cell, count in pairs(dead) do
  redis.call('HINCRBY', KEYS[2], cell .. '/dead', 0 - count)
  accept(0 - count, cell)
end
for cell, count in pairs(step.filtered) do
  redis.call('HINCRBY', KEYS[1], 'filtered', count)
  redis.call('HINCRBY', KEYS[2], cell .. '/filtered', count)
  accepted = accepted + count
  accept(count, cell)
end
for i, job in ipairs(step.jobs) do
  redis.call('HSET', KEYS[6 + i], 'n', job.n, 'cells', job.cells)
  redis.call('SADD', KEYS[5], job.id)
  deliveries = deliveries + job.n
  for cell, count in pairs(cjson.decode(job.cells)) do accept(count, cell) end
end
local function raise(key, field, count)
  if count ~= 0 then redis.call('HINCRBY', key, field, count) end
end
raise(KEYS[1], 'dead', 0 - #step.taken)
raise(KEYS[1], 'accepted', accepted + deliveries - #step.taken)
for cell, count in pairs(byCell) do raise(KEYS[2], cell .. '/accepted', count) end
raise(KEYS[4], 'replayed', #step.taken)
raise(KEYS[4], 'deliveries', deliveries)
for why, count in pairs(step.left) do raise(KEYS[4], 'left:' .. why, count) end
if step.through then redis.call('HSET', KEYS[4], 'position', step.through) end
if step.rejections then redis.call('HSET', KEYS[4], 'rejections', step.rejections) end
if step.edited then redis.call('HSET', KEYS[4], 'edited', step.edited) end
return 1
`;

/** Tells whether a lane was given all these letters of the receiver, and writes that once more. */
const GIVEN = `
local rejections = redis.call('HGET', KEYS[1], 'rejections')
if not rejections then return 0 end
local given = {}
for _, name in ipairs(cjson.decode(rejections)) do given[name] = true end
for _, name in ipairs(cjson.decode(ARGV[1])) do
  if not given[name] then return 0 end
end
redis.call('HSET', KEYS[1], 'rejections', rejections)
return 1
`;

/** What of a replay's jobs is not settled yet; forgets those that are. */
const IN_FLIGHT = `
local inFlight = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local n = redis.call('HGET', ARGV[1] .. id, 'n')
  if n then inFlight = inFlight + tonumber(n) else redis.call('SREM', KEYS[1], id) end
end
return inFlight
`;

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
    return proveReplicated(prover, replicas, GIVEN, this.progressKey, JSON.stringify(rejections));
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
  async take(step: ReplayStep): Promise<boolean> {
    const batches = encodeAll(step.deliveries ?? [], this.rules);
    const run = (on: Pick<Redis, 'eval'> | ChainableCommander, jobIds: string[]) =>
      on.eval(
        STEP,
        6 + jobIds.length,
        this.keys.ledger,
        this.keys.hours,
        this.keys.deadLetters,
        this.progressKey,
        this.jobsKey,
        this.keys.bull('prioritized'),
        ...jobIds.map((jobId) => this.keys.job(jobId)),
        toArgument(step, batches, jobIds),
      );
    if (batches.length === 0) return (await run(this.redis, [])) === 1;
    this.queue ??= openQueue(this.shard, this.redis);
    await this.shardName.say();
    return (
      (await addBatches(this.queue, batches, (multi, jobIds) => void run(multi, jobIds), PRIORITY.replay)) ===
      1
    );
  }

  /** Deliveries of this replay that are not settled yet. */
  async inFlight(): Promise<number> {
    return (await this.redis.eval(IN_FLIGHT, 1, this.jobsKey, this.keys.bull(''))) as number;
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
