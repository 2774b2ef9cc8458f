import type { LateUsage } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { shardsOf } from '../state/shards.js';

/**
 * Late usage of one owner, kind and month. Where a destination has more of them than are kept apart, `other` has the
 * rest of a month, without an owner and a kind.
 */
export type LateTotal = {
  /** Of the events' own time, in UTC: `2026-10`. */
  month: string;
  owner: string | null;
  kind: string | null;
  deliveries: number;
  /** Sum of their quantities, as a decimal; null where they have none. */
  quantity: string | null;
};

type Name = Pick<LateTotal, 'month' | 'owner' | 'kind'>;

const forgetScript = defineScript(SCRIPTS['ledger/forget-late']);

/** Quantities are added up as integers of so many decimals, in two parts that a counter of Redis holds. */
const DECIMALS = 9;
const ONE = 10n ** BigInt(DECIMALS);

/** For the settlement: by name, deliveries and the sum of their quantities, its whole and its fraction. */
export function encodeLateUsage(usage: readonly LateUsage[]): string {
  const byName = new Map<string, { month: string; deliveries: number; sum: bigint | null }>();
  for (const { month, owner, kind, quantity } of usage) {
    const name = JSON.stringify([month, owner, kind]);
    const total = byName.get(name) ?? { month, deliveries: 0, sum: null };
    byName.set(name, total);
    total.deliveries += 1;
    if (quantity !== undefined) total.sum = (total.sum ?? 0n) + readDecimal(quantity);
  }
  return JSON.stringify(
    [...byName].map(([name, { month, deliveries, sum }]) => ({
      name,
      other: otherOf(month),
      deliveries,
      quantity: sum === null ? [] : [String(sum / ONE), String(sum % ONE)],
    })),
  );
}

/** The late usage of a destination, the most deliveries first. What is older than ninety days may be forgotten. */
export async function readLateUsage(destination: string, redis: Redis): Promise<LateTotal[]> {
  const shards = await shardsOf(destination, redis);
  const hashes = await Promise.all(shards.map((shard) => redis.hgetall(queueKeys(shard).lateUsage)));
  const totals = new Map<string, Name & { deliveries: number; sum: bigint | null }>();
  for (const [field, value] of hashes.flatMap((hash) => Object.entries(hash))) {
    const [what] = field.split('/', 1);
    const name = field.slice('n/'.length);
    const total = totals.get(name) ?? { ...readName(name), deliveries: 0, sum: null };
    totals.set(name, total);
    if (what === 'n') total.deliveries += Number(value);
    else total.sum = (total.sum ?? 0n) + BigInt(value) * (what === 'w' ? ONE : 1n);
  }
  return [...totals.values()]
    .map(({ sum, ...total }) => ({ ...total, quantity: sum === null ? null : writeDecimal(sum) }))
    .toSorted((one, other) => other.deliveries - one.deliveries);
}

/** How many deliveries of a shard's late usage are told under some owners. */
export async function countLateOf(shard: string, redis: Redis, owners: ReadonlySet<string>): Promise<number> {
  const late = await redis.hgetall(queueKeys(shard).lateUsage);
  return namesOf(late, owners).reduce((sum, name) => sum + Number(late[`n/${name}`] ?? 0), 0);
}

/**
 * Tells a shard's late usage of some owners under none: it is counted with the others of its month.
 * @param replicas have to have it
 * @returns how many deliveries that is
 * @throws as `writeReplicated`
 */
export async function forgetLateOf(
  shard: string,
  redis: Redis,
  owners: ReadonlySet<string>,
  replicas = 0,
): Promise<number> {
  const { lateUsage } = queueKeys(shard);
  const found = namesOf(await redis.hgetall(lateUsage), owners);
  if (found.length === 0) return 0;
  const names = found.flatMap((name) => [name, otherOf(readName(name).month)]);
  return writeReplicated(redis, lateUsage, replicas, () => forgetScript.run(redis, { lateUsage }, { names }));
}

function namesOf(late: Record<string, string>, owners: ReadonlySet<string>): string[] {
  const names = Object.keys(late)
    .filter((field) => field.startsWith('n/'))
    .map((field) => field.slice('n/'.length));
  return names.filter((name) => owners.has(readName(name).owner ?? ''));
}

function otherOf(month: string): string {
  return JSON.stringify([month, null, null]);
}

function readName(name: string): Name {
  const [month, owner, kind] = JSON.parse(name) as [string, string | null, string | null];
  return { month, owner, kind };
}

function readDecimal(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(DECIMALS, '0')}`);
}

function writeDecimal(sum: bigint): string {
  const digits = (sum < 0n ? -sum : sum).toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const whole = digits.slice(0, -DECIMALS);
  return `${sum < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
