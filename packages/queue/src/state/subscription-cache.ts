import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';

/**
 * Keeps customers' subscriptions in Redis, where all workers find them. A customer's id may be long, or an
 * address: its key is a digest. Throws as the client does.
 */
export function createSubscriptionCache(destination: string, redis: Redis) {
  const keyOf = (customer: string) =>
    `${queueKeys(destination).prefix}:subscriptions:${hash('sha256', customer, 'base64url')}`;

  return {
    /** Texts by customer; those that it does not hold are missing. */
    async read(customers: readonly string[]): Promise<Map<string, string>> {
      if (customers.length === 0) return new Map();
      const texts = await redis.mget(customers.map(keyOf));
      return new Map(
        customers.flatMap((customer, index) => {
          const text = texts[index];
          return text ? [[customer, text] as const] : [];
        }),
      );
    },
    async write(customer: string, text: string, forMs: number): Promise<void> {
      await redis.set(keyOf(customer), text, 'PX', forMs);
    },
    /** How many of these it holds. */
    async count(customers: readonly string[]): Promise<number> {
      return customers.length === 0 ? 0 : redis.exists(...customers.map(keyOf));
    },
    /** They are read at the destination again where somebody needs them. */
    async forget(customers: readonly string[]): Promise<number> {
      return customers.length === 0 ? 0 : redis.del(...customers.map(keyOf));
    },
  };
}
