import { type Bucket, billCharge, type UsageEvent } from './bill.js';
import { firstOpenMs, isWithin, type Life, type Period, periodFrom, periodsDue } from './billing-period.js';
import { type KnownSubscription, type KnownSubscriptions, keyOf } from './known-subscriptions.js';
import type { LagoCharge, LagoMetric, LagoOptions } from './options.js';
import type { LagoPlans } from './plans.js';
import type { LagoStore } from './store.js';

/** A charge and what it comes to in a period. */
export type ChargeUsage = { charge: LagoCharge; metric: LagoMetric; buckets: Bucket[] };

/** A period of a subscription that was billed. What comes for it afterwards changes nothing. */
export type ClosedPeriod = {
  subscription: KnownSubscription;
  period: Period;
  /** When it was billed, epoch milliseconds. */
  atMs: number;
  reason: 'subscription_periodic' | 'subscription_terminating';
  /** Of charges paid in arrears and in advance alike; only the former have a fee of this period. */
  usage: ChargeUsage[];
  /** How many events were stored by then, of all subscriptions. */
  rows: number;
};

/** `openFromMs`: where the period begins that is still to be billed, or that was the last one. */
type Progress = { openFromMs: number; isOver: boolean };

/** What of one subscription is closed: all before `openFromMs`, of which `closed` was billed. */
type Closings = { life: Life; openFromMs: number; closed: ClosedPeriod[] };

type Parts = { store: LagoStore; options: LagoOptions; plans: LagoPlans; subscriptions: KnownSubscriptions };

/**
 * Closes the periods of subscriptions: by the clock, at a subscription's end, or when told to. It runs no timer:
 * `catchUp` comes before every request, so that no event finds a period open that is over. Periods that were over
 * when a subscription was first seen are on no invoice, as in Lago those of before a subscription was made.
 */
