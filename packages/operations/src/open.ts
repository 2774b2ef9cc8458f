import type { Config } from '@meterbridge/config';
import type { ToldFormats } from '@meterbridge/delivery';
import { knownShards, RECEIVER, readFormats } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openRedis } from './connect.js';
import { type CustomerOf, compileCustomerOf } from './dead-letters/customer-of.js';
import { allDestinations } from './destinations.js';
import { readKeptRules } from './pipeline/kept-rules.js';
import type { KeptRules } from './pipeline/pipeline.js';

/** A running system, for what a person does to it. */
export type Operations = {
  config: Config;
  /** Waits for as long as Redis is away. */
  redis: Redis;
  /** The person that histories name for what is done. */
  actor: string;
  /** Every destination that has or had a queue, configured or not, and the receiver. */
  names: string[];
  /** Every shard of those. */
  shards: string[];
  customerOf: CustomerOf;
  /** Rules of before: what may have arrived is mapped by them. */
  kept: KeptRules;
  /** What any version has said of the formats that it writes here. */
  formats: ToldFormats;
  /** Takes the configuration's secrets out of what an API said. */
  scrub: (text: string) => string;
  close(): void;
};

/**
 * Opens the system that a configuration describes.
 * @throws OperationError as `openRedis`
 */
export async function openOperations(
  config: Config,
  { actor, scrub }: Pick<Operations, 'actor' | 'scrub'>,
): Promise<Operations> {
  const redis = await openRedis(config.redis.url);
  try {
    const names = [...(await allDestinations(config, redis)), RECEIVER];
    return {
      config,
      redis,
      actor,
      names,
      shards: [...new Set([...names, ...(await knownShards(redis))])],
      customerOf: compileCustomerOf(config.destinations),
      kept: await readKeptRules(redis, config),
      formats: await readFormats(redis),
      scrub,
      close: () => redis.disconnect(),
    };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
