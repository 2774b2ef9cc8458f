import { destinationTypes } from '@meterbridge/destinations';
import {
  countDeadLetters,
  destinationOf as destinationOfShard,
  findDeadLetter,
  isDeadLetterId,
  readDeadLetters,
  readFormats,
  readShardLetters,
} from '@meterbridge/queue';
import type { RunningSystem } from '../open.js';
import { OperationError } from '../operation-error.js';
import type { Work } from '../work.js';
import { type LetterFilter, matches } from './filter.js';
import { destinationOf, type Letter, type LetterEntry, newerLetterWords } from './letter.js';

/**
 * The destinations a filter is about, in their order.
 * @throws OperationError (`unknown_destination`) for one that there is not
 */
export function destinationsOf(filter: LetterFilter, { names }: Pick<RunningSystem, 'names'>): string[] {
  const named = [filter.destination ?? [], filter.ids?.map((id) => destinationOf({ id })) ?? []].flat();
  const unknown = named.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new OperationError(
      'unknown_destination',
      `no destination ${unknown}; there are ${names.join(', ')}`,
    );
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
 * @throws OperationError (`unknown_dead_letter`) for an id that is there no more, unless `through` says that this is a second walk
 */
export async function* walkLetters(
  ops: RunningSystem,
  filter: LetterFilter,
  { after, through, newestFirst = false }: WalkOptions = {},
): AsyncGenerator<LetterEntry> {
  const all = destinationsOf(filter, ops);
  if (filter.ids) {
    for (const entry of await findAll(filter.ids, ops, through === undefined)) {
      if (matches(entry, filter, ops.customerOf)) yield entry;
    }
    return;
  }
  const { since, until } = filter;
  const bounds = { since, until };
  const walks: AsyncGenerator<LetterEntry>[] = [];
  if (through) {
    const within = [...through].filter(([shard]) => all.includes(destinationOfShard(shard)));
    for (const [shard, last] of within) {
      const range = { newestFirst, through: last, ...bounds };
      walks.push(readShardLetters<Letter>(shard, ops.redis, range));
    }
  } else {
    const names = after === undefined ? all : all.slice(beginAt(after, all));
    for (const name of names) {
      const isAfter = after !== undefined && destinationOf({ id: after }) === name;
      const range = { newestFirst, ...(isAfter ? { after } : {}), ...bounds };
      walks.push(readDeadLetters<Letter>(name, ops.redis, range));
    }
  }
  for (const walk of walks) {
    for await (const entry of walk) {
      if (matches(entry, filter, ops.customerOf)) yield entry;
    }
  }
}

function beginAt(after: string, names: string[]): number {
  const begin = isDeadLetterId(after) ? names.indexOf(destinationOf({ id: after })) : -1;
  if (begin < 0) {
    throw new OperationError(
      'unknown_dead_letter',
      `${after} is not the id of a dead letter of ${names.join(', ')}`,
    );
  }
  return begin;
}

async function findAll(
  ids: string[],
  { redis }: RunningSystem,
  areExpected: boolean,
): Promise<LetterEntry[]> {
  const wanted = [...new Set(ids)];
  const found = await Promise.all(wanted.map((id) => findDeadLetter<Letter>(id, redis)));
  const gone = wanted.find((_, index) => !found[index]);
  if (gone !== undefined && areExpected) throw new OperationError('unknown_dead_letter', goneText(gone));
  return found.filter((entry) => entry !== null);
}

function goneText(id: string): string {
  if (!isDeadLetterId(id))
    return `${id} is no id of a dead letter: one is like ${destinationTypes[0]}/1795235992524-0`;
  return `no dead letter ${id}: it may have been replayed; see dead-letters list`;
}

/**
 * One dead letter, to be read.
 * @throws OperationError (`unknown_dead_letter`) where it is there no more, (`newer_version`) where it is of one
 */
export async function readLetter(id: string, { redis }: Pick<RunningSystem, 'redis'>): Promise<LetterEntry> {
  const entry = await findDeadLetter<Letter>(id, redis);
  if (!entry) throw new OperationError('unknown_dead_letter', goneText(id));
  if (entry.newer !== undefined) {
    const words = newerLetterWords(entry.newer, await readFormats(redis));
    throw new OperationError('newer_version', `${id}: ${words}`);
  }
  return entry;
}

/**
 * The letters of a walk that can be read; at its end says how many were left since a newer version wrote them.
 * @param left what is not done to them, as a participle: `discarded`
 */
export async function* readableOf(
  letters: AsyncIterable<LetterEntry>,
  { formats }: Pick<RunningSystem, 'formats'>,
  left: string,
  { onNotice }: Pick<Work, 'onNotice'>,
): AsyncGenerator<LetterEntry> {
  let [newer, count] = [0, 0];
  for await (const entry of letters) {
    if (entry.newer === undefined) {
      yield entry;
      continue;
    }
    count += 1;
    newer = Math.max(newer, entry.newer);
  }
  if (count === 0) return;
  const letter = count === 1 ? 'letter is' : 'letters are';
  onNotice?.(`${count.toLocaleString('en')} ${letter} not ${left}: ${newerLetterWords(newer, formats)}`);
}

/** How many there are of each reason, as the ledger knows it without a walk. */
export async function countByReason(
  ops: RunningSystem,
  { destination, reason }: Pick<LetterFilter, 'destination' | 'reason'>,
): Promise<{ destination: string; reason: string; letters: number }[]> {
  const names = destinationsOf(destination === undefined ? {} : { destination }, ops);
  const counts = await Promise.all(
    names.map(async (name) => [name, await countDeadLetters(name, ops.redis)] as const),
  );
  return counts.flatMap(([name, byReason]) =>
    Object.entries(byReason)
      .filter(([which]) => reason === undefined || which === reason)
      .map(([which, letters]) => ({ destination: name, reason: which, letters })),
  );
}

/**
 * How many letters the destinations of a filter have: it means as many at most.
 * @throws OperationError (`unknown_destination`)
 */
export async function countAtMost(filter: LetterFilter, ops: RunningSystem): Promise<number> {
  if (filter.ids) return filter.ids.length;
  const counts = await countByReason(ops, filter);
  return counts.reduce((sum, { letters }) => sum + letters, 0);
}