export class Invoicing {
  readonly #parts: Parts;
  /** By the subscription's key. */
  readonly #progress = new Map<string, Progress>();
  /** Nothing is due before `dueMs` while the subscriptions are those that were seen. */
  #seen: readonly KnownSubscription[] | undefined;
  #dueMs = Infinity;
  /** In the order they were billed. */
  readonly closed: ClosedPeriod[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Bills every period that is over by now. */
  catchUp(nowMs: number): void {
    const known = this.#parts.subscriptions.at(nowMs);
    if (known === this.#seen && nowMs < this.#dueMs) return;
    this.#seen = known;
    this.#dueMs = Infinity;
    for (const subscription of known) {
      if (subscription.status === 'pending' || subscription.status === 'canceled') continue;
      const progress = this.#progressOf(subscription, nowMs);
      if (progress.isOver) continue;
      const { periods, isOver } = periodsDue(progress.openFromMs, subscription.life, nowMs);
      for (const [index, period] of periods.entries()) {
        const isFinal = isOver && index === periods.length - 1;
        this.#close(subscription, period, { atMs: nowMs, isFinal });
        // The last period stays the one that is told of.
        progress.openFromMs = isFinal ? period.fromMs : period.toMs + 1;
      }
      progress.isOver = isOver;
      const { toMs } = periodFrom(progress.openFromMs, subscription.life.endedMs);
      if (!isOver) this.#dueMs = Math.min(this.#dueMs, toMs);
    }
  }

  /**
   * Bills the open period up to the whole second of now, of every subscription or of one; the next begins there.
   * @returns how many periods were closed
   */
  closeNow(nowMs: number, externalId?: string): number {
    this.catchUp(nowMs);
    const boundaryMs = Math.floor(nowMs / 1000) * 1000;
    let count = 0;
    for (const subscription of this.#parts.subscriptions.at(nowMs)) {
      if (externalId !== undefined && subscription.external_id !== externalId) continue;
      const progress = this.#progress.get(keyOf(subscription));
      if (progress === undefined || progress.isOver || progress.openFromMs >= boundaryMs) continue;
      const period = { fromMs: progress.openFromMs, toMs: boundaryMs - 1 };
      this.#close(subscription, period, { atMs: nowMs, isFinal: false });
      progress.openFromMs = boundaryMs;
      count += 1;
    }
    return count;
  }

  /** The period that is still to be billed, of an ended subscription its last; null before it has begun. */
  periodOf(subscription: KnownSubscription, nowMs: number): Period | null {
    const { status, life } = subscription;
    if (status === 'pending' || life.startedMs > nowMs) return null;
    return periodFrom(this.#progressOf(subscription, nowMs).openFromMs, life.endedMs);
  }

  /** What each charge of a subscription comes to in a period, by what is stored now. */
  usageOf(
    subscription: KnownSubscription,
    period: Period,
    events = this.#parts.store.usageOf(subscription.external_id),
  ): ChargeUsage[] {
    const { plans, options } = this.#parts;
    return plans.chargesOf(subscription.plan_code).map((charge) => {
      const metric = options.metrics?.[charge.billable_metric_code];
      const counted: readonly UsageEvent[] = metric === undefined ? [] : events;
      const known: LagoMetric = metric ?? { aggregation: 'count_agg' };
      return { charge, metric: known, buckets: billCharge(counted, { charge, metric: known, period }) };
    });
  }

  /** Events that came when their period was closed already, or had never been open. Reads every row. */
  countLate(nowMs: number): number {
    const { ledger } = this.#parts.store;
    const byOwner = new Map<number, Closings[]>();
    for (const subscription of this.#parts.subscriptions.at(nowMs)) {
      const owner = ledger.owners.find(subscription.external_id);
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), this.#closingsOf(subscription)]);
    }
    let late = 0;
    for (let row = 0; row < ledger.size; row += 1) {
      const atMs = ledger.columns.timestampMs[row]!;
      const own = byOwner.get(ledger.columns.owner[row]!)?.find(({ life }) => isWithin(atMs, life));
      if (own !== undefined && isLate(own, atMs, row)) late += 1;
    }
    return late;
  }

  reset(): void {
    this.#progress.clear();
    this.closed.length = 0;
    this.#seen = undefined;
  }

  #closingsOf(subscription: KnownSubscription): Closings {
    const key = keyOf(subscription);
    const progress = this.#progress.get(key);
    return {
      life: subscription.life,
      openFromMs: progress?.isOver ? Infinity : (progress?.openFromMs ?? -Infinity),
      closed: this.closed.filter((each) => keyOf(each.subscription) === key),
    };
  }

  #progressOf(subscription: KnownSubscription, nowMs: number): Progress {
    const key = keyOf(subscription);
    const found = this.#progress.get(key);
    if (found !== undefined) return found;
    const { life, current_billing_period_started_at: given } = subscription;
    const progress = {
      openFromMs: given === undefined ? firstOpenMs(life, nowMs) : Date.parse(given),
      // An end from before the first look was billed before it.
      isOver: life.endedMs !== undefined && life.endedMs <= nowMs,
    };
    this.#progress.set(key, progress);
    return progress;
  }

  #close(
    subscription: KnownSubscription,
    period: Period,
    { atMs, isFinal }: { atMs: number; isFinal: boolean },
  ): void {
    this.closed.push({
      subscription,
      period,
      atMs,
      reason: isFinal ? 'subscription_terminating' : 'subscription_periodic',
      usage: this.usageOf(subscription, period),
      rows: this.#parts.store.ledger.size,
    });
  }
}

/** Whether the event of a row came after its period was billed, or is of one that never will be. */
function isLate({ openFromMs, closed }: Closings, atMs: number, row: number): boolean {
  if (atMs >= openFromMs) return false;
  const billed = closed.find(({ period }) => period.fromMs <= atMs && atMs <= period.toMs);
  return billed === undefined || row >= billed.rows;
}
