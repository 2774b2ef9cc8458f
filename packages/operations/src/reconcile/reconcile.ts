import type { Config } from '@meterbridge/config';
import {
  type BooksLookup,
  compileDestination,
  type DestinationSettings,
  type HttpAnswer,
  kindOf,
  type UsageIdentity,
} from '@meterbridge/destinations';
import type { EventSpan, Receipt } from '@meterbridge/receipts';
import { countWithoutReceipt } from '../books/without-receipt.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { AccountReads, isLimited } from '../stored/account-reads.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { archivedUpTo, readRedisTime, waitUntilArchived } from './archived-up-to.js';
import { ApiSide } from './ask-books.js';
import { judgeDifference, nameOf, type ReconcileFinding } from './findings.js';
import { inParallel } from './in-parallel.js';
import { type Listed, Look, type UsageBooks } from './look.js';
import { type Position, PositionFile, startPosition } from './position.js';
import { type ReconcileReport, reportReconcile } from './report.js';
import { type CodeSpan, planSpans, portionsOf } from './spans.js';

export type ReconcileQuestion = {
  destination: string;
  /** Of the events' own times. */
  span: EventSpan;
  /** Compare all content, also where counts are equal. */
  contents: boolean;
  /** Where the position is kept. */
  positions: string;
  /** Names the books, where these are not what there is in the moment: a run goes on with the same books alone. */
  ofBooks?: string;
};

/** The books of the destination. */
export type Books = {
  /** Opens them as they are in this moment. */
  open(): Promise<UsageBooks>;
  /**
   * Everything that was settled before this moment of Redis' clock is in what is opened then, epoch milliseconds. Left
   * out: what waits in no shard for the archivist is.
   */
  archivedUpTo?: () => Promise<number>;
};

const HOUR_MS = 3_600_000;
/** The position is kept so often. */
const COUNTED_TOGETHER_MS = 24 * HOUR_MS;
const LISTED_TOGETHER_MS = HOUR_MS;
/** A count may take an API as long as its own database lets it. */
const TIMEOUT_MS = 65_000;
/** Differences for which the books are asked for all that they have of the id: a tenth of a second each, and more. */
const MOST_FOUND = 1_000;
const FOUND_ENOUGH = `More than ${MOST_FOUND} differ: of the others it is not told whether the API called them duplicates before.`;
const GOES_ON = '\nThe same command goes on where this one ended.';

/**
 * Holds what the books say that an API holds against what it says itself. What differs is looked at again once all that
 * was settled before is in the books; what stands then is a finding. Changes nothing there.
 * @throws OperationError (`unknown_destination`; `not_possible` where an API or the books do not say; `stopped`: the same
 * call goes on)
 */
export async function reconcile(
  ops: Pick<Operations, 'config' | 'redis'>,
  question: ReconcileQuestion,
  books: Books,
  work: Work = {},
): Promise<ReconcileReport> {
  const settings = findDestination(ops.config, question.destination);
  const { title, books: lookup, usageIdentity: identity } = kindOf(settings.type);
  if (!lookup) throw new OperationError('not_possible', `${title} does not count what it holds.`);
  const reads = new AccountReads(settings, ops.config, {
    timeoutMs: TIMEOUT_MS,
    isPassing,
    signal: work.signal,
  });
  try {
    const obstacle = await lookup.findObstacle((path) => reads.get(path));
    if (obstacle !== null) throw new OperationError('not_possible', `${title}: ${obstacle}.`);
    const run = new Reconciliation(ops, question, { settings, lookup, identity, reads, title, books }, work);
    return await run.run();
  } finally {
    await reads.close();
  }
}

type Sides = {
  settings: DestinationSettings;
  lookup: BooksLookup;
  identity: UsageIdentity;
  reads: AccountReads;
  title: string;
  books: Books;
};

/** One run, from where an earlier one of the same has ended. */
class Reconciliation {
  private readonly ops: Pick<Operations, 'redis'>;
  private readonly question: ReconcileQuestion;
  private readonly sides: Sides;
  private readonly work: Work;
  private readonly api: ApiSide;
  private readonly file: PositionFile;
  private cannotKeep = false;
  private found = 0;

  constructor(ops: Pick<Operations, 'redis'>, question: ReconcileQuestion, sides: Sides, work: Work) {
    this.ops = ops;
    this.question = question;
    this.sides = sides;
    this.work = work;
    const { lookup, reads, title, settings } = sides;
    this.api = new ApiSide(lookup, reads, title, GOES_ON);
    const { contents, span, destination, positions, ofBooks } = question;
    const asked = [destination, settings.url, span.from, span.to, contents, ...(ofBooks ? [ofBooks] : [])];
    this.file = new PositionFile(positions, JSON.stringify(asked));
  }

  async run(): Promise<ReconcileReport> {
    const { span } = this.question;
    const withoutReceipt = await this.withBooks(async (receipts) =>
      countWithoutReceipt((await receipts.counts()).gaps, span),
    );
    const position = await this.withBooks((receipts) => this.lookFirst(receipts));
    const findings: ReconcileFinding[] = [];
    if (position.suspects.length > 0) {
      await this.waitForBooks();
      findings.push(...(await this.withBooks((receipts) => this.lookAgain(receipts, position))));
    }
    await this.file.forget();
    const { question, sides } = this;
    const destination = compileDestination(sides.settings);
    const { made: reads } = sides.reads;
    return reportReconcile({ ...question, destination, position, findings, withoutReceipt, reads });
  }

  /** Each look has the books as they are when it begins. */
  private async withBooks<Result>(act: (receipts: UsageBooks) => Promise<Result>): Promise<Result> {
    const receipts = await this.sides.books.open();
    try {
      return await act(receipts);
    } finally {
      await receipts.close();
    }
  }

