import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, type RateLimiter, READ_PRIORITY, type StoredDelivery } from '@meterbridge/delivery';
import type { Held, HeldLookup, HttpAnswer, HttpClient, ToldDuplicate } from '@meterbridge/destinations';
import { pauseAfterRead } from '@meterbridge/sender';
import { type Duplicate, type EarlierRules, judgeDuplicate } from './judge-duplicate.js';

export type ComparisonOptions = {
  lookup: HeldLookup;
  get: HttpClient['get'];
  /** Of reads. */
  limiter: RateLimiter;
  /** Reads that can start within `PATIENCE_MS`, as far as the budget goes. */
  maxReads: number;
  /** The kept versions of the rules. Rejects as Redis does. */
  readEarlierRules: () => Promise<EarlierRules>;
  onCompared?: (compared: Compared) => void;
  onProblem?: (error: Error) => void;
};

/** What the duplicates of one attempt came to. */
export type Compared = Record<'same' | 'olderRule' | 'different' | 'deletedThere' | 'notCompared', number> & {
  durationMs: number;
};

/** A job waits for its comparison no longer than this: what is not known by then was not compared. */
const PATIENCE_MS = 2_000;
/** Duplicates of many jobs come at one moment, since they were in one request: together they take fewer reads. */
const GATHER_MS = 50;
/** An API may list what it has just stored a moment later. */
const CERTAIN_AFTER_MS = 1_000;

/** A duplicate with its place among the outcomes. */
type PlacedDuplicate = Duplicate & { index: number };

/** Duplicates that wait for one answer together; those of one attempt. */
type Group = {
  duplicates: ToldDuplicate[];
  held: Held[];
  open: number;
  done: () => void;
};

/**
 * Compares what an API called a duplicate with what it holds, before it is settled: that it knows an id says nothing of
 * the event. Whatever goes wrong with that, the delivery is what it was, a duplicate, and counted as not compared.
 */
export class DuplicateComparison {
  private readonly options: ComparisonOptions;
  private waiting: Group[] = [];
  /** Reads that wait for the limiter or are on their way. */
  private reading = 0;
  /** By `performance.now()`. */
  private pausedUntil = 0;

  constructor(options: ComparisonOptions) {
    this.options = options;
  }

  /**
   * The outcomes of an attempt, with each duplicate of a first attempt judged; one that may have arrived before is not
   * one. Resolves within about two seconds.
   * @param readDeliveries gives the deliveries that the outcomes are of, in order
   */
  async review(outcomes: Outcome[], readDeliveries: () => StoredDelivery[]): Promise<Outcome[]> {
    if (!outcomes.some((outcome) => bodyOf(outcome) !== undefined)) return outcomes;
    const began = performance.now();
    const duplicates = firstDuplicates(outcomes, readDeliveries());
    if (duplicates.length === 0) return outcomes;
    const held = await this.find(duplicates.map(({ body, delivery: { rule } }) => ({ rule, body })));
    const judged = await this.decide(duplicates, held);
    this.options.onCompared?.({ ...countFound(judged), durationMs: Math.round(performance.now() - began) });
    const reviewed = [...outcomes];
    for (const [at, { index }] of duplicates.entries()) reviewed[index] = judged[at]!;
    return reviewed;
  }

  private async decide(duplicates: readonly PlacedDuplicate[], held: readonly Held[]): Promise<Outcome[]> {
    const { lookup, readEarlierRules } = this.options;
    const decideBy = (earlier: EarlierRules | null) =>
      duplicates.map((duplicate, at) => judgeDuplicate(duplicate, held[at]!, lookup.compare, earlier));
    const judged = decideBy(new Map());
    // Most repeats are equal, and their rules' past does not have to be read.
    if (!judged.some(({ outcome }) => outcome === 'failed')) return judged;
    return decideBy(await readEarlierRules().catch(() => null));
  }

  /** What is held for each, as far as it is known in time. */
  private find(duplicates: ToldDuplicate[]): Promise<Held[]> {
    return new Promise((resolve) => {
      const held: Held[] = duplicates.map(() => ({ held: 'unknown' }));
      const done = () => {
        clearTimeout(patience);
        resolve([...held]);
      };
      const patience = setTimeout(done, PATIENCE_MS);
      this.waiting.push({ duplicates, held, open: held.length, done });
      if (this.waiting.length === 1) setTimeout(() => this.search(), GATHER_MS);
    });
  }

  /** Asks for all that wait together. Never rejects. */
  private async search(): Promise<void> {
    const groups = this.waiting;
    this.waiting = [];
    const places = groups.flatMap((group) => [...group.duplicates.keys()].map((at) => ({ group, at })));
    const began = performance.now();
    const until = began + PATIENCE_MS - GATHER_MS;
    const asking = {
      get: (path: string) => this.read(path, until),
      whenCertain: () => sleep(began + CERTAIN_AFTER_MS - performance.now()),
    };
    const duplicates = places.map(({ group, at }) => group.duplicates[at]!);
    try {
      await this.options.lookup.find(asking, duplicates, (index, held) => {
        const { group, at } = places[index]!;
        group.held[at] = held;
        group.open -= 1;
        if (group.open === 0) group.done();
      });
    } catch (error) {
      this.options.onProblem?.(error as Error);
    }
    for (const { done } of groups) done();
  }

  /** One read; null at once where its turn would come too late behind those that wait. */
  private async read(path: string, until: number): Promise<HttpAnswer | null> {
    const { get, limiter, maxReads } = this.options;
    const isTooLate = () => performance.now() >= until || performance.now() < this.pausedUntil;
    if (isTooLate() || this.reading >= maxReads) return null;
    this.reading += 1;
    try {
      return await limiter.schedule(async () => {
        if (isTooLate()) return null;
        const answer = await get(path);
        const pauseMs = pauseAfterRead(answer, Date.now());
        this.pausedUntil = Math.max(this.pausedUntil, performance.now() + pauseMs);
        return answer;
      }, READ_PRIORITY.comparison);
    } catch {
      // The limiter is closing.
      return null;
    } finally {
      this.reading -= 1;
    }
  }
}

/** The duplicates that are compared, each with its place among the outcomes. */
function firstDuplicates(
  outcomes: readonly Outcome[],
  deliveries: readonly StoredDelivery[],
): PlacedDuplicate[] {
  return outcomes.flatMap((outcome, index) => {
    const body = bodyOf(outcome);
    const delivery = deliveries[index]!;
    return body === undefined || delivery.sentUnder !== undefined ? [] : [{ index, body, delivery }];
  });
}

/** What was sent of what the API called a duplicate. */
function bodyOf(outcome: Outcome): string | undefined {
  return outcome.outcome === 'duplicate' ? outcome.usage : undefined;
}

function countFound(judged: readonly Outcome[]): Omit<Compared, 'durationMs'> {
  const counts = { same: 0, olderRule: 0, different: 0, deletedThere: 0, notCompared: 0 };
  for (const outcome of judged) counts[foundOf(outcome)] += 1;
  return counts;
}

function foundOf(outcome: Outcome): keyof Omit<Compared, 'durationMs'> {
  if (outcome.outcome === 'failed') return outcome.code === 'deleted_there' ? 'deletedThere' : 'different';
  const found = outcome.outcome === 'duplicate' ? outcome.found : undefined;
  if (found === undefined) return 'same';
  return found === 'older_rule' ? 'olderRule' : 'notCompared';
}
