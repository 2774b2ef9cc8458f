import { type Answer, type ApiRequest, answerJson } from '../answer.js';
import type { SharedOptions } from '../options.js';
import { answerLagoNotFound, LAGO_FORBIDDEN, LAGO_NOT_AVAILABLE, LAGO_UNAUTHORIZED } from './answers.js';
import { createBatch, createEvent } from './create-events.js';
import { toStoredJson } from './event-json.js';
import { estimateFees, type Instant } from './instant-fees.js';
import { findInvoices, getInvoice, listFees, listInvoices } from './invoices.js';
import type { Invoicing } from './invoicing.js';
import type { KnownSubscription, KnownSubscriptions } from './known-subscriptions.js';
import { createLagoLimit } from './limit.js';
import { createEventList } from './list-events.js';
import { getMetric, listMetrics } from './metrics.js';
import type { LagoOptions } from './options.js';
import { getOrganization } from './organization.js';
import type { LagoPlans } from './plans.js';
import type { LagoStore } from './store.js';
import { getSubscription, listSubscriptions, toWholeJson } from './subscriptions.js';
import { getCurrentUsage, listPastUsage } from './usage.js';

type Handle = (request: ApiRequest, parameter: string) => Answer;

/** What the endpoints share. */
export type LagoParts = {
  store: LagoStore;
  options: LagoOptions;
  plans: LagoPlans;
  subscriptions: KnownSubscriptions;
  invoicing: Invoicing;
};

/** Lago's part in one function: route, key, limit, permission, what is due to be billed, and then the endpoint. */
export function createLagoApi(parts: LagoParts, { now }: SharedOptions): (request: ApiRequest) => Answer {
  const { options, invoicing } = parts;
  const routes = new Map([...routeEvents(parts, now), ...routeCatalogue(parts), ...routeBilling(parts, now)]);
  const ingestLimit = createLagoLimit(options.requestsPerSecond);
  const readLimit = createLagoLimit(options.readRequestsPerSecond);
  return (request) => {
    const route = findRoute(routes, request);
    // A known path under another method is an unknown one.
    if (route === undefined) return answerLagoNotFound('resource');
    // Lago takes the second word, whatever the first.
    const key = request.authorization?.split(' ')[1];
    const isReadOnly = options.readOnlyApiKey !== undefined && key === options.readOnlyApiKey;
    if (key !== options.apiKey && !isReadOnly) return LAGO_UNAUTHORIZED;
    const isWrite = request.method !== 'GET';
    const limit = request.method === 'POST' ? ingestLimit : readLimit;
    return limit(now(), () => {
      if (isReadOnly && isWrite) return LAGO_FORBIDDEN;
      invoicing.catchUp(now());
      return route.handle(request, route.parameter);
    });
  };
}

/** Routes are by method and path below /api/v1; `:` stands for an id. */
type Routes = (readonly [string, Handle])[];

function routeEvents({ store, options, plans, subscriptions }: LagoParts, now: () => number): Routes {
  const listEvents = createEventList(store, options, subscriptions);
  const estimate: Handle = (request) => {
    const nowMs = now();
    return estimateFees(request, { options, plans, subscriptions: subscriptions.at(nowMs) }, nowMs);
  };
  return [
    ['POST events', (request) => createEvent(request, { store, options, nowMs: now() })],
    ['POST events/batch', (request) => createBatch(request, { store, options, nowMs: now() })],
    ['POST events/estimate_fees', estimate],
    ['POST events/estimate_instant_fees', estimate],
    ['GET events', ({ query }) => listEvents(new URLSearchParams(query))],
    [
      'GET events/:',
      (_request, transactionId) => {
        let row = store.ledger.first(transactionId);
        while (row >= 0 && store.isDeleted(row)) row = store.ledger.next(row);
        if (row < 0) return answerLagoNotFound('event');
        return answerJson(200, { event: toStoredJson(store.ledger, row, options.store) });
      },
    ],
    // On ClickHouse there is a list behind it, which is not here.
    ...(options.store === 'postgres' ? [['GET events_enriched', () => LAGO_NOT_AVAILABLE] as const] : []),
  ];
}

function routeCatalogue({ options, plans }: LagoParts): Routes {
  return [
    ['GET billable_metrics', ({ query }) => listMetrics(options, new URLSearchParams(query))],
    ['GET billable_metrics/:', (_request, code) => getMetric(options, code)],
    ['GET plans', ({ query }) => plans.list(new URLSearchParams(query))],
    ['GET plans/:', (_request, code) => plans.get(code)],
    ['GET organizations', () => getOrganization(options)],
  ];
}

function routeBilling(parts: LagoParts, now: () => number): Routes {
  const { store, options, plans, subscriptions, invoicing } = parts;
  const periodOf = (subscription: KnownSubscription) => invoicing.periodOf(subscription, now());
  const instant = (): Instant => ({ options, plans, subscriptions: subscriptions.at(now()) });
  const invoices = () => findInvoices(store, invoicing, instant());
  const reading = () => ({
    store,
    plans,
    invoicing,
    subscriptions: subscriptions.at(now()),
    periodOf,
    nowMs: now(),
  });
  return [
    ['GET subscriptions', ({ query }) => listSubscriptions(new URLSearchParams(query), reading())],
    ['GET subscriptions/:', ({ query }, id) => getSubscription(id, new URLSearchParams(query), reading())],
    [
      'DELETE subscriptions/:',
      (_request, id) => {
        const ended = subscriptions.end(id, now());
        if (ended === undefined) return answerLagoNotFound('subscription');
        invoicing.catchUp(now());
        return answerJson(200, { subscription: toWholeJson(ended, periodOf(ended), plans) });
      },
    ],
    ['GET fees', ({ query }) => listFees(new URLSearchParams(query), invoices())],
    ['GET invoices', ({ query }) => listInvoices(new URLSearchParams(query), invoices())],
    ['GET invoices/:', (_request, id) => getInvoice(id, invoices(), periodOf)],
    [
      'GET customers/:/current_usage',
      ({ query }, customer) => getCurrentUsage(customer, new URLSearchParams(query), reading()),
    ],
    [
      'GET customers/:/past_usage',
      ({ query }, customer) =>
        listPastUsage(customer, new URLSearchParams(query), { ...reading(), invoices: invoices() }),
    ],
  ];
}

function findRoute(
  routes: Map<string, Handle>,
  { method, path }: ApiRequest,
): { handle: Handle; parameter: string } | undefined {
  if (!path.startsWith('/api/v1/')) return undefined;
  const name = path.slice('/api/v1/'.length).replace(/\/$/, '');
  const exact = routes.get(`${method} ${name}`);
  if (exact !== undefined && !name.includes(':')) return { handle: exact, parameter: '' };
  // An id with a bare slash in it is another route to Lago.
  const [collection, parameter, ...rest] = name.split('/');
  if (!parameter) return undefined;
  const handle = routes.get([`${method} ${collection}`, ':', ...rest].join('/'));
  return handle && { handle, parameter: decodeParameter(parameter) };
}

function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
