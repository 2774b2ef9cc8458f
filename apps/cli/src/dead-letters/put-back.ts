import { hash } from 'node:crypto';
import { cellOf, type Edit, hourAt, type StoredDelivery } from '@meterbridge/delivery';
import {
  asStoreError,
  keepFirstTimes,
  RECEIVER,
  ReplayLane,
  type ReplayStep,
  readStoreTime,
  rejectionName,
} from '@meterbridge/queue';
import { type Hand, insist } from '../hand.js';
import { CommandError } from '../load-context.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { compileJudge, type Move } from '../replay/judge-letter.js';
import { isDelivery, type LetterEntry, shardOf } from './letter.js';
import type { LetterBox } from './open-letters.js';

/** How long an edit that was cut off is remembered: who says it again by then gives no destination the letter twice. */
const KEPT_SECONDS = 30 * 86_400;

/** Queues on which the letter was before, as an edit of before had changed it that was cut off. */
export type PutBack = { hadBefore: string[] };

/**
 * Puts one letter back on its queue, with an event that somebody has changed. A letter of the receiver becomes
 * deliveries first and leaves then, once each of their queues is known to have them: an edit that was cut off in
 * between goes on where it stood. Waits until the replicas have it.
 * @throws CommandError where it is there no more: somebody else replayed, edited or discarded it
 */
export async function putBack(
  entry: LetterEntry,
  edited: Edit,
  { config, kept, redis }: Pick<LetterBox, 'config' | 'kept' | 'redis'>,
  hand: Hand,
): Promise<PutBack> {
  const verdict = compileJudge(compilePipeline(config, kept))(entry, '');
  if (verdict.will === 'stay') throw new CommandError(`${entry.id} cannot go back: ${verdict.why}`);
  const moves = verdict.moves.map((move) => signed(move, edited));
  const giving = { entry, text: hash('sha1', entry.json, 'hex'), box: { redis }, hand };
  if (isDelivery(entry.letter)) {
    const [{ deliveries }] = moves as [Move];
    await give(shardOf(entry), { deliveries, taken: [entry] }, giving);
    await forget([shardOf(entry)], giving);
    return { hadBefore: [] };
  }
  const { source } = entry.letter;
  if (verdict.will === 'go' && verdict.timed) {
    const { messageId, timestamp } = verdict.timed;
    const times = () => keepFirstTimes(hand.redis, [{ source, messageId, timestamp }], hand.replicas);
    const [first] = await insist(() => times().catch((error) => Promise.reject(asStoreError(error))));
    verdict.timed.timestamp = first!;
  }
  const hour = hourAt(await readStoreTime(redis));
  const hadBefore: string[] = [];
  for (const { destination, deliveries } of moves) {
    const filtered = deliveries.length === 0 ? { [cellOf(hour, source)]: 1 } : {};
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
  box: Pick<LetterBox, 'redis'>;
  hand: Hand;
};

/**
 * Does a step in one shard until the server of now and its replicas have it. What it was given is remembered there,
 * for this letter alone.
 * @param shard of a destination: its name is that of the first
 * @returns the digest of what it has been given: another one where an edit of before came first
 * @throws CommandError where nothing was given, and cannot be
 */
async function give(shard: string, step: ReplayStep, { entry, text, box, hand }: Giving): Promise<string> {
  for (;;) {
    const lane = openLane(shard, entry, box);
    try {
      const isTaken = await insist(() =>
        // Its answer may be lost with the connection, which sends no transaction again.
        lane.take({ ...step, edited: text }).catch((error) => Promise.reject(asStoreError(error))),
      );
      const given = await lane.lastEdited();
      if (given === null && !isTaken) throw new CommandError(goneMeanwhile(shard, entry));
      await lane.expire(KEPT_SECONDS);
      if (given !== null && (await insist(() => lane.proveEdited(given, hand.redis, hand.replicas)))) {
        return given;
      }
      // It is lost with the server that had it.
    } finally {
      await lane.close().catch(() => {});
    }
  }
}

async function forget(shards: readonly string[], { entry, box }: Giving): Promise<void> {
  for (const shard of shards) await openLane(shard, entry, box).forget();
}

function openLane(
  shard: string,
  { id, digest }: LetterEntry,
  { redis }: Pick<LetterBox, 'redis'>,
): ReplayLane {
  return new ReplayLane(shard, `edit-${id.slice(id.indexOf('/') + 1)}-${digest.slice(0, 12)}`, redis);
}

function goneMeanwhile(shard: string, entry: LetterEntry): string {
  const isOnQueues = shard === RECEIVER && !isDelivery(entry.letter);
  return isOnQueues
    ? 'It was replayed, edited or discarded meanwhile, and is on its queues as edited.'
    : 'It was replayed, edited or discarded meanwhile: nothing was done.';
}
