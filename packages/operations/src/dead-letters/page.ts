import { splitBucket } from '@meterbridge/delivery';
import type { RunningSystem } from '../open.js';
import { startCounting, type Work } from '../work.js';
import type { LetterFilter } from './filter.js';
import type { Grouping } from './groupings.js';
import { detailOf, eventNameOf, type LetterEntry, messageIdOf, newerLetterWords, ruleOf } from './letter.js';
import { type Tallied, Tally } from './tally.js';
import { countAtMost, type WalkOptions, walkLetters } from './walk.js';

/** A page of dead letters. `hasMore`: the same with `after` the last one's id goes on. */
export type LetterPage = { entries: LetterEntry[]; hasMore: boolean };

/** @throws as `walkLetters` */
export async function pageLetters(
  ops: RunningSystem,
  filter: LetterFilter,
  { limit, ...options }: Pick<WalkOptions, 'after' | 'newestFirst'> & { limit: number },
): Promise<LetterPage> {
  const entries: LetterEntry[] = [];
  for await (const entry of walkLetters(ops, filter, options)) {
    if (entries.length === limit) return { entries, hasMore: true };
    entries.push(entry);
  }
  return { entries, hasMore: false };
}

/** Counts all letters that a filter means by what they have in common: a walk over all of them. */
export async function countLetters(
  ops: RunningSystem,
  filter: LetterFilter,
  by: readonly Grouping[],
  options: Pick<WalkOptions, 'after' | 'newestFirst'> = {},
  work: Work = {},
): Promise<Tallied> {
  const tally = new Tally(by, ops.customerOf);
  const progress = startCounting(work, 'letters', await countAtMost(filter, ops));
  for await (const entry of walkLetters(ops, filter, options)) {
    tally.add(entry);
    progress.add(1);
  }
  return tally.result();
}

/** One letter in a line, without its event. */
export type LetterSummary = {
  id: string;
  /** When it died, ISO 8601. */
  at: string;
  reason: string;
  source: string;
  rule: string | undefined;
  event: string | undefined;
  customer: string | undefined;
  messageId: string | undefined;
  detail: string;
};

export function summarizeLetter(
  entry: LetterEntry,
  { customerOf, formats }: Pick<RunningSystem, 'customerOf' | 'formats'>,
): LetterSummary {
  const { id, reason, newer } = entry;
  const known = { id, at: new Date(entry.at).toISOString(), reason };
  if (newer !== undefined) {
    const { source } = splitBucket(entry.bucket);
    const unknown = { rule: undefined, event: undefined, customer: undefined, messageId: undefined };
    return { ...known, source, ...unknown, detail: newerLetterWords(newer, formats) };
  }
  const { letter } = entry;
  return {
    ...known,
    source: letter.source,
    rule: ruleOf(letter) || undefined,
    event: eventNameOf(letter) || undefined,
    customer: customerOf(entry),
    messageId: messageIdOf(letter) || undefined,
    detail: detailOf(letter),
  };
}
