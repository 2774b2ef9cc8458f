import type { LateFate } from '@meterbridge/delivery';
import { isJsonObject } from '@meterbridge/segment-events';
import type { BillingLookup, BillingTimes } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readAnswer } from '../read-answer.js';
import { fateAmong, isOutdated, periodOf } from './billing-fate.js';

/** A longer id would make a URL that no server takes. */
const MAX_ID_LENGTH = 500;
const PLAIN_DECIMAL = /^-?\d{1,12}(\.\d{1,9})?$/;

/** How Lago is asked what it still bills of one subscription, and what follows for an event. */
export function lagoBilling(late: BillingLookup['late']): BillingLookup {
  return {
    late,
    paths: billingPaths,
    read: readBilling,
    fate: (rows, at) => fateAmong(at, rows),
    isOutdated: (rows, now) => rows.some((row) => isOutdated(row, now)),
    describe: describeClosed,
    subscriptionOf,
    usageOf,
  };
}

/**
 * OpenAPI: findSubscription. Without a status it finds the active one alone. An id with a slash in it is another route
 * to Lago, however it is written.
 */
function billingPaths(subscription: string): string[] {
  if (subscription.includes('/') || subscription.length > MAX_ID_LENGTH) return [];
  const path = `/api/v1/subscriptions/${encodeURIComponent(subscription)}`;
  return [path, `${path}?status=terminated`];
}

function readBilling(answer: HttpAnswer): BillingTimes[] | null {
  if ('error' in answer) return null;
  const { json } = readAnswer(answer);
  if (!isJsonObject(json)) return null;
  if (answer.status === 404) return json.code === 'subscription_not_found' ? [] : null;
  if (answer.status !== 200 || !isJsonObject(json.subscription)) return null;
  const times = periodOf(json.subscription);
  return times && [times];
}

const CLOSED: Record<LateFate, string> = {
  late_for_its_period: 'the period that it is of was billed before it came',
  after_its_end: 'it is of a time after its subscription ended',
  before_its_start: 'it is of a time before its subscription began',
};

function describeClosed(fate: LateFate): string {
  return `${CLOSED[fate]}: Lago would take it and bill at most what is paid in advance or recurring. To bill that, set "lateEvents: send" and replay; to bill all of it, send it as a new event of a time within the open period, and discard this one`;
}

/** The first two fields, as they are written; a body that has them in another order is parsed. */
const HEAD = /^\{"transaction_id":"(?:[^"\\]|\\.)*","external_subscription_id":("(?:[^"\\]|\\.)*")/;

function subscriptionOf(body: string): string {
  const written = HEAD.exec(body)?.[1];
  return written === undefined ? usageOf(body).subscription : (JSON.parse(written) as string);
}

/** What of a body that was written for Lago says whose usage it is, and how much. */
function usageOf(body: string): ReturnType<BillingLookup['usageOf']> {
  const sent = JSON.parse(body) as {
    external_subscription_id: string;
    code: string;
    properties: Record<string, unknown>;
  };
  const numbers = Object.values(sent.properties)
    .map(String)
    .filter((text) => PLAIN_DECIMAL.test(text));
  return {
    subscription: sent.external_subscription_id,
    kind: sent.code,
    quantity: numbers.length === 1 ? numbers[0] : undefined,
  };
}
