import {
  destinationOf,
  discardDeadLetters,
  type LetterMark,
  type OperatorAction,
  shardOfId,
} from '@meterbridge/queue';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { type LetterFilter, sayFilter } from './filter.js';
import { beginAction } from './operator-action.js';
import { type Tallied, Tally } from './tally.js';
import { countAtMost, destinationsOf, readableOf, walkLetters } from './walk.js';

/** What would be discarded, by destination and reason. */
export type DiscardPlan = Tallied & {
  filter: LetterFilter;
  letters: number;
  /** The newest of each shard that belongs to it: what dies later is not meant. */
  through: ReadonlyMap<string, string>;
  /** Of letters that were named one by one: what each held when its id was looked at. */
  digests: ReadonlyMap<string, string>;
};

export type Discarded = {
  discarded: number;
  /** What it is remembered by. */
  run: string;
  isStopped: boolean;
};

const PAGE = 500;

/**
 * Looks at every letter that a filter means; changes nothing. Those of a newer version are none of them.
 * @throws as `walkLetters`
 */
export async function planDiscard(
  ops: Operations,
  filter: LetterFilter,
  work: Work = {},
): Promise<DiscardPlan> {
  const tally = new Tally(['destination', 'reason'], ops.customerOf);
  const through = new Map<string, string>();
  const digests = new Map<string, string>();
  const progress = startCounting(work, 'letters looked at', await countAtMost(filter, ops));
  for await (const entry of readableOf(walkLetters(ops, filter), ops, 'discarded', work)) {
    tally.add(entry);
    through.set(shardOfId(entry.id), entry.id);
    if (filter.ids) digests.set(entry.id, entry.digest);
    progress.add(1);
  }
  const tallied = tally.result();
  return { ...tallied, filter, letters: tallied.total?.letters ?? 0, through, digests };
}

/**
 * Takes a plan's letters away for good, and keeps who did it and why. Page by page: what is interrupted has discarded
 * whole pages, each with its counts and its record. Where the plan is empty, makes sure that replicas have what the
 * same words discarded before.
 * @throws OperationError (`not_certain`, `redis_full`, `redis_unreachable`)
 */
export async function discard(
  ops: Operations,
  plan: DiscardPlan,
  because: string,
  work: Work = {},
): Promise<Discarded> {
  return withWriter(ops.config, async (writer) => {
    const said = { what: 'discarded', because, filter: sayFilter(plan.filter) } as const;
    const run = await beginAction(ops, said);
    if (plan.letters === 0) await confirmEarlier(ops, writer, plan.filter, run);
    const discarded = plan.letters === 0 ? 0 : await discardPages(ops, writer, plan, run, work);
    return { discarded, run: run.run, isStopped: isStopped(work) };
  });
}

/** The run before may have taken them, while its replicas were silent. */
async function confirmEarlier(
  ops: Operations,
  { redis, replicas }: DurableWriter,
  filter: LetterFilter,
  run: OperatorAction,
): Promise<void> {
  if (replicas === 0) return;
  const names = destinationsOf(filter, ops);
  for (const shard of ops.shards.filter((each) => names.includes(destinationOf(each)))) {
    await discardDeadLetters(shard, redis, [], run, replicas);
  }
}

async function discardPages(
  ops: Operations,
  { redis, replicas }: DurableWriter,
  { filter, letters, through, digests }: DiscardPlan,
  run: OperatorAction,
  work: Work,
): Promise<number> {
  const progress = startCounting(work, 'letters', letters);
  const done = new Map<string, number>();
  let page: LetterMark[] = [];
  const flush = async () => {
    if (page.length === 0) return;
    const shard = shardOfId(page[0]!.id);
    done.set(shard, await discardDeadLetters(shard, redis, page, run, replicas));
    progress.add(page.length);
    page = [];
  };
  for await (const entry of walkLetters(ops, filter, { through })) {
    const isElsewhere = page.length > 0 && shardOfId(entry.id) !== shardOfId(page[0]!.id);
    if (isElsewhere || page.length >= PAGE) await flush();
    if (isStopped(work)) break;
    if (entry.newer !== undefined) continue;
    const { id } = entry;
    page.push({ id, digest: digests.get(id) ?? entry.digest });
  }
  if (!isStopped(work)) await flush();
  return [...done.values()].reduce((sum, count) => sum + count, 0);
}
