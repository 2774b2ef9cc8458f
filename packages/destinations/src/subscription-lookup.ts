import type { Verdict } from '@meterbridge/delivery';
import type { HttpAnswer } from './http-answer.js';

/** When a subscription takes usage, in epoch milliseconds, both ends included. */
export type Period = { subscription: string; from: number; to: number | null };

/** What one page of a customer's subscriptions means. */
export type SubscriptionsVerdict =
  | { verdict: 'read'; periods: Period[]; isLast: boolean; waitMs?: number }
  | Extract<Verdict, { verdict: 'rate-limited' | 'transient' | 'hold' | 'refused' }>;

export type Chosen =
  | { ok: true; subscription: string }
  | { ok: false; code: 'no_subscription' | 'several_subscriptions'; detail: string };

/** How an API is asked for the subscriptions that a customer has and had, and how its answer is read. Pure. */
export type SubscriptionLookup = {
  /** Where one page of them is listed. Pages count from 1. */
  path(customer: string, page: number): string;
  /**
   * Reads the answer to `path(customer, page)`.
   * @param now epoch milliseconds, for limits that are told as a date
   */
  classify(answer: HttpAnswer, customer: string, now: number): SubscriptionsVerdict;
  /** The subscription that takes an event of this time, epoch milliseconds. */
  choose(periods: readonly Period[], at: number): Chosen;
};
