import { setTimeout as sleep } from 'node:timers/promises';
import { type RateLimiter, READ_PRIORITY } from '@meterbridge/delivery';
import {
  type BillingLookup,
  type BillingTimes,
  type Fate,
  type HttpAnswer,
  readBillingTimes,
} from '@meterbridge/destinations';
import { pauseAfterRead } from './pause-after-read.js';

export type BillingReaderOptions = {
  billing: Pick<BillingLookup, 'paths' | 'read' | 'fate' | 'isOutdated'>;
  get: (path: string) => Promise<HttpAnswer>;
  /** Of reads. */
  limiter: RateLimiter;
  /** Reads that may wait at once: those that can start within `PATIENCE_MS`, as far as the budget goes. */
  maxReads: number;
  /** Epoch milliseconds, by a clock that all workers share. */
  now: () => number;
};

/** A subscription, and the time of an event of it in epoch milliseconds. */
export type BillingQuestion = { subscription: string; at: number };

/** An event waits for its fate no longer than this. */
const PATIENCE_MS = 2_000;
/** Rows are believed for so long. */
const TTL_MS = 5 * 60_000;
/** The same of a subscription that could not be read or is not there, and of a period that was over when it was read. */
const UNKNOWN_TTL_MS = 10_000;
const MAX_KEPT = 10_000;

type Kept = { at: number; rows: readonly BillingTimes[] };

/**
 * Says what becomes of usage of subscriptions that events name themselves, as far as reads allow: nothing waits for long,
 * and what is not known in time is `unknown`. A read that fails holds nothing.
 */
export class BillingReader {
  private readonly options: BillingReaderOptions;
  private readonly kept = new Map<string, Kept>();
  private readonly reading = new Map<string, Promise<Kept>>();
  /** Epoch milliseconds. */
  private pausedUntil = 0;

  constructor(options: BillingReaderOptions) {
    this.options = options;
  }

  /** One fate a question, in order. Never rejects. */
  async fates(questions: readonly BillingQuestion[]): Promise<Fate[]> {
    const { billing } = this.options;
    const known = await this.rowsOfAll(new Set(questions.map(({ subscription }) => subscription)));
    return questions.map(({ subscription, at }) => {
      const rows = known.get(subscription)?.rows;
      return rows ? billing.fate(rows, at) : 'unknown';
    });
  }

  /** What is known of each in time. Events of one subscription are many, so each is asked for once. */
  private async rowsOfAll(subscriptions: ReadonlySet<string>): Promise<Map<string, Kept>> {
    const found = new Map<string, Kept>();
    const patience = new AbortController();
    const late = sleep(PATIENCE_MS, null, { signal: patience.signal }).catch(() => null);
    const waiting: Promise<void>[] = [];
    for (const subscription of subscriptions) {
      const rows = this.rowsOf(subscription);
      if (!(rows instanceof Promise)) found.set(subscription, rows);
      else {
        const keep = (kept: Kept | null) => void (kept && found.set(subscription, kept));
        waiting.push(Promise.race([rows, late]).then(keep));
      }
    }
    await Promise.all(waiting);
    patience.abort();
    return found;
  }

  private rowsOf(subscription: string): Kept | Promise<Kept> {
    const kept = this.kept.get(subscription);
    if (kept && this.isFresh(kept)) return kept;
    const already = this.reading.get(subscription);
    if (already) return already;
    const none = { at: this.options.now(), rows: [] };
    if (this.reading.size >= this.options.maxReads) return none;
    const reading = this.read(subscription)
      .catch((): Kept => none)
      .then((found) => this.remember(subscription, found))
      .finally(() => this.reading.delete(subscription));
    this.reading.set(subscription, reading);
    return reading;
  }

  private isFresh({ at, rows }: Kept): boolean {
    const { now, billing } = this.options;
    const wasOpen = rows.length > 0 && !billing.isOutdated(rows, at);
    if (wasOpen && billing.isOutdated(rows, now())) return false;
    return now() - at < (wasOpen ? TTL_MS : UNKNOWN_TTL_MS);
  }

  private remember(subscription: string, found: Kept): Kept {
    this.kept.delete(subscription);
    this.kept.set(subscription, found);
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value!);
    return found;
  }

  private async read(subscription: string): Promise<Kept> {
    const at = this.options.now();
    const rows = await readBillingTimes(this.options.billing, subscription, (path) => this.ask(path));
    return { at, rows: rows ?? [] };
  }

  /** Null where it should not be asked now. */
  private ask(path: string): Promise<HttpAnswer | null> {
    const { get, limiter, now } = this.options;
    const until = now() + PATIENCE_MS;
    return limiter.schedule(async () => {
      if (now() < this.pausedUntil || now() >= until) return null;
      const answer = await get(path);
      this.pausedUntil = Math.max(this.pausedUntil, now() + pauseAfterRead(answer, now()));
      return answer;
    }, READ_PRIORITY.comparison);
  }
}
