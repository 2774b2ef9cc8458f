import { hash } from 'node:crypto';
import { NewerFormatError, newerFormat } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import {
  compareDeadLetterIds,
  formatDeadLetterId,
  isDeadLetterId,
  millisecondsOf,
  shardOfId,
  streamIdOf,
} from '../keys/dead-letter-id.js';
import { queueKeys } from '../keys/keys.js';
import { shardsOf } from '../state/shards.js';
import { inflateDeadLetter } from './dead-letter-codec.js';

/**
 * A dead letter and where it lies: `<shard>/<stream id>`. The letter itself is read from its compressed
 * form when somebody looks at it: who only counts by reason need not pay for it.
 */
export type DeadLetterEntry<Letter> = {
  id: string;
  /** When it died, by Redis' clock; epoch milliseconds. Its id says so, or said so before an import. */
  at: number;
  reason: string;
  /** The hour and source of acceptance it is counted in. */
  bucket: string;
  /** The id it died under, where it was exported and imported since. */
  was?: string;
  /** Its format, where a newer version wrote it: neither `letter` nor `json` can be read here. */
  newer?: number;
  /** @throws NewerFormatError */
  readonly letter: Letter;
  /** The letter as it is stored, JSON. @throws NewerFormatError */
  readonly json: string;
  /** Of the bytes that are stored, as Redis itself computes it. */
  readonly digest: string;
};

/**
 * What tells a letter from any other: an id alone may be another one's, at a master whose predecessor's last entries
 * are lost and whose clock is behind.
 */
export type LetterMark = Pick<DeadLetterEntry<unknown>, 'id' | 'digest'>;

/** Where a walk over a destination's dead letters begins and ends, and which way it goes. */
export type DeadLetterRange = {
  /** The first moment of death that counts, epoch milliseconds. */
  since?: number;
  /** The first that counts no more. */
  until?: number;
  /** The id of the entry behind which the walk goes on. */
  after?: string;
  /** The id of the newest entry that counts, whichever way the walk goes. */
  through?: string;
  newestFirst?: boolean;
};

const PAGE = 500;

/**
 * Walks a destination's dead letters, oldest first, two pages of each shard in memory at a time. Entries that arrive
 * (or return) meanwhile are for the next walk.
 */
export async function* readDeadLetters<Letter>(
  destination: string,
  redis: Redis,
  range: DeadLetterRange = {},
): AsyncGenerator<DeadLetterEntry<Letter>> {
  const shards = await shardsOf(destination, redis);
  if (shards.length === 1) return yield* readShardLetters<Letter>(destination, redis, range);
  const walks = shards.map((shard) => readShardLetters<Letter>(shard, redis, range));
  const next = await Promise.all(walks.map((walk) => walk.next()));
  for (;;) {
    let first = -1;
    for (const [index, { done }] of next.entries()) {
      if (done) continue;
      const isBefore = first < 0 || compareDeadLetterIds(next[index]!.value.id, next[first]!.value.id) < 0;
      if (first < 0 || isBefore !== (range.newestFirst ?? false)) first = index;
    }
    if (first < 0) return;
    yield next[first]!.value;
    next[first] = await walks[first]!.next();
  }
}

/** The same of one shard alone. A range's ids may be of any shard of the destination: then they say when. */
export async function* readShardLetters<Letter>(
  shard: string,
  redis: Redis,
  { since = 0, until = Number.POSITIVE_INFINITY, after, through, newestFirst = false }: DeadLetterRange = {},
): AsyncGenerator<DeadLetterEntry<Letter>> {
  const { deadLetters, imported } = queueKeys(shard);
  const low = `${since}-0`;
  // What was imported lies behind its time, never before it.
  const isInOrder = until < Number.POSITIVE_INFINITY && !(await redis.exists(imported));
  const end = through === undefined ? (isInOrder ? `(${until}-0` : '+') : upTo(through, shard);
  const [newest] = await redis.xrevrange(deadLetters, end, low, 'COUNT', 1);
  if (!newest) return;
  const high = newest[0];
  const fetchPage = (from: string | undefined) =>
    newestFirst
      ? redis.xrevrangeBuffer(deadLetters, from ?? high, low, 'COUNT', PAGE)
      : redis.xrangeBuffer(deadLetters, from ?? low, high, 'COUNT', PAGE);
  let coming = fetchPage(after === undefined ? undefined : from(after, shard, newestFirst));
  for (;;) {
    const page = await coming;
    const isLast = page.length < PAGE;
    if (!isLast) {
      // Redis reads it while this one is looked at.
      coming = fetchPage(`(${page.at(-1)![0].toString()}`);
      coming.catch(() => {});
    }
    for (const [id, fields] of page) {
      const entry = readEntry<Letter>(shard, id, fields);
      if (entry.at >= since && entry.at < until) yield entry;
    }
    if (isLast) return;
  }
}

/** One dead letter by its id, or null when it is there no more. */
export async function findDeadLetter<Letter>(
  id: string,
  redis: Redis,
): Promise<DeadLetterEntry<Letter> | null> {
  if (!isDeadLetterId(id)) return null;
  const [shard, streamId] = [shardOfId(id), streamIdOf(id)];
  const [found] = await redis.xrangeBuffer(queueKeys(shard).deadLetters, streamId, streamId);
  return found ? readEntry<Letter>(shard, found[0], found[1]) : null;
}

/** The last that counts in a shard, for XRANGE. */
function upTo(through: string, shard: string): string {
  const isIn = compareDeadLetterIds(formatDeadLetterId(shard, streamIdOf(through)), through) <= 0;
  return `${isIn ? '' : '('}${streamIdOf(through)}`;
}

/** Where a walk goes on in a shard, for XRANGE. */
function from(after: string, shard: string, newestFirst: boolean): string {
  const order = compareDeadLetterIds(formatDeadLetterId(shard, streamIdOf(after)), after);
  return `${(newestFirst ? order < 0 : order > 0) ? '' : '('}${streamIdOf(after)}`;
}

/**
 * The fields of an entry stand in one order: reason, z, cell, counted; then others by name: `was`, where it was imported,
 * `bytes`, where it counts for a budget, and `format`, where that is not the first.
 */
function readEntry<Letter>(
  shard: string,
  id: Buffer,
  [, reason, , z, , bucket, , _counted, ...others]: Buffer[],
): DeadLetterEntry<Letter> {
  const was = fieldOf('was', others);
  const newer = newerFormat('dead-letter', fieldOf('format', others));
  const streamId = id.toString();
  let letter: Letter | undefined;
  return {
    id: formatDeadLetterId(shard, streamId),
    at: millisecondsOf(was ?? streamId),
    reason: reason!.toString(),
    bucket: bucket!.toString(),
    was: was && formatDeadLetterId(shard, was),
    newer,
    get json() {
      if (newer !== undefined) throw new NewerFormatError('dead-letter', newer);
      return inflateDeadLetter(z!);
    },
    get digest() {
      return hash('sha1', z!, 'hex');
    },
    get letter() {
      letter ??= JSON.parse(this.json) as Letter;
      return letter;
    },
  };
}

function fieldOf(name: string, fields: readonly Buffer[]): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]!.toString() === name) return fields[at + 1]!.toString();
  }
  return undefined;
}
