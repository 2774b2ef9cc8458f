import type { Verdict } from '@meterbridge/delivery';
import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';
import type {
  ChosenSubscription,
  Period,
  Preference,
  SubscriptionLookup,
  SubscriptionsVerdict,
} from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readSpentWaitMs } from '../rate-limit-headers.js';
import { classifyStatus, classifyTrouble, readAnswer, refuse, unexpected } from '../read-answer.js';
import { fateAmong, isOutdated, periodOf } from './billing-fate.js';
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
  return { verdict: 'read', periods, isLast, waitMs };
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

function readPeriod(item: JsonObject): Period | null {
  const billing = periodOf(item);
  if (!billing || billing.startedMs === null) return null;
  const { subscription, startedMs: from, endedMs: to } = billing;
  const { plan_code: plan } = item;
  return { subscription, from, to, plan: typeof plan === 'string' ? plan : undefined, billing };
}

/**
 * The subscription that takes an event of this time: Lago bills an event only within its subscription's time,
 * whatever is active when it is sent. One that was up- or downgraded keeps its id, and is one.
 * @param at epoch milliseconds
 */
export function chooseSubscription(
  periods: readonly Period[],
  at: number,
  prefer: Preference = {},
): ChosenSubscription {
  const covering = periods.filter(({ from, to }) => from <= at && (to === null || at <= to));
  if (covering.length === 0) return { ok: false, code: 'no_subscription', detail: describeNone(periods, at) };
  const found = preferred(withoutPadding(covering, at), prefer);
  const ids = new Set(found.map(({ subscription }) => subscription));
  const [subscription] = ids;
  if (subscription === undefined || ids.size > 1) {
    return { ok: false, code: 'several_subscriptions', detail: describeSeveral(ids.size, prefer) };
  }
  const rows = found.flatMap(({ billing }) => billing ?? []);
  return { ok: true, subscription, fate: fateAmong(at, rows) };
}

/**
 * Lago cuts an end to its second: in that second it may be over. Where another has begun by then, it is that one; in
 * truth there may be a moment that neither bills.
 */
function withoutPadding(covering: readonly Period[], at: number): readonly Period[] {
  const isSure = ({ to }: Period) => to === null || Math.floor(at / 1_000) < Math.floor(to / 1_000);
  const sure = covering.filter(isSure);
  return sure.length > 0 ? sure : covering;
}

/** Those that the rule prefers; all of them where none is. */
function preferred(covering: readonly Period[], { plans = [], subscription }: Preference): readonly Period[] {
  const wanted = [
    (period: Period) => period.subscription === subscription,
    ...plans.map((plan) => (period: Period) => period.plan === plan),
  ];
  const found = wanted.map((isWanted) => covering.filter(isWanted));
  return found.find(({ length }) => length > 0) ?? covering;
}

function describeSeveral(count: number, { plans, subscription }: Preference): string {
  const had = `the customer had ${count} subscriptions at the event's time`;
  return plans === undefined && subscription === undefined
    ? `${had}: say in the rule which one, by "prefer" beside "lookup", then replay`
    : `${had} that "prefer" does not tell apart: name one there by its plan or its external id, then replay`;
}

function describeNone(periods: readonly Period[], at: number): string {
  if (periods.length === 0) {
    return 'Lago knows no subscription of this customer: assign one that begins before the event, then replay; Lago bills what is of its open period, and nothing of before that';
  }
  const isBefore = periods.every(({ from }) => at < from);
  const when = isBefore ? 'before its first subscription began' : 'when it had no subscription';
  return `the event is of a time ${when}, and Lago would never bill it: assign one that begins before it, have "prefer" in the rule name the other one for usage of later, then replay; Lago bills what is of its open period`;
}

/** How Lago is asked for a customer's subscriptions. */
export const lagoSubscriptions: SubscriptionLookup = {
  path: subscriptionsPath,
  classify: classifySubscriptions,
  choose: chooseSubscription,
  isOutdated: (periods, now) =>
    periods.some(({ billing }) => billing !== undefined && isOutdated(billing, now)),
};
