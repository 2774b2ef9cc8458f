import {
  compareStreamIds,
  destinationOf,
  findDeadLetter,
  formatDeadLetterId,
  readShardLetters,
  shardOfId,
  streamIdOf,
} from '@meterbridge/queue';
import { type LetterFilter, matches } from '../dead-letters/filter.js';
import type { Letter, LetterEntry } from '../dead-letters/letter.js';
import { destinationsOf } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';

/** The dead letters of one shard of a destination, or of the receiver, that a replay is about. */
export type ReplayRange = {
  /** The shard: `lago`, `lago@1`. */
  destination: string;
  /** The stream id of the newest when it began: what dies later, or again, is for another replay. */
  through: string;
  /** The stream id behind which it goes on; left out: from the beginning. */
  from?: string;
};

/** One lane for each shard of the destinations that a filter is about, where it has dead letters. */
export async function findReplayRanges(ops: Operations, filter: LetterFilter): Promise<ReplayRange[]> {
  const destinations = destinationsOf(filter, ops);
  const shards = destinations.flatMap((name) => ops.shards.filter((shard) => destinationOf(shard) === name));
  const newest = await Promise.all(
    shards.map(async (destination) => {
      for await (const entry of readShardLetters(destination, ops.redis, { newestFirst: true })) {
        return [{ destination, through: streamIdOf(entry.id) }];
      }
      return [];
    }),
  );
  return newest.flat();
}

/**
 * Walks a lane's letters that the filter means, oldest first. Letters that are there no more are passed over.
 * @param position a stream id: goes on behind it; empty: from the beginning
 */
export async function* walkRange(
  lane: ReplayRange,
  ops: Operations,
  filter: LetterFilter,
  position = lane.from ?? '',
): AsyncGenerator<LetterEntry> {
  const { destination, through } = lane;
  const entries = filter.ids
    ? findEach(filter.ids, lane, position, ops)
    : readShardLetters<Letter>(destination, ops.redis, {
        through: formatDeadLetterId(destination, through),
        after: position === '' ? undefined : formatDeadLetterId(destination, position),
        since: filter.since,
        until: filter.until,
      });
  for await (const entry of entries) {
    if (matches(entry, filter, ops.customerOf)) yield entry;
  }
}

async function* findEach(
  ids: readonly string[],
  { destination }: ReplayRange,
  position: string,
  { redis }: Operations,
): AsyncGenerator<LetterEntry> {
  const here = ids
    .filter((id) => shardOfId(id) === destination)
    .map((id) => streamIdOf(id))
    .filter((id) => position === '' || compareStreamIds(id, position) > 0)
    .toSorted(compareStreamIds);
  for (const id of new Set(here)) {
    const entry = await findDeadLetter<Letter>(formatDeadLetterId(destination, id), redis);
    if (entry) yield entry;
  }
}
