import { statSync } from 'node:fs';
import { countDeadLetters, RECEIVER, readDeadLetters } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { readArchive } from '../archive/read-archive.js';
import type { Letter } from '../dead-letters/letter.js';
import { allDestinations } from '../destinations.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { type Comparison, compareJudged } from './compare-judged.js';
import { compileArchiveJudge, type Judged, judgeDeath, judgeLetter } from './judge.js';
import { compileSampler, type Sample } from './sample.js';
import { countIn, emptyTally, type Tally } from './tally.js';

/** What a change of the configuration does to a history. */
export type HistoryReport = Tally<Sample> & {
  /** Looked at. */
  events: number;
  /** Files of an archive that could not be read to their end, the first few with why. */
  unreadable: { count: number; first: string[] };
  /** It was ended before all was looked at. */
  stopped?: true;
};

export type HistoryOptions = {
  /** The configuration in use; undefined: what the dead letters died of. */
  before: Pipeline | undefined;
  after: Pipeline;
  /** How many of each verdict are kept to look at. */
  samples: number;
  work: Work;
};

const UNREADABLE_SHOWN = 5;

/** Every dead letter under both configurations, as a replay would take it. Changes nothing. */
export async function compareDeadLetters(redis: Redis, options: HistoryOptions): Promise<HistoryReport> {
  const { before, after } = options;
  const report = beginReport(options);
  const pipelines = [before, after].filter((each) => each !== undefined);
  const destinations = pipelines.flatMap(({ config }) => config.destinations);
  const names = [...(await allDestinations({ destinations }, redis)), RECEIVER];
  const counts = await Promise.all(names.map((name) => countDeadLetters(name, redis)));
  const total = counts.flatMap((byReason) => Object.values(byReason)).reduce((sum, count) => sum + count, 0);
  const progress = startCounting(options.work, 'dead letters', total);
  for (const name of names) {
    for await (const entry of readDeadLetters<Letter>(name, redis)) {
      if (isStopped(options.work)) return { ...report.sum, stopped: true };
      const was = before ? judgeLetter(entry, before) : judgeDeath(entry, after);
      report.add(entry.id, was, judgeLetter(entry, after), entry.reason);
      progress.add(1);
    }
  }
  return report.sum;
}

/** Every event of an archive under both configurations, as if it came when it did. */
export async function compareArchive(
  files: readonly string[],
  sourceName: string | undefined,
  { before, ...options }: HistoryOptions & { before: Pipeline },
): Promise<HistoryReport> {
  const report = beginReport({ before, ...options });
  const bytes = files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  const progress = startCounting(options.work, 'kB', Math.ceil(bytes / 1_000));
  let seen = 0;
  const onBytes = (count: number) => {
    const from = Math.floor(seen / 1_000);
    seen += count;
    progress.add(Math.floor(seen / 1_000) - from);
  };
  const judgeBefore = compileArchiveJudge(before, sourceName);
  const judgeAfter = compileArchiveJudge(options.after, sourceName);
  for await (const found of readArchive(files, onBytes)) {
    if (isStopped(options.work)) return { ...report.sum, stopped: true };
    if ('problem' in found) {
      report.addUnreadable(`${found.place}: ${found.problem}`);
      continue;
    }
    const { line, place } = found;
    const were = judgeBefore(line, place);
    for (const [index, { messageId, judged }] of judgeAfter(line, place).entries()) {
      const id = messageId === undefined ? place : `${messageId} (${place})`;
      report.add(id, were[index]?.judged ?? judged, judged);
    }
  }
  return report.sum;
}

function beginReport({ before, after, samples }: Pick<HistoryOptions, 'before' | 'after' | 'samples'>) {
  const tally = emptyTally<Sample>();
  const sum: HistoryReport = { events: 0, ...tally, unreadable: { count: 0, first: [] } };
  const sampleOf = compileSampler(before ? [before, after] : [after]);
  return {
    sum,
    add(id: string, was: Judged, is: Judged, diedOf = '') {
      sum.events += 1;
      for (const comparison of compareJudged(was, is)) {
        countIn(sum, comparison, whyOf(comparison, diedOf), samples, () => sampleOf(id, comparison));
      }
    },
    addUnreadable(what: string) {
      sum.unreadable.count += 1;
      if (sum.unreadable.first.length < UNREADABLE_SHOWN) sum.unreadable.first.push(what);
    },
  };
}

/** Of what fails why it does, of what is mended what it failed for, of any other dead letter what it died of. */
function whyOf({ destination, before, after }: Comparison, diedOf: string): string {
  const failing = [after, before].find((side) => side && !side.result.ok);
  if (!failing || failing.result.ok) return diedOf;
  const { rule, result } = failing;
  return rule === '' ? result.code : `${destination} ${rule}: ${result.detail}`;
}
