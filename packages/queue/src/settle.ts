import {
  type Cells,
  cellOf,
  countByCell,
  type DeadLetter,
  type Isolation,
  type Settlement,
} from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type BatchData, encodeDeliveries } from './batch-codec.js';
import { KEEP_BEFORE } from './count-jobs.js';
import { encodeDeadLetter } from './dead-letter-codec.js';
import type { QueueKeys } from './keys.js';

/**
 * One settlement, whole or not at all: the remainder into the job, the counts into the ledger and the hours,
 * the dead letters into their stream. The revision guards it: a worker that was frozen past its lock, or a command
 * that a reconnect sent twice, changes nothing the second time.
 */
const SETTLE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[1] then
  if redis.call('HGET', KEYS[1], 'by') == ARGV[2] then return 'settled' end
  return 'stale'
end
${KEEP_BEFORE}
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'n', ARGV[4], 'cells', ARGV[5], 'rev', ARGV[1] + 1, 'by', ARGV[2])
local at = 8
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
return 'settled'
`;

/** `stale`: another worker has gone on with this job; `gone`: it is done. Neither is ours to touch any more. */
export type SettleResult = 'settled' | 'stale' | 'gone';

export type SettleRequest = {
  jobId: string;
  /** The revision that was read with the job. */
  rev: number;
  /** Unique to this attempt at settling, so that a resent command knows itself. */
  by: string;
  settlement: Settlement;
  isolation?: Isolation;
};

export async function writeSettlement(
  redis: Redis,
  keys: QueueKeys,
  request: SettleRequest,
): Promise<{ result: SettleResult; data: BatchData }> {
  const { settlement, rev } = request;
  const data: BatchData = {
    ...encodeDeliveries(settlement.remainder, rev + 1),
    ...(request.isolation ? { isolation: request.isolation } : {}),
  };
  const counts = ledgerCounts(settlement);
  const hours = hourCounts(settlement);
  const letters = await encodeLetters(settlement.dead);
  const result = (await redis.eval(
    SETTLE,
    5,
    keys.job(request.jobId),
    keys.ledger,
    keys.hours,
    keys.deadLetters,
    keys.counting,
    rev,
    request.by,
    JSON.stringify(data),
    data.n,
    JSON.stringify(data.cells),
    counts.length / 2,
    hours.length / 2,
    ...counts,
    ...hours,
    ...letters,
  )) as SettleResult;
  return { result, data };
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
  if (settlement.dead.length) counts.push('dead', settlement.dead.length);
  const byReason = new Map<string, number>();
  for (const { reason } of settlement.dead) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  for (const [reason, dead] of byReason) counts.push(`dead:${reason}`, dead);
  return counts;
}

/** The same for the hours. */
function hourCounts({ byCell, dead }: Settlement): (string | number)[] {
  const all: [string, Cells][] = [
    ['delivered', byCell.delivered],
    ['duplicate', byCell.duplicate],
    ['dead', countByCell(dead)],
  ];
  return all.flatMap(([count, cells]) =>
    Object.entries(cells).flatMap(([cell, deliveries]) => [`${cell}/${count}`, deliveries]),
  );
}
