import { type DeadLetterCount, readDeadLetterCounts } from '@meterbridge/queue';
import type { RunningSystem } from '../open.js';
import type { Work } from '../work.js';
import type { LetterFilter } from './filter.js';
import type { Grouping } from './groupings.js';
import { countLetters } from './page.js';
import { destinationsOf } from './walk.js';

/** How many letters have what is named in common. */
export type LetterCount = { key: Partial<Record<Grouping, string>>; letters: number };

/** What is counted as letters come and go: of anything else only a walk over all of them tells. */
const COUNTED = ['destination', 'reason', 'rule', 'day'] as const satisfies Grouping[];

type Counted = (typeof COUNTED)[number];

/**
 * Counts the letters that a filter means by what they have in common, the largest group first: from the counts that are
 * kept where those say it, else by a walk over all letters, which takes its time. A group tells no first and last moment
 * of death (`countLetters` does).
 * @throws OperationError (`unknown_destination`)
 */
export async function countGroups(
  ops: RunningSystem,
  filter: LetterFilter,
  by: readonly Grouping[],
  work: Work = {},
): Promise<LetterCount[]> {
  const kept = await readKept(ops, filter, by);
  if (kept) return kept;
  const { groups, others } = await countLetters(ops, filter, by, {}, work);
  const counts = groups.map(({ key, letters }) => ({ key, letters }));
  return others ? [...counts, { key: {}, letters: others.letters }] : counts;
}

/** Null where the counts that are kept do not say it. */
async function readKept(
  ops: RunningSystem,
  filter: LetterFilter,
  by: readonly Grouping[],
): Promise<LetterCount[] | null> {
  const { destination, reason, rule, ...narrower } = filter;
  const isCounted = Object.values(narrower).every((each) => each === undefined) && by.every(isCountedBy);
  if (!isCounted) return null;
  const names = destinationsOf({ destination }, ops);
  const counts = await Promise.all(names.map((name) => readDeadLetterCounts(name, ops.redis)));
  // Those that a day tells apart no more may be of any reason and rule.
  if (counts.flat().some(({ fingerprint }) => fingerprint === null)) return null;
  const groups = new Map<string, LetterCount>();
  for (const [index, name] of names.entries()) {
    for (const count of counts[index]!) {
      const values = valuesOf(name, count);
      if (reason !== undefined && values.reason !== reason) continue;
      if (rule !== undefined && values.rule !== rule) continue;
      const key = Object.fromEntries(by.map((what) => [what, values[what as Counted]]));
      const group = groups.get(JSON.stringify(key));
      if (group) group.letters += count.letters;
      else groups.set(JSON.stringify(key), { key, letters: count.letters });
    }
  }
  return [...groups.values()].toSorted((one, other) => other.letters - one.letters);
}

function isCountedBy(what: Grouping): boolean {
  return COUNTED.some((each) => each === what);
}

function valuesOf(destination: string, { day, fingerprint }: DeadLetterCount): Record<Counted, string> {
  const { reason, rule } = fingerprint!;
  return { destination, reason, rule, day };
}
