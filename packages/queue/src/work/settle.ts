import { type Cells, cellOf, countByCell, type DeadLetter, type Settlement } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type BatchData, encodeDeliveries, FIRST_REV } from '../batch/batch-codec.js';
import { encodeDeadLetter } from '../dead-letters/dead-letter-codec.js';
import type { QueueKeys } from '../keys/keys.js';
import { KEEP_BEFORE } from '../ledger/count-jobs.js';

/**
 * How long an ended job's last revision is kept, for a settlement that is sent again since its answer was lost: that
 * comes as soon as Redis is back.
 */
const ENDED_SECONDS = 60;

/**
 * One settlement, whole or not at all: the remainder into the job, the counts into the ledger and the hours, the
 * dead letters into their stream; and the job's end, where nothing remains and it is in somebody's hand. No other
 * command ends a job.
 *
 * The revision guards it. Each is unique to the attempt at settling that wrote it, so it names one content of the
 * job wherever it is read: a worker that was frozen past its lock, or that has read the job at another server,
 * changes nothing, and a command that a reconnect sent twice knows itself. A job that has ended leaves its last
 * revision behind for a minute, for the same reason.
 *
 * A job that waits again (its lock ran out, or the server never knew that it was taken) stays, empty, until it is
 * taken once more: looking for it among a million others would stop Redis.
 */
const SETTLE = `
local ended = KEYS[1] .. ':ended'
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.call('GET', ended) == ARGV[2] and 'ended' or 'gone'
end
local rev = redis.call('HGET', KEYS[1], 'rev') or '${FIRST_REV}'
if rev == ARGV[2] then return 'settled' end
if rev ~= ARGV[1] then
  -- This hand has sent what the job's own record does not know of: that counts as one more turn.
  redis.call('HINCRBY', KEYS[1], 'ats', 1)
  return 'stale'
end
${KEEP_BEFORE}
-- A replay that nobody remembers any more is not begun again.
if KEYS[8] and redis.call('EXISTS', KEYS[8]) == 1 then redis.call('HINCRBY', KEYS[8], 'duplicates', ARGV[9]) end
local at = 10
local function raise(key, counts)
  for i = 1, counts do
    redis.call('HINCRBY', key, ARGV[at], ARGV[at + 1])
    at = at + 2
  end
end
raise(KEYS[2], ARGV[6])
raise(KEYS[3], ARGV[7])
while at <= #ARGV do
  redis.call('XADD', KEYS[4], '*', 'reason', ARGV[at], 'z', ARGV[at + 1], 'cell', ARGV[at + 2])
  at = at + 3
end
if ARGV[4] == '0' and redis.call('LREM', KEYS[6], -1, ARGV[8]) > 0 then
  redis.call('DEL', KEYS[1], KEYS[1] .. ':lock')
  redis.call('SREM', KEYS[7], ARGV[8])
  redis.call('SET', ended, ARGV[2], 'EX', ${ENDED_SECONDS})
  return 'ended'
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'n', ARGV[4], 'cells', ARGV[5], 'rev', ARGV[2])
return 'settled'
`;

/**
 * `ended`: all of the job is settled, and it is gone; `settled`: written, and something remains, or the job waits to
 * be taken once more; `stale`: another hand, or another server, has gone on with this job; `gone`: it ended in
 * another hand, or this server never had it. What is stale or gone was not written.
 */
export type SettleResult = 'ended' | 'settled' | 'stale' | 'gone';

export type SettleRequest = {
  jobId: string;
  /** The revision that was read with the job. */
  rev: string;
  /** The one that is written: unique to this attempt at settling. */
  nextRev: string;
  settlement: Settlement;
  /** As in `BatchData`, from now on. */
  notes: Pick<BatchData, 'isolation' | 'rules' | 'isPinned' | 'turns'>;
};

export async function writeSettlement(
  redis: Redis,
  keys: QueueKeys,
  request: SettleRequest,
): Promise<{ result: SettleResult; data: BatchData }> {
  const { jobId, settlement, rev, nextRev } = request;
  const data: BatchData = { ...encodeDeliveries(settlement.remainder, nextRev), ...request.notes };
  const counts = ledgerCounts(settlement);
  const hours = hourCounts(settlement);
  const letters = await encodeLetters(settlement.dead);
  const { replayed } = settlement;
  const replayKeys = replayed ? [keys.replay(replayed.replay)] : [];
  const result = (await redis.eval(
    SETTLE,
    7 + replayKeys.length,
    keys.job(jobId),
    keys.ledger,
    keys.hours,
    keys.deadLetters,
    keys.counting,
    keys.bull('active'),
    keys.bull('stalled'),
    ...replayKeys,
    rev,
    nextRev,
    JSON.stringify(data),
    data.n,
    JSON.stringify(data.cells),
    counts.length / 2,
    hours.length / 2,
    jobId,
    replayed?.duplicates ?? 0,
    ...counts,
    ...hours,
    ...letters,
  )) as SettleResult;
  return { result, data };
}

const TAKE_BACK = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] or redis.call('HGET', KEYS[1], 'ats') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'ats', ARGV[2] - 1)
return 1
`;

/**
 * A turn in which nothing was sent counts as none: what the job holds is mapped by the rules of then, whenever that
 * is. Nothing happens where the job is in another hand.
 * @param turn which it is, from 1: BullMQ's counter of starts
 */
export async function takeTurnBack(
  redis: Redis,
  keys: QueueKeys,
  { jobId, token, turn }: { jobId: string; token: string; turn: number },
): Promise<void> {
  await redis.eval(TAKE_BACK, 2, keys.job(jobId), `${keys.job(jobId)}:lock`, token, turn);
}

/** Letters that are compressed before others have a turn: half a millisecond. */
const AT_ONCE = 20;

/** A hundred dead letters cost as much as a thousand deliveries: what else goes on does not wait for all of them. */
async function encodeLetters(dead: readonly DeadLetter[]): Promise<(string | Buffer)[]> {
  const encoded: (string | Buffer)[] = [];
  for (const [index, letter] of dead.entries()) {
    if (index > 0 && index % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    encoded.push(letter.reason, encodeDeadLetter(letter), cellOfLetter(letter));
  }
  return encoded;
}

/** Empty where it was accepted before hours were kept. */
function cellOfLetter({ hour, source }: DeadLetter): string {
  return hour === undefined ? '' : cellOf(hour, source);
}

/** Ledger fields and by how much they rise, flat: field, count, field, count, … */
function ledgerCounts(settlement: Settlement): (string | number)[] {
  const counts: (string | number)[] = [];
  if (settlement.delivered) counts.push('delivered', settlement.delivered);
  if (settlement.duplicate) counts.push('duplicate', settlement.duplicate);
  if (settlement.olderRule) counts.push('olderRule', settlement.olderRule);
  if (settlement.notCompared) counts.push('notCompared', settlement.notCompared);
  if (settlement.dead.length) counts.push('dead', settlement.dead.length);
  const byReason = new Map<string, number>();
  for (const { reason } of settlement.dead) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  for (const [reason, dead] of byReason) counts.push(`dead:${reason}`, dead);
  return counts;
}

/** The same for the hours. */
function hourCounts({ byCell, dead }: Settlement): (string | number)[] {
  const all: [string, Cells][] = [...Object.entries(byCell), ['dead', countByCell(dead)]];
  return all.flatMap(([count, cells]) =>
    Object.entries(cells).flatMap(([cell, deliveries]) => [`${cell}/${count}`, deliveries]),
  );
}
