import { hash } from 'node:crypto';
import { bucketOf, type Edit, hourAt, type StoredDelivery } from '@meterbridge/delivery';
import {
  asStoreError,
  getOrSetFirstTimes,
  RECEIVER,
  type ReplayStep,
  readStoreTime,
  rejectionName,
  ShardReplay,
  shardOfId,
  streamIdOf,
} from '@meterbridge/queue';
import { type DurableWriter, insist } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { compileJudge, type Move } from '../replay/judge-letter.js';
import type { Work } from '../work.js';
import { isDelivery, type LetterEntry } from './letter.js';

/** How long an edit that was cut off is remembered: who says it again by then gives no destination the letter twice. */
const KEPT_SECONDS = 30 * 86_400;

/** Queues on which the letter was before, as an edit of before had changed it that was cut off. */
export type PutBack = { hadBefore: string[] };

/**
 * Puts one letter back on its queue, with an event that somebody has changed. A letter of the receiver becomes
 * deliveries first and leaves then, once each of their queues is known to have them: an edit that was cut off in
 * between goes on where it stood. Waits until the replicas have it.
 * @throws OperationError (`conflict`) where it is there no more: somebody else replayed, edited or discarded it;
 *   (`not_possible`) where the configuration of now takes it nowhere
 */
export async function putBack(
  entry: LetterEntry,
  edited: Edit,
  { config, kept, redis }: Pick<Operations, 'config' | 'kept' | 'redis'>,
  writer: DurableWriter,
  work: Work = {},
): Promise<PutBack> {
  const verdict = compileJudge(compilePipeline(config, kept))(entry, '');
  if (verdict.will === 'stay') {
    throw new OperationError('not_possible', `${entry.id} cannot go back: ${verdict.why}`);
  }
  const moves = verdict.moves.map((move) => signed(move, edited));
  const giving = { entry, text: hash('sha1', entry.json, 'hex'), ops: { redis }, writer, work };
  if (isDelivery(entry.letter)) {
    const [{ deliveries }] = moves as [Move];
    await give(shardOfId(entry.id), { deliveries, taken: [entry] }, giving);
    await forget([shardOfId(entry.id)], giving);
    return { hadBefore: [] };
  }
  const { source } = entry.letter;
  if (verdict.will === 'go' && verdict.timed) {
    const { messageId, timestamp } = verdict.timed;
    const times = () => getOrSetFirstTimes(writer.redis, [{ source, messageId, timestamp }], writer.replicas);
    const [first] = await insist(() => times().catch((error) => Promise.reject(asStoreError(error))), work);
    verdict.timed.timestamp = first!;
  }
  const hour = hourAt(await readStoreTime(redis));
  const hadBefore: string[] = [];
  for (const { destination, deliveries } of moves) {
    const filtered = deliveries.length === 0 ? { [bucketOf(hour, source)]: 1 } : {};
    const accepted = deliveries.map((delivery) => ({ ...delivery, hour }));
    const rejections = [rejectionName(entry)];
    const given = await give(destination, { deliveries: accepted, filtered, rejections }, giving);
    if (given !== giving.text) hadBefore.push(destination);
  }
  await give(RECEIVER, { taken: [entry] }, giving);
  await forget([...moves.map(({ destination }) => destination), RECEIVER], giving);
  return { hadBefore };
}

/** Its last life ended by this edit, and by no replay. */
function signed({ destination, deliveries }: Move, edited: Edit): Move {
  return {
    destination,
    deliveries: deliveries.map((delivery): StoredDelivery => {
      const { replay: _none, ...life } = delivery.history!.at(-1)!;
      return { ...delivery, history: [...delivery.history!.slice(0, -1), { ...life, edited }] };
    }),
  };
}

type Giving = {
  entry: LetterEntry;
  /** A digest of what it is edited to. */
  text: string;
  ops: Pick<Operations, 'redis'>;
  writer: DurableWriter;
  work: Work;
};

/**
 * Does a step in one shard until the server of now and its replicas have it. What it was given is remembered there,
 * for this letter alone.
 * @param shard of a destination: its name is that of the first
 * @returns the digest of what it has been given: another one where an edit of before came first
 * @throws OperationError (`conflict`) where nothing was given, and cannot be
 */
async function give(
  shard: string,
  step: ReplayStep,
  { entry, text, ops, writer, work }: Giving,
): Promise<string> {
  for (;;) {
    const lane = openLane(shard, entry, ops);
    try {
      const isTaken = await insist(
        // Its answer may be lost with the connection, which sends no transaction again.
        () => lane.apply({ ...step, edited: text }).catch((error) => Promise.reject(asStoreError(error))),
        work,
      );
      const given = await lane.lastEdited();
      if (given === null && !isTaken) throw new OperationError('conflict', goneMeanwhile(shard, entry));
      await lane.expire(KEPT_SECONDS);
      const prove = (text: string) =>
        insist(() => lane.proveEdited(text, writer.redis, writer.replicas), work);
      if (given !== null && (await prove(given))) return given;
      // It is lost with the server that had it.
    } finally {
      await lane.close().catch(() => {});
    }
  }
}

async function forget(shards: readonly string[], { entry, ops }: Giving): Promise<void> {
  for (const shard of shards) await openLane(shard, entry, ops).forget();
}

function openLane(
  shard: string,
  { id, digest }: LetterEntry,
  { redis }: Pick<Operations, 'redis'>,
): ShardReplay {
  return new ShardReplay(shard, `edit-${streamIdOf(id)}-${digest.slice(0, 12)}`, redis);
}

function goneMeanwhile(shard: string, entry: LetterEntry): string {
  const isOnQueues = shard === RECEIVER && !isDelivery(entry.letter);
  return isOnQueues
    ? 'It was replayed, edited or discarded meanwhile, and is on its queues as edited.'
    : 'It was replayed, edited or discarded meanwhile: nothing was done.';
}
