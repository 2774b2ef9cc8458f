import {
  type Apart,
  findCollision,
  type Outcome,
  outcomeAfter,
  type RequestRef,
  type UsageEvent,
} from '@meterbridge/delivery';
import type { Entry, Waiter } from './entry.js';
import { RecentKeys } from './recent-keys.js';

/** Keys that are remembered after delivery, and for how long: repeats come within seconds. */
const RECENT_KEYS = 10_000;
const RECENT_MS = 5 * 60_000;

/**
 * Lets usage events in to be sent, once each, and tells their jobs what they came to. A repeat of one that is on its way
 * shares its outcome, a repeat of one that was delivered is a duplicate, and one that collides with either has failed.
 */
export class Admission {
  private readonly byKey = new RecentKeys(RECENT_KEYS, RECENT_MS);
  /** By record identity; only those that name a customer apart. */
  private readonly byRecord = new RecentKeys(RECENT_KEYS, RECENT_MS);

  /** Forgets repeats that will not come any more. Called between jobs. @param now epoch milliseconds */
  forget(now: number): void {
    this.byKey.forget(now);
    this.byRecord.forget(now);
  }

  /** The entry to send for a usage event; undefined where its outcome is known at once, or will be its twin's. */
  admit(
    usage: UsageEvent,
    waiter: Waiter,
    index: number,
    apart: Apart | undefined,
    request?: RequestRef,
  ): Entry | undefined {
    const twin = this.byKey.get(usage.key);
    const holder = this.holderOf(usage);
    const collision =
      (holder && findCollision(holder.usage, usage)) ?? (twin && findCollision(twin.usage, usage));
    if (collision !== undefined) {
      tell(waiter, index, { outcome: 'failed', code: 'identity_collision', detail: collision });
      return undefined;
    }
    if (twin?.state === 'delivered') {
      tell(waiter, index, DUPLICATE);
      return undefined;
    }
    if (twin) {
      twin.twins ??= [];
      twin.twins.push({ waiter, index, request });
      return undefined;
    }
    const entry = toEntry(usage, waiter, index, apart, request);
    this.byKey.set(usage.key, entry);
    if (usage.customer !== undefined) this.byRecord.set(usage.recordIdentity, entry);
    return entry;
  }

  /**
   * Ends an entry: its job and those of its twins are told.
   * @param last what it came to when it was sent last, or that it was not
   */
  complete(entry: Entry, last: Outcome): void {
    const { usage, waiter, index, twins, failed } = entry;
    const outcome = failed ? outcomeAfter(failed.outcome, last) : last;
    const isDelivered = outcome.outcome === 'delivered';
    const isDuplicate = outcome.outcome === 'duplicate';
    entry.state = isDelivered || isDuplicate ? 'delivered' : 'failed';
    // What the API had before may be another event under this id: that says nothing of the next one's bytes.
    if (!isDelivered) this.byKey.delete(usage.key);
    entry.waiter = NO_WAITER;
    entry.twins = undefined;
    const told: Outcome = isDuplicate ? { ...outcome, usage: usage.body } : outcome;
    tell(waiter, index, told);
    if (twins) for (const twin of twins) tell(twin.waiter, twin.index, isDelivered ? DUPLICATE : told);
  }

  /** The latest of the same record that did not fail: under another customer it would lose its usage (Hyperline). */
  private holderOf({ recordIdentity, customer }: UsageEvent): Entry | undefined {
    if (customer === undefined) return undefined;
    const holder = this.byRecord.get(recordIdentity);
    return holder?.state === 'failed' ? undefined : holder;
  }
}

function toEntry(
  usage: UsageEvent,
  waiter: Waiter,
  index: number,
  apart: Apart | undefined,
  request: RequestRef | undefined,
): Entry {
  return {
    usage,
    bytes: Buffer.byteLength(usage.body),
    since: waiter.since,
    state: 'on its way',
    waiter,
    index,
    request,
    rounds: 0,
    grouped: false,
    named: false,
    apart,
    failed: undefined,
    twins: undefined,
  };
}

function tell(waiter: Waiter, index: number, outcome: Outcome): void {
  waiter.outcomes[index] = outcome;
  waiter.open -= 1;
  if (waiter.open === 0) waiter.resolve(waiter.outcomes);
}

/** Replaces the waiter of a finished entry, so that its job, which may be large, can be collected. */
const NO_WAITER: Waiter = { outcomes: [], open: 0, resolve: () => {}, since: 0, isAnswered: () => false };
const DUPLICATE: Outcome = { outcome: 'duplicate' };
