import type { Verdict } from '@meterbridge/delivery';
import { isJsonObject } from '@meterbridge/segment-events';
import type { ChosenSubscription, Period, SubscriptionLookup, SubscriptionsVerdict } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readSpentWaitMs } from '../rate-limit-headers.js';
import { classifyStatus, classifyTrouble, readAnswer, refuse, unexpected } from '../read-answer.js';
import { isLagoError } from './classify.js';

const PER_PAGE = 100;

/**
 * Where Lago lists the subscriptions that a customer has and had (OpenAPI: findAllSubscriptions). Ended ones
 * too: an event of the last hour may be usage of what ended since.
 */
export function subscriptionsPath(customer: string, page: number): string {
  const asked = `external_customer_id=${encodeURIComponent(customer)}`;
  const statuses = ['active', 'terminated'].map((status) => `status%5B%5D=${status}`).join('&');
  return `/api/v1/subscriptions?${asked}&${statuses}&page=${page}&per_page=${PER_PAGE}`;
}

/** Reads the answer to `subscriptionsPath(customer)`. A customer that Lago does not know has none. */
export function classifySubscriptions(
  answer: HttpAnswer,
  customer: string,
  now: number,
): SubscriptionsVerdict {
  if ('error' in answer) return onlyWhole(classifyTrouble(answer));
  const read = readAnswer(answer);
  const isOwn = isLagoError(read);
  if (read.status === 404 && isOwn) {
    return isJsonObject(read.json) && read.json.code === 'customer_not_found'
      ? { verdict: 'read', periods: [], isLast: true }
      : { verdict: 'hold', code: 'wrong_url', status: 404, detail: 'HTTP 404: is the URL right?' };
  }
  if (read.status !== 200) {
    const common = classifyStatus(read, '', now, isOwn);
    return onlyWhole(
      common ??
        (read.status >= 400 && read.status < 500 ? refuse(read, '', isOwn) : unexpected(read.status, '')),
    );
  }
  const { json } = read;
  const list = isJsonObject(json) ? json.subscriptions : undefined;
  const items = Array.isArray(list) ? list.filter(isJsonObject) : [];
  if (!isJsonObject(json) || !Array.isArray(list) || items.length !== list.length) {
    return onlyWhole(unexpected(200, 'the answer holds no subscriptions'));
  }
  // Usage of one customer on the bill of another is the worst that could come of a filter that is not heeded.
  if (items.some(({ external_customer_id: whose }) => whose !== customer)) {
    return onlyWhole(unexpected(200, "the answer holds other customers' subscriptions"));
  }
  const periods = items.map(readPeriod);
  if (!periods.every((period) => period !== null)) {
    return onlyWhole(unexpected(200, 'a subscription without an id or a beginning'));
  }
  const waitMs = readSpentWaitMs(read.headers, now);
  const isLast = !isJsonObject(json.meta) || typeof json.meta.next_page !== 'number';
  return { verdict: 'read', periods, isLast, ...(waitMs === undefined ? {} : { waitMs }) };
}

/** The verdicts that speak of a request as a whole; the others speak of events, and none were sent. */
function onlyWhole(verdict: Verdict): SubscriptionsVerdict {
  switch (verdict.verdict) {
    case 'rate-limited':
    case 'transient':
    case 'hold':
    case 'refused':
      return verdict;
    default:
      return { verdict: 'transient', code: 'unexpected_answer', detail: 'an answer that is not known' };
  }
}

function readPeriod(item: Record<string, unknown>): Period | null {
  const { external_id: subscription, started_at: started, terminated_at: terminated } = item;
  const from = readTime(started, 0);
  const hasEnd = terminated !== null && terminated !== undefined;
  const to = hasEnd ? readTime(terminated, 999) : null;
  if (typeof subscription !== 'string' || subscription === '' || from === null) return null;
  return hasEnd && to === null ? null : { subscription, from, to };
}

/** @param upToMs added where the text has no fraction of a second: it may have been cut off */
function readTime(text: unknown, upToMs: number): number | null {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return null;
  return String(text).includes('.') ? at : at + upToMs;
}

/**
 * The subscription that takes an event of this time: Lago bills an event only within its subscription's time,
 * whatever is active when it is sent. One that was up- or downgraded keeps its id, and is one.
 */
export function chooseSubscription(periods: readonly Period[], at: number): ChosenSubscription {
  const found = new Set<string>();
  for (const { subscription, from, to } of periods) {
    if (from <= at && (to === null || at <= to)) found.add(subscription);
  }
  if (found.size === 1) return { ok: true, subscription: [...found][0]! };
  if (found.size > 1) {
    const detail = `the customer had ${found.size} subscriptions at the event's time: name one in the event, or end the others; then replay`;
    return { ok: false, code: 'several_subscriptions', detail };
  }
  return { ok: false, code: 'no_subscription', detail: describeNone(periods, at) };
}

function describeNone(periods: readonly Period[], at: number): string {
  if (periods.length === 0) {
    return 'Lago knows no subscription of this customer: assign one that begins before the event, then replay';
  }
  const isBefore = periods.every(({ from }) => at < from);
  const when = isBefore ? 'before its first subscription began' : 'when it had no subscription';
  return `the event is of a time ${when}, and Lago would never bill it: assign one that covers it, then replay`;
}

/** How Lago is asked for a customer's subscriptions. */
export const lagoSubscriptions: SubscriptionLookup = {
  path: subscriptionsPath,
  classify: classifySubscriptions,
  choose: chooseSubscription,
};
