import type { DeadLetter, Isolation, Settlement, StoredDelivery } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type BatchData, encodeBatch } from './batch-codec.js';
import { encodeDeadLetter } from './dead-letter-codec.js';
import type { QueueKeys } from './keys.js';

/**
 * One settlement, whole or not at all: the remainder into the job, the counts into the ledger, the dead
 * letters into their stream. The revision guards it: a worker that was frozen past its lock, or a command
 * that a reconnect sent twice, changes nothing the second time.
 */
const SETTLE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[1] then
  if redis.call('HGET', KEYS[1], 'by') == ARGV[2] then return 'settled' end
  return 'stale'
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'n', ARGV[4], 'rev', ARGV[1] + 1, 'by', ARGV[2])
local counts = tonumber(ARGV[5])
local at = 6
for i = 1, counts do
  redis.call('HINCRBY', KEYS[2], ARGV[at], ARGV[at + 1])
  at = at + 2
end
while at <= #ARGV do
  redis.call('XADD', KEYS[3], '*', 'reason', ARGV[at], 'z', ARGV[at + 1])
  at = at + 2
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
    ...encodeBatch(settlement.remainder.map(storedJson), rev + 1),
    ...(request.isolation ? { isolation: request.isolation } : {}),
  };
  const counts = ledgerCounts(settlement);
  const result = (await redis.eval(
    SETTLE,
    3,
    keys.job(request.jobId),
    keys.ledger,
    keys.deadLetters,
    rev,
    request.by,
    JSON.stringify(data),
    settlement.remainder.length,
    counts.length / 2,
    ...counts,
    ...settlement.dead.flatMap((letter: DeadLetter) => [letter.reason, encodeDeadLetter(letter)]),
  )) as SettleResult;
  return { result, data };
}

function storedJson(delivery: StoredDelivery): string {
  return JSON.stringify(delivery);
}

/** Ledger fields and by how much they rise, flat: field, count, field, count, … */
function ledgerCounts(settlement: Settlement): (string | number)[] {
  const counts: (string | number)[] = [];
  if (settlement.delivered) counts.push('delivered', settlement.delivered);
  if (settlement.duplicate) counts.push('duplicate', settlement.duplicate);
  if (settlement.dead.length) counts.push('dead', settlement.dead.length);
  for (const letter of settlement.dead) counts.push(`dead:${letter.reason}`, 1);
  return counts;
}
