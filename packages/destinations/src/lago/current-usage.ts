import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { CurrentUsage, CurrentUsageLookup, Told } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readAnswer } from '../read-answer.js';
import { canBeAskedFor } from './read-events.js';

/** `GET /customers/:id/current_usage` (OpenAPI: findCustomerCurrentUsage): the period that goes on, from Lago's cache. */
export const lagoCurrentUsage: CurrentUsageLookup = {
  customerPath: (subscription) =>
    canBeAskedFor(subscription) ? `/api/v1/subscriptions/${encodeURIComponent(subscription)}` : null,
  readCustomer(answer) {
    const read = readOwn(answer, 404, 'subscription_not_found');
    if (!read.ok) return read;
    if (read.told === null) return { ok: true, told: null };
    const { subscription } = read.told;
    const customer = isJsonObject(subscription) ? subscription.external_customer_id : undefined;
    return typeof customer === 'string' ? { ok: true, told: customer } : NO_ANSWER;
  },
  usagePath(customer, subscription) {
    if (!canBeAskedFor(customer)) return null;
    const query = new URLSearchParams({ external_subscription_id: subscription });
    return `/api/v1/customers/${encodeURIComponent(customer)}/current_usage?${query}`;
  },
  readUsage(answer) {
    const read = readOwn(answer, 405, 'no_active_subscription');
    if (!read.ok) return read;
    if (read.told === null) return { ok: true, told: null };
    const usage = toUsage(read.told.customer_usage);
    return usage ? { ok: true, told: usage } : NO_ANSWER;
  },
  caveat: 'Lago computes it from a cache that follows its events by seconds, and after many by minutes.',
};

const NO_ANSWER: Told<never> = { ok: false, problem: 'the answer does not hold what was asked for' };

/** The answer's JSON; null where Lago itself says that there is none. */
function readOwn(answer: HttpAnswer, noneStatus: number, noneCode: string): Told<JsonObject | null> {
  if ('error' in answer) return { ok: false, problem: describeProblem(answer) };
  const { json } = readAnswer(answer);
  if (answer.status === noneStatus && isJsonObject(json) && json.code === noneCode) {
    return { ok: true, told: null };
  }
  if (answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
  return isJsonObject(json) ? { ok: true, told: json } : NO_ANSWER;
}

function toUsage(usage: unknown): CurrentUsage | null {
  if (!isJsonObject(usage)) return null;
  const { from_datetime: from, to_datetime: to, charges_usage: charges } = usage;
  if (typeof from !== 'string' || typeof to !== 'string' || !Array.isArray(charges)) return null;
  const lines = charges.map((charge: unknown) => {
    if (!isJsonObject(charge) || !isJsonObject(charge.billable_metric)) return null;
    const { units, events_count: events, billable_metric: metric } = charge;
    if (typeof metric.code !== 'string' || typeof events !== 'number') return null;
    return { code: metric.code, units: String(units), events };
  });
  return lines.every((line) => line !== null) ? { from, to, lines } : null;
}
