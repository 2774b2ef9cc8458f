import type { LateUsage } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
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

/** For the settlement: by name, deliveries and every quantity of them. */
export function encodeLateUsage(usage: readonly LateUsage[]): string {
  const byName = new Map<string, { deliveries: number; quantities: string[] }>();
  for (const { month, owner, kind, quantity } of usage) {
    const name = JSON.stringify([month, owner, kind]);
    const total = byName.get(name) ?? { deliveries: 0, quantities: [] };
    byName.set(name, total);
    total.deliveries += 1;
    if (quantity !== undefined) total.quantities.push(quantity);
  }
  return JSON.stringify(
    [...byName].map(([name, { deliveries, quantities }]) => {
      const [month] = JSON.parse(name) as string[];
      return { name, other: JSON.stringify([month, null, null]), deliveries, quantities };
    }),
  );
}

/** The late usage of a destination, the most deliveries first. What is older than ninety days may be forgotten. */
export async function readLateUsage(destination: string, redis: Redis): Promise<LateTotal[]> {
  const shards = await shardsOf(destination, redis);
  const hashes = await Promise.all(shards.map((shard) => redis.hgetall(queueKeys(shard).lateUsage)));
  const totals = new Map<string, LateTotal>();
  for (const [field, value] of hashes.flatMap((hash) => Object.entries(hash))) {
    const at = field.indexOf('/');
    const name = field.slice(at + 1);
    const total = totals.get(name) ?? { ...readName(name), deliveries: 0, quantity: null };
    totals.set(name, total);
    if (field.startsWith('n/')) total.deliveries += Number(value);
    else total.quantity = total.quantity === null ? value : addDecimals(total.quantity, value);
  }
  return [...totals.values()].toSorted((one, other) => other.deliveries - one.deliveries);
}

function readName(name: string): Name {
  const [month, owner, kind] = JSON.parse(name) as [string, string | null, string | null];
  return { month, owner, kind };
}

/** Exact: plain decimals of any length. */
function addDecimals(one: string, other: string): string {
  const scale = Math.max(...[one, other].map((text) => (text.split('.')[1] ?? '').length));
  const [a, b] = [one, other].map((text) => {
    const [whole, fraction = ''] = text.split('.');
    return BigInt(`${whole}${fraction.padEnd(scale, '0')}`);
  });
  const sum = a! + b!;
  const digits = (sum < 0n ? -sum : sum).toString().padStart(scale + 1, '0');
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - scale);
  return `${sum < 0n ? '-' : ''}${whole}${scale > 0 && fraction ? `.${fraction}` : ''}`;
}
