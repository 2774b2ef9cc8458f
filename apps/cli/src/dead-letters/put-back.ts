import type { Config } from '@meterbridge/config';
import { cellOf, type Edit, hourAt, type StoredDelivery } from '@meterbridge/delivery';
import { keepFirstTimes, RECEIVER, ReplayLane, type ReplayStep, readStoreTime } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { CommandError } from '../load-context.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { compileJudge, type Move } from '../replay/judge-letter.js';
import { isDelivery, type LetterEntry, shardOf } from './letter.js';

/** Under which replay edits are counted: they need no record of their own, their letters' history has it. */
const EDITS = 'edits';

/**
 * Puts one letter back on its queue, with an event that somebody has changed. A letter of the receiver becomes
 * deliveries first and leaves then: killed in between it is both, and its API tells the second from the first.
 * @throws CommandError where it is there no more: somebody else replayed, edited or discarded it
 */
export async function putBack(entry: LetterEntry, edited: Edit, config: Config, redis: Redis): Promise<void> {
  const verdict = compileJudge(compilePipeline(config))(entry, '');
  if (verdict.will === 'stay') throw new CommandError(`${entry.id} cannot go back: ${verdict.why}`);
  const moves = verdict.moves.map((move) => signed(move, edited));
  if (isDelivery(entry.letter)) {
    const [{ deliveries }] = moves as [Move];
    await take(shardOf(entry), redis, { deliveries, taken: [entry.id] });
    return;
  }
  const { source } = entry.letter;
  if (verdict.will === 'go' && verdict.timed) {
    const { messageId, timestamp } = verdict.timed;
    const [first] = await keepFirstTimes(redis, [{ source, messageId, timestamp }]);
    verdict.timed.timestamp = first!;
  }
  const hour = hourAt(await readStoreTime(redis));
  for (const { destination, deliveries } of moves) {
    const filtered = deliveries.length === 0 ? { [cellOf(hour, source)]: 1 } : {};
    const accepted = deliveries.map((delivery) => ({ ...delivery, hour }));
    await take(destination, redis, { deliveries: accepted, filtered, rejections: [entry.id] });
  }
  await take(RECEIVER, redis, { taken: [entry.id] });
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

/** @param shard of a destination: its name is that of the first */
async function take(shard: string, redis: Redis, step: ReplayStep): Promise<void> {
  const lane = new ReplayLane(shard, EDITS, redis);
  try {
    if (await lane.take(step)) await lane.inFlight();
    else throw new CommandError('It was replayed, edited or discarded meanwhile: nothing was done.');
  } finally {
    await lane.close();
  }
}
