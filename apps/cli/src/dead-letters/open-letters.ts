import { type Config, secretsOf } from '@meterbridge/config';
import {
  countDeadLetters,
  destinationOf as destinationOfShard,
  findDeadLetter,
  knownShards,
  RECEIVER,
  readDeadLetters,
  readShardLetters,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';
import { readKeptRules } from '../pipeline/kept-rules.js';
import type { KeptRules } from '../pipeline/pipeline.js';
import { type CustomerOf, compileCustomerOf } from './customer-of.js';
import { type LetterFilter, matches } from './filter.js';
import { destinationOf, type Letter, type LetterEntry } from './letter.js';

/** What a command needs that looks at dead letters. */
export type LetterBox = {
  config: Config;
  redis: Redis;
  /** Every destination that has or had a queue, configured or not, and the receiver. */
  names: string[];
  /** Every shard of those. */
  shards: string[];
  customerOf: CustomerOf;
  /** Rules of before: what may have arrived is mapped by them. */
  kept: KeptRules;
  /** Takes the configuration's secrets out of what an API said. */
  scrub(text: string): string;
  /** How many letters a filter's destinations have, for progress: a filter means as many at most. */
  count(filter: LetterFilter): Promise<number>;
  close(): void;
};

/** Shorter ones would take ordinary words out of a text, and protect nothing. */
const SHORTEST_SECRET = 6;

/** @throws CommandError where the configuration or Redis cannot be read */
export async function openLetters(): Promise<LetterBox> {
  const config = readConfig(readCommandEnv(process.env));
  const redis = await openRedis(config.redis.url);
  const known = await knownShards(redis);
  const configured = config.destinations.map(({ name }) => name);
  const names = [...new Set([...configured, ...known.map(destinationOfShard), RECEIVER])];
  const secrets = secretsOf(config).filter(({ length }) => length >= SHORTEST_SECRET);
  return {
    config,
    redis,
    names,
    shards: [...new Set([...names, ...known])],
    customerOf: compileCustomerOf(config.destinations),
    kept: await readKeptRules(redis, config),
    scrub: (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text),
    async count(filter) {
      if (filter.ids) return filter.ids.length;
      const counts = destinationsOf(filter, { names }).map((name) => countDeadLetters(name, redis));
      const all = (await Promise.all(counts)).flatMap((each) => Object.entries(each));
      const meant = all.filter(([reason]) => filter.reason === undefined || reason === filter.reason);
      return meant.reduce((sum, [, count]) => sum + count, 0);
    },
    close: () => redis.disconnect(),
  };
}

/**
 * The destinations a filter is about, in their order.
 * @throws CommandError for one that there is not
 */
export function destinationsOf(filter: LetterFilter, { names }: Pick<LetterBox, 'names'>): string[] {
  const named = [filter.destination ?? [], filter.ids?.map((id) => destinationOf({ id })) ?? []].flat();
  const unknown = named.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(`no destination ${unknown}; there are ${names.join(', ')}`);
  }
  return named.length === 0 ? names : names.filter((name) => named.includes(name));
}

export type WalkOptions = {
  /** Goes on behind this one, in the same order. */
  after?: string;
  /** The newest that counts, by shard; shards that are not named are passed over. */
  through?: ReadonlyMap<string, string>;
  newestFirst?: boolean;
};

/**
 * Walks all dead letters that a filter means, destination by destination, oldest first, in constant memory:
 * a page of 500 of each shard at a time; with `through`, shard by shard. What dies meanwhile is for the next walk.
 * @throws CommandError for an id that is there no more, unless `through` says that this is a second walk
 */
export async function* walkLetters(
  box: LetterBox,
  filter: LetterFilter,
  { after, through, newestFirst = false }: WalkOptions = {},
): AsyncGenerator<LetterEntry> {
  const all = destinationsOf(filter, box);
  if (filter.ids) {
    for (const entry of await findAll(filter.ids, box, through === undefined)) {
      if (matches(entry, filter, box.customerOf)) yield entry;
    }
    return;
  }
  const { since, until } = filter;
  const bounds = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const walks: AsyncGenerator<LetterEntry>[] = [];
  if (through) {
    const within = [...through].filter(([shard]) => all.includes(destinationOfShard(shard)));
    for (const [shard, last] of within) {
      const range = { newestFirst, through: last, ...bounds };
      walks.push(readShardLetters<Letter>(shard, box.redis, range));
    }
  } else {
    const names = after === undefined ? all : all.slice(beginAt(after, all));
    for (const name of names) {
      const isAfter = after !== undefined && destinationOf({ id: after }) === name;
      const range = { newestFirst, ...(isAfter ? { after } : {}), ...bounds };
      walks.push(readDeadLetters<Letter>(name, box.redis, range));
    }
  }
  for (const walk of walks) {
    for await (const entry of walk) {
      if (matches(entry, filter, box.customerOf)) yield entry;
    }
  }
}

const ID = /^[^/]+\/\d+-\d+$/;

function beginAt(after: string, names: string[]): number {
  const begin = ID.test(after) ? names.indexOf(destinationOf({ id: after })) : -1;
  if (begin < 0) throw new CommandError(`${after} is not the id of a dead letter of ${names.join(', ')}`);
  return begin;
}

async function findAll(ids: string[], { redis }: LetterBox, areExpected: boolean): Promise<LetterEntry[]> {
  const wanted = [...new Set(ids)];
  const found = await Promise.all(wanted.map((id) => findDeadLetter<Letter>(id, redis)));
  const gone = wanted.find((_, index) => !found[index]);
  if (gone !== undefined && areExpected) throw new CommandError(goneText(gone));
  return found.filter((entry) => entry !== null);
}

export function goneText(id: string): string {
  if (!ID.test(id)) return `${id} is no id of a dead letter: one is like lago/1795235992524-0`;
  return `no dead letter ${id}: it may have been replayed; see dead-letters list`;
}
