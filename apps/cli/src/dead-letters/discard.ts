import { destinationOf, discardDeadLetters, type HandRun, type LetterMark } from '@meterbridge/queue';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { type Hand, withHand } from '../hand.js';
import { mayDo } from '../terminal/confirm.js';
import { heedInterruption } from '../terminal/interruption.js';
import { startProgress } from '../terminal/progress.js';
import { shortTime } from '../terminal/short-time.js';
import { type LetterFilter, readFilter, sayFilter } from './filter.js';
import { beginHandRun, readWords } from './hand-run.js';
import { shardOf } from './letter.js';
import { destinationsOf, type LetterBox, openLetters, walkLetters } from './open-letters.js';
import { type Tallied, Tally } from './tally.js';

export type DiscardOptions = LetterFilter & {
  all?: boolean;
  because: string;
  as?: string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
};

/** What would be discarded, and the newest letter of each shard that belongs to it. */
type Plan = Tallied & {
  letters: number;
  through: ReadonlyMap<string, string>;
  /** Of letters that were named one by one: what each held when its id was looked at. */
  digests: ReadonlyMap<string, string>;
};

const PAGE = 500;

/** Takes dead letters away for good: says how many of which, asks, and keeps who did it and why. */
export async function discardLetters(
  ids: string[],
  options: DiscardOptions,
  command: Pick<Command, 'error'>,
): Promise<void> {
  const filter = readFilter(options, ids);
  if (Object.keys(filter).length === 0 && !options.all) {
    command.error('error: say which: ids, a filter such as --reason, or --all');
  }
  const because = readWords('--because', options.because);
  const box = await openLetters();
  try {
    await withHand(box.config, (hand) => planAndDiscard(box, hand, filter, { ...options, because }));
  } finally {
    box.close();
  }
}

async function planAndDiscard(
  box: LetterBox,
  hand: Hand,
  filter: LetterFilter,
  options: DiscardOptions,
): Promise<void> {
  const plan = await makePlan(box, filter);
  if (!options.json) console.log(plan.letters === 0 ? 'No dead letters match.' : renderPlan(plan));
  if (plan.letters === 0 && !options.dryRun) await sayAgain(box, hand, filter, options);
  if (plan.letters === 0 || options.dryRun) {
    if (options.json) console.log(JSON.stringify({ plan: toJson(plan), discarded: 0 }, null, 2));
    return;
  }
  if (!(await mayDo(`Discard ${plan.letters.toLocaleString('en')} for good?`, options))) return;
  const run = await beginHandRun(box.redis, {
    what: 'discarded',
    because: options.because,
    filter: sayFilter(filter),
    as: options.as,
  });
  const { discarded, isStopped } = await discard(box, hand, filter, plan, run);
  if (isStopped) process.exitCode = 1;
  if (options.json) console.log(JSON.stringify({ plan: toJson(plan), discarded, run: run.run }, null, 2));
  else console.log(renderResult(discarded, plan.letters, isStopped));
}

/** Where none is left, the run before may have taken them that is said again since its replicas were silent. */
async function sayAgain(
  box: LetterBox,
  { redis, replicas }: Hand,
  filter: LetterFilter,
  { because, as }: DiscardOptions,
): Promise<void> {
  if (replicas === 0) return;
  const run = await beginHandRun(redis, { what: 'discarded', because, as });
  const names = destinationsOf(filter, box);
  for (const shard of box.shards.filter((each) => names.includes(destinationOf(each)))) {
    await discardDeadLetters(shard, redis, [], run, replicas);
  }
}

async function makePlan(box: LetterBox, filter: LetterFilter): Promise<Plan> {
  const tally = new Tally(['destination', 'reason'], box.customerOf);
  const through = new Map<string, string>();
  const digests = new Map<string, string>();
  const progress = startProgress('letters looked at', await box.count(filter));
  try {
    for await (const entry of walkLetters(box, filter)) {
      tally.add(entry);
      through.set(shardOf(entry), entry.id);
      if (filter.ids) digests.set(entry.id, entry.digest);
      progress.add(1);
    }
  } finally {
    progress.end();
  }
  const tallied = tally.result();
  return { ...tallied, letters: tallied.total?.letters ?? 0, through, digests };
}

/** Page by page: what is interrupted has discarded whole pages, each with its counts and its record. */
async function discard(
  box: LetterBox,
  { redis, replicas }: Hand,
  filter: LetterFilter,
  { letters, through, digests }: Plan,
  run: HandRun,
): Promise<{ discarded: number; isStopped: boolean }> {
  const interruption = heedInterruption();
  const progress = startProgress('letters', letters);
  const done = new Map<string, number>();
  let page: LetterMark[] = [];
  const flush = async () => {
    if (page.length === 0) return;
    const shard = shardOf(page[0]!);
    done.set(shard, await discardDeadLetters(shard, redis, page, run, replicas));
    progress.add(page.length);
    page = [];
  };
  try {
    for await (const entry of walkLetters(box, filter, { through })) {
      const isElsewhere = page.length > 0 && shardOf(entry) !== shardOf(page[0]!);
      if (isElsewhere || page.length >= PAGE) await flush();
      if (interruption.isAsked) break;
      const { id } = entry;
      page.push({ id, digest: digests.get(id) ?? entry.digest });
    }
    if (!interruption.isAsked) await flush();
  } finally {
    progress.end();
    interruption.end();
  }
  const discarded = [...done.values()].reduce((sum, count) => sum + count, 0);
  return { discarded, isStopped: interruption.isAsked };
}

function renderPlan({ groups, letters }: Plan): string {
  const table = new Table({
    head: ['destination', 'reason', 'letters', 'oldest, UTC', 'newest, UTC'],
    colAligns: ['left', 'left', 'right'],
    style: { head: [], border: [] },
  });
  for (const { key, letters, oldest, newest } of groups) {
    const { destination, reason } = key;
    table.push([destination, reason, letters.toLocaleString('en'), shortTime(oldest), shortTime(newest)]);
  }
  return [
    table.toString(),
    `${letters.toLocaleString('en')} would leave the dead letters and count as discarded. Their events are never billed.`,
    'Only a file brings them back: meterbridge dead-letters export, with the same filter, before.',
  ].join('\n');
}

function renderResult(discarded: number, planned: number, isStopped: boolean): string {
  const done = `${discarded.toLocaleString('en')} discarded`;
  if (isStopped) return `Stopped: ${done}, the others are as they were. The same command goes on.`;
  const missing = planned - discarded;
  const gone = `; ${missing.toLocaleString('en')} had gone meanwhile`;
  return `${done}${missing > 0 ? gone : ''}. Who, when and why: meterbridge dead-letters discards`;
}

function toJson({ groups }: Plan) {
  return groups.map(({ key, letters, oldest, newest }) => ({
    ...key,
    letters,
    oldest: new Date(oldest).toISOString(),
    newest: new Date(newest).toISOString(),
  }));
}