  private lookWith(receipts: UsageBooks): Look {
    const { lookup, identity } = this.sides;
    return new Look({ api: this.api, lookup, identity, receipts, contents: this.question.contents });
  }

  private async lookFirst(receipts: UsageBooks): Promise<Position> {
    const { span, contents } = this.question;
    const look = this.lookWith(receipts);
    const now = await readRedisTime(this.ops.redis);
    const kept = await this.file.read(now);
    const position = kept ?? startPosition(span, now);
    if (kept && kept.doneUpTo > span.from) {
      this.work.onNotice?.(`Goes on at ${new Date(kept.doneUpTo).toISOString()}, where the last run ended.`);
    }
    const all = await receipts.countUsage(span);
    const codes = [...new Set(all.map(({ code }) => code))].sort();
    const total = all.reduce((sum, { usages }) => sum + usages, 0);
    const progress = startCounting(this.work, 'booked usage events', total);
    const together = contents ? LISTED_TOGETHER_MS : COUNTED_TOGETHER_MS;
    for (const portion of portionsOf(span, together)) {
      const isBooked = all.some(({ hour }) => isTouching(hour, portion));
      const counts = isBooked && portion.to > position.doneUpTo ? await receipts.countUsage(portion) : [];
      if (portion.to > position.doneUpTo) {
        await this.lookAt(look, planSpans(counts, codes, portion), position);
        position.doneUpTo = portion.to;
        await this.keep(position);
      }
      progress.add(counts.reduce((sum, { usages }) => sum + usages, 0));
    }
    return position;
  }

  /** A folder that cannot be written costs a later run its beginning, and this one nothing. */
  private async keep(position: Position): Promise<void> {
    if (this.cannotKeep) return;
    await this.file.write(position).catch((error: NodeJS.ErrnoException) => {
      this.cannotKeep = true;
      this.work.onNotice?.(`How far it is cannot be kept (${error.code}): a run that is ended begins anew.`);
    });
  }

  private async lookAt(look: Look, spans: CodeSpan[], position: Position): Promise<void> {
    const results = await inParallel(spans, (of) => {
      this.heedStop();
      return look.compareSpan(of);
    });
    for (const [index, { held, others, listed }] of results.entries()) {
      const { code, booked } = spans[index]!;
      const line = lineOf(position, code);
      line.booked += booked;
      line.held += held;
      line.others += others;
      for (const { span, differences, notCompared } of listed) {
        position.notCompared += notCompared;
        if (differences.length > 0) position.suspects.push({ code, span, names: differences.map(nameOf) });
      }
    }
  }

  /** What stands of what was seen. */
  private async lookAgain(receipts: UsageBooks, { suspects }: Position): Promise<ReconcileFinding[]> {
    const look = this.lookWith(receipts);
    const total = suspects.reduce((sum, { names }) => sum + names.length, 0);
    const progress = startCounting(this.work, 'differences looked at again', total);
    const found = await inParallel(suspects, async ({ code, span, names }) => {
      this.heedStop();
      const findings = await this.judge(receipts, await look.compareListed(code, span), new Set(names));
      progress.add(names.length);
      return findings;
    });
    return found.flat();
  }

  private async judge(
    receipts: UsageBooks,
    { differences }: Listed,
    before: ReadonlySet<string>,
  ): Promise<ReconcileFinding[]> {
    const judging = {
      api: this.api,
      find: (id: string) => this.find(receipts, id),
      identity: this.sides.identity,
    };
    const findings: ReconcileFinding[] = [];
    for (const difference of differences) {
      if (!before.has(nameOf(difference))) continue;
      this.heedStop();
      const finding = await judgeDifference(difference, judging);
      if (finding) findings.push(finding);
    }
    return findings;
  }

  /** Of the first differences; each is a question to all of the books. */
  private async find(receipts: UsageBooks, id: string): Promise<Receipt[]> {
    if (this.found >= MOST_FOUND) return [];
    this.found += 1;
    if (this.found === MOST_FOUND) this.work.onNotice?.(FOUND_ENOUGH);
    return receipts.find(id);
  }

  /** Until all that was settled up to now is in the books. */
  private async waitForBooks(): Promise<void> {
    const { ops, question, sides } = this;
    const read = sides.books.archivedUpTo ?? (() => archivedUpTo(ops.redis, question.destination));
    // What is settled in this very millisecond belongs to it.
    const moment = (await readRedisTime(ops.redis)) + 1;
    await waitUntilArchived(moment, read, this.work, () => this.heedStop());
  }

  private heedStop(): void {
    if (!isStopped(this.work)) return;
    throw new OperationError('stopped', 'Stopped. The same command goes on where this one ended.');
  }
}

/** @param hour since 1970 */
function isTouching(hour: number, { from, to }: EventSpan): boolean {
  return hour * HOUR_MS < to && (hour + 1) * HOUR_MS > from;
}

function lineOf({ lines }: Position, code: string): Position['lines'][number] {
  const known = lines.find((each) => each.code === code);
  if (known) return known;
  const line = { code, booked: 0, held: 0, others: 0 };
  lines.push(line);
  return line;
}

/** @throws OperationError (`unknown_destination`) */
export function findDestination({ destinations }: Config, name: string): DestinationSettings {
  const found = destinations.find((each) => each.name === name);
  if (found) return found;
  const names = destinations.map((each) => each.name).join(', ');
  throw new OperationError('unknown_destination', `no destination ${name}; there are ${names}`);
}

/** Trouble that may be over in a moment. */
function isPassing(answer: HttpAnswer): boolean {
  return 'error' in answer || isLimited(answer) || answer.status >= 500;
}
