import type { Redis } from 'ioredis';
import { inflateDeadLetter } from './dead-letter-codec.js';
import { queueKeys } from './keys.js';

/**
 * A dead letter and where it lies: `<destination>/<stream id>`. The letter itself is read from its compressed
 * form when somebody looks at it: who only counts by reason need not pay for it.
 */
export type DeadLetterEntry<Letter> = {
  id: string;
  /** When it died, by Redis' clock; epoch milliseconds. Its id says so, or said so before an import. */
  at: number;
  reason: string;
  /** The hour and source of acceptance it is counted in; empty in what a version stored that kept no hours. */
  cell: string;
  /** The id it died under, where it was exported and imported since. */
  was?: string;
  readonly letter: Letter;
  /** The letter as it is stored, JSON. */
  readonly json: string;
};

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
 * Walks a destination's dead letters, oldest first, two pages in memory at a time. Entries that arrive (or return)
 * meanwhile are for the next walk.
 */
export async function* readDeadLetters<Letter>(
  destination: string,
  redis: Redis,
  { since = 0, until = Number.POSITIVE_INFINITY, after, through, newestFirst = false }: DeadLetterRange = {},
): AsyncGenerator<DeadLetterEntry<Letter>> {
  const { deadLetters, imported } = queueKeys(destination);
  const low = `${since}-0`;
  // What was imported lies behind its time, never before it.
  const isInOrder = until < Number.POSITIVE_INFINITY && !(await redis.exists(imported));
  const end = through === undefined ? (isInOrder ? `(${until}-0` : '+') : streamId({ id: through });
  const [newest] = await redis.xrevrange(deadLetters, end, low, 'COUNT', 1);
  if (!newest) return;
  const high = newest[0];
  const fetchPage = (from: string | undefined) =>
    newestFirst
      ? redis.xrevrangeBuffer(deadLetters, from ?? high, low, 'COUNT', PAGE)
      : redis.xrangeBuffer(deadLetters, from ?? low, high, 'COUNT', PAGE);
  let coming = fetchPage(after === undefined ? undefined : `(${streamId({ id: after })}`);
  for (;;) {
    const page = await coming;
    const isLast = page.length < PAGE;
    if (!isLast) {
      // Redis reads it while this one is looked at.
      coming = fetchPage(`(${page.at(-1)![0].toString()}`);
      coming.catch(() => {});
    }
    for (const [id, fields] of page) {
      const entry = readEntry<Letter>(destination, id, fields);
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
  const [destination = '', streamId = ''] = id.split('/');
  if (!/^\d+-\d+$/.test(streamId)) return null;
  const [found] = await redis.xrangeBuffer(queueKeys(destination).deadLetters, streamId, streamId);
  return found ? readEntry<Letter>(destination, found[0], found[1]) : null;
}

function streamId({ id }: { id: string }): string {
  return id.split('/')[1]!;
}

/** The fields of an entry stand in one order: reason, z, cell, was. Older entries have the first two or three. */
function readEntry<Letter>(
  destination: string,
  id: Buffer,
  [, reason, , z, , cell, , was]: Buffer[],
): DeadLetterEntry<Letter> {
  const streamId = id.toString();
  let letter: Letter | undefined;
  return {
    id: `${destination}/${streamId}`,
    at: Number((was ?? streamId).toString().split('-')[0]),
    reason: reason!.toString(),
    cell: cell?.toString() ?? '',
    ...(was === undefined ? {} : { was: `${destination}/${was.toString()}` }),
    get json() {
      return inflateDeadLetter(z!);
    },
    get letter() {
      letter ??= JSON.parse(this.json) as Letter;
      return letter;
    },
  };
}
