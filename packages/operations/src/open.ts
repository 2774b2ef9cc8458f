import type { Config } from '@meterbridge/config';
import type { ToldFormats } from '@meterbridge/delivery';
import type { DestinationSettings } from '@meterbridge/destinations';
import { knownShards, RECEIVER, readFormats } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openRedis } from './connect.js';
import { type CustomerOf, compileCustomerOf } from './dead-letters/customer-of.js';
import { allDestinations } from './destinations.js';
import { readKeptRules } from './pipeline/kept-rules.js';
import type { KeptRules } from './pipeline/pipeline.js';

/** What of a configuration is needed to look at a system and to hold: processes tell theirs (`openRunning`). */
export type SettingsInForce = Pick<Config, 'hash' | 'billingAccounts'> & {
  sources: readonly Pick<Config['sources'][number], 'name'>[];
  destinations: readonly (Pick<DestinationSettings, 'name' | 'type' | 'rules'> & {
    limit: Pick<DestinationSettings['limit'], 'requestsPerSecond'>;
  })[];
  redis: Pick<Config['redis'], 'url' | 'replicas' | 'maxMemoryShare'>;
};

/** A running system, to look at and to hold. */
export type RunningSystem = {
  config: SettingsInForce;
  /** Waits for as long as Redis is away. */
  redis: Redis;
  /** The person that histories name for what is done. */
  actor: string;
  /** Every destination that has or had a queue, configured or not, and the receiver. */
  names: string[];
  /** Every shard of those. */
  shards: string[];
  customerOf: CustomerOf;
  /** What any version has said of the formats that it writes here. */
  formats: ToldFormats;
  /** Takes the configuration's secrets out of what an API said. */
  scrub: (text: string) => string;
  close(): void;
};

/** A running system with the whole configuration of its file, for all that a person does to it. */
export type Operations = Omit<RunningSystem, 'config'> & {
  config: Config;
  /** Rules of before: what may have arrived is mapped by them. */
  kept: KeptRules;
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
    const system = await readSystem(config, redis, { actor, scrub });
    return { ...system, config, kept: await readKeptRules(redis, config) };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** What Redis says of a system, by the settings that are given. */
export async function readSystem(
  config: SettingsInForce,
  redis: Redis,
  { actor, scrub }: Pick<RunningSystem, 'actor' | 'scrub'>,
): Promise<RunningSystem> {
  const names = [...(await allDestinations(config, redis)), RECEIVER];
  return {
    config,
    redis,
    actor,
    names,
    shards: [...new Set([...names, ...(await knownShards(redis))])],
    customerOf: compileCustomerOf(config.destinations),
    formats: await readFormats(redis),
    scrub,
    close: () => redis.disconnect(),
  };
}
