import { countReceipts, RECEIVER, readCounters, shardsOf } from '@meterbridge/queue';
import type { EventSpan, ExplainedUsage, Explanation } from '@meterbridge/receipts';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { startCounting, type Work } from '../work.js';
import { type BooksStore, withBooks } from './books.js';
import { countDead, type DeadUsage } from './count-dead.js';
import { type BilledNow, readBilledNow } from './current-usage.js';
import { countWithoutReceipt } from './without-receipt.js';

export type ExplainQuestion = {
  /** As it is sent to the destination, or whose subscription is looked up there. */
  customer: string;
  /** Of the events' own times. */
  span: EventSpan;
  /** All of them where left out. */
  destination?: string | undefined;
  /** How many ids of each line are told. */
  samples?: number;
  /** Asks no API. */
  offline?: boolean;
};

/** What a customer's usage is made of. */
export type UsageReport = {
  customer: string;
  /** ISO 8601; the end is left out. */
  from: string;
  to: string;
  /** By destination, day, code, source and rule. */
  lines: UsageLine[];
  /** What APIs say of the period that goes on. */
  now: BilledNow[];
  coverage: Coverage[];
};

export type UsageLine = ExplainedUsage & {
  destination: string;
  /** Dead letters of events of that day: they are not billed as long as they are that. */
  dead: number;
};

/** How much of the span the books of a destination have. */
export type Coverage = {
  destination: string;
  /** Its type; absent where it is configured no more. */
  type?: string | undefined;
  /** When the first receipt was settled; null where there is none. */
  booksBegin: string | null;
  /** What was settled before that, of the beginning of the span, is missing. */
  isLater: boolean;
  /** Deliveries that ended without a receipt and may be of the span. */
  withoutReceipt: number;
  /** Settlements that wait in Redis for the archivist: they are not counted yet. */
  waiting: number;
  /** Deliveries of anybody that are not settled. */
  inFlight: number;
};

/**
 * Adds up a customer's usage as it was sent, with what is dead beside it.
 * @throws OperationError (`unknown_destination`); what opening the books throws
 */
export async function explainUsage(
  ops: Operations,
  question: ExplainQuestion,
  store: BooksStore,
  work: Work = {},
): Promise<UsageReport> {
  const { customer, span, destination, offline = false } = question;
  const names = await destinationsOf(ops, destination, store);
  const progress = startCounting(work, 'destinations looked through', names.length);
  const explained: (Explained & { destination: string })[] = [];
  for (const name of names) {
    explained.push({ destination: name, ...(await explainIn(ops, name, question, store)) });
    progress.add(1);
  }
  const dead = await countDead(ops, { customer, span, destination }, work);
  const lines = explained.flatMap((each) =>
    each.explanation.lines.map((line): UsageLine => ({ destination: each.destination, ...line, dead: 0 })),
  );
  return {
    customer,
    from: new Date(span.from).toISOString(),
    to: new Date(span.to).toISOString(),
    lines: addDead(lines, dead),
    now: offline ? [] : await readBilledNow(ops, explained),
    coverage: explained.map(({ coverage }) => coverage),
  };
}

async function destinationsOf(
  { names }: Operations,
  destination: string | undefined,
  store: BooksStore,
): Promise<string[]> {
  const own = names.filter((name) => name !== RECEIVER);
  const all = [...new Set([...own, ...(await store.destinations())])];
  if (destination === undefined) return all;
  if (all.includes(destination)) return [destination];
  throw new OperationError(
    'unknown_destination',
    `no destination ${destination}; there are ${all.join(', ')}`,
  );
}

type Explained = { explanation: Explanation; coverage: Coverage };

async function explainIn(
  { config, redis }: Operations,
  destination: string,
  { customer, span, samples }: ExplainQuestion,
  store: BooksStore,
): Promise<Explained> {
  const { inFlight } = await readCounters(destination, redis);
  const shards = await shardsOf(destination, redis);
  const waiting = await Promise.all(shards.map((shard) => countReceipts(redis, shard)));
  return withBooks(store, destination, async (books) => {
    const begin = await books.beginsAt();
    const { gaps } = await books.counts();
    return {
      explanation: await books.explain(customer, span, samples),
      coverage: {
        destination,
        type: config.destinations.find(({ name }) => name === destination)?.type,
        booksBegin: begin === null ? null : new Date(begin).toISOString(),
        isLater: begin === null || begin > span.from,
        withoutReceipt: countWithoutReceipt(gaps, span),
        waiting: waiting.reduce((sum, { entries }) => sum + entries, 0),
        inFlight,
      },
    };
  });
}

/** Dead letters stand in the line that they would be of, and in one of their own where there is none. Pure. */
export function addDead(lines: readonly UsageLine[], dead: readonly DeadUsage[]): UsageLine[] {
  const all = lines.map((line) => ({ ...line }));
  for (const { letters, ...of } of dead) {
    const line = all.find((each) => nameOf(each) === nameOf(of));
    if (line) line.dead += letters;
    else all.push({ ...of, events: 0, sums: {}, late: 0, duplicates: 0, samples: [], dead: letters });
  }
  return all.toSorted((one, other) => compare(nameOf(one), nameOf(other)));
}

type Named = Pick<UsageLine, 'destination' | 'day' | 'code' | 'source' | 'rule'>;

function nameOf({ destination, day, code, source, rule }: Named): string {
  return [destination, day, code, source, rule].join('\u0000');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
