import type { StoredDelivery } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { encodeDeliveries } from './batch-codec.js';
import { inflateDeadLetter } from './dead-letter-codec.js';
import { addBatches } from './enqueue.js';
import { queueKeys, RECEIVER } from './keys.js';
import { openQueue } from './open-queue.js';

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
 * Walks a destination's dead letters, oldest first, a page in memory at a time. Entries that arrive (or return)
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
  let from = after === undefined ? undefined : `(${streamId({ id: after })}`;
  for (;;) {
    const page = newestFirst
      ? await redis.xrevrangeBuffer(deadLetters, from ?? high, low, 'COUNT', PAGE)
      : await redis.xrangeBuffer(deadLetters, from ?? low, high, 'COUNT', PAGE);
    for (const [id, fields] of page) {
      const entry = readEntry<Letter>(destination, id, fields);
      if (entry.at >= since && entry.at < until) yield entry;
    }
    if (page.length < PAGE) return;
    from = `(${page.at(-1)![0].toString()}`;
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

/**
 * Takes the entries out of the dead letters that are still there and corrects the ledger and the hours. A
 * revived delivery was accepted once already; one whose entry is gone (another replay was faster) counts as
 * accepted anew, in the hour in which it was accepted, so that every sum holds whatever happens.
 */
const REVIVE = `
if KEYS[4] and redis.call('EXISTS', KEYS[4]) == 0 then return 0 end
local removed = 0
local accepted = cjson.decode(ARGV[2])
for i = 3, #ARGV do
  local found = redis.call('XRANGE', KEYS[3], ARGV[i], ARGV[i])[1]
  if found then
    local entry = {}
    for j = 1, #found[2], 2 do entry[found[2][j]] = found[2][j + 1] end
    redis.call('XDEL', KEYS[3], ARGV[i])
    removed = removed + 1
    redis.call('HINCRBY', KEYS[1], 'dead:' .. entry.reason, -1)
    if entry.cell and entry.cell ~= '' then
      redis.call('HINCRBY', KEYS[2], entry.cell .. '/dead', -1)
      accepted[entry.cell] = (accepted[entry.cell] or 0) - 1
    end
  end
end
redis.call('HINCRBY', KEYS[1], 'dead', 0 - removed)
redis.call('HINCRBY', KEYS[1], 'accepted', ARGV[1] - removed)
for cell, count in pairs(accepted) do
  if count ~= 0 then redis.call('HINCRBY', KEYS[2], cell .. '/accepted', count) end
end
if KEYS[4] then redis.call('HSET', KEYS[4], 'n', ARGV[1], 'cells', ARGV[2]) end
return removed
`;

/**
 * Puts dead letters back on their queue: the new job, their removal and the account in one transaction, so
 * that a crash anywhere leaves them either dead or in flight, never both and never neither.
 * @param entries at most a few hundred: they become one job
 * @param deliveries what they are tried as; usually one an entry
 */
export async function reviveDeadLetters(
  destination: string,
  redis: Redis,
  entries: { id: string }[],
  deliveries: StoredDelivery[],
): Promise<void> {
  const keys = queueKeys(destination);
  const queue = openQueue(destination, redis);
  const batch = encodeDeliveries(deliveries);
  try {
    await addBatches(queue, [batch], (transaction, [jobId]) => {
      transaction.eval(
        REVIVE,
        4,
        keys.ledger,
        keys.hours,
        keys.deadLetters,
        keys.job(jobId!),
        batch.n,
        JSON.stringify(batch.cells),
        ...entries.map(streamId),
      );
    });
  } finally {
    await queue.close();
  }
}

/** Removes the receiver's dead letters that have become deliveries; they never were a delivery before. */
export async function removeRejections(redis: Redis, entries: { id: string }[]): Promise<void> {
  const { ledger, hours, deadLetters } = queueKeys(RECEIVER);
  await redis.eval(REVIVE, 3, ledger, hours, deadLetters, 0, '{}', ...entries.map(streamId));
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
