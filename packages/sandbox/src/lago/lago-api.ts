import { type Answer, type ApiRequest, answerJson } from '../answer.js';
import type { SharedOptions } from '../options.js';
import { answerLagoNotFound, LAGO_FORBIDDEN, LAGO_NOT_AVAILABLE, LAGO_UNAUTHORIZED } from './answers.js';
import { createBatch, createEvent } from './create-events.js';
import { toStoredJson } from './event-json.js';
import { estimateFees, listFees } from './fees.js';
import { createLagoLimit } from './limit.js';
import { createEventList } from './list-events.js';
import { getMetric, listMetrics } from './metrics.js';
import type { LagoOptions } from './options.js';
import { getOrganization } from './organization.js';
import { createPlans } from './plans.js';
import type { LagoStore } from './store.js';
import { getSubscription, listSubscriptions } from './subscriptions.js';
import { getCurrentUsage, listPastUsage } from './usage.js';

type Handle = (request: ApiRequest, parameter: string) => Answer;

/** Lago's part in one function: route, key, limit, permission, and then the endpoint. */
export function createLagoApi(
  store: LagoStore,
  options: LagoOptions,
  { now }: SharedOptions,
): (request: ApiRequest) => Answer {
  const routes = createRoutes(store, options, now);
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
    const isWrite = request.method === 'POST';
    const limit = isWrite ? ingestLimit : readLimit;
    return limit(now(), () =>
      isReadOnly && isWrite ? LAGO_FORBIDDEN : route.handle(request, route.parameter),
    );
  };
}

/** By method and path below /api/v1; `:` stands for an id. */
function createRoutes(store: LagoStore, options: LagoOptions, now: () => number): Map<string, Handle> {
  const plans = createPlans(options);
  const listEvents = createEventList(store, options);
  return new Map<string, Handle>([
    ['POST events', (request) => createEvent(request, { store, options, nowMs: now() })],
    ['POST events/batch', (request) => createBatch(request, { store, options, nowMs: now() })],
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
    ['GET subscriptions', ({ query }) => listSubscriptions(options, new URLSearchParams(query), now())],
    [
      'GET subscriptions/:',
      ({ query }, externalId) =>
        getSubscription(options, plans, { externalId, query: new URLSearchParams(query), nowMs: now() }),
    ],
    ['GET billable_metrics', ({ query }) => listMetrics(options, new URLSearchParams(query))],
    ['GET billable_metrics/:', (_request, code) => getMetric(options, code)],
    ['GET plans', ({ query }) => plans.list(new URLSearchParams(query))],
    ['GET plans/:', (_request, code) => plans.get(code)],
    ['GET organizations', () => getOrganization(options)],
    ['GET fees', ({ query }) => listFees(new URLSearchParams(query), { store, options, plans })],
    ['POST events/estimate_fees', (request) => estimateFees(request, { options, plans, nowMs: now() })],
    [
      'POST events/estimate_instant_fees',
      (request) => estimateFees(request, { options, plans, nowMs: now() }),
    ],
    // On ClickHouse there is a list behind it, which is not here.
    ...(options.store === 'postgres' ? [['GET events_enriched', () => LAGO_NOT_AVAILABLE] as const] : []),
    [
      'GET customers/:/current_usage',
      ({ query }, customer) =>
        getCurrentUsage(customer, new URLSearchParams(query), { store, options, plans, nowMs: now() }),
    ],
    [
      'GET customers/:/past_usage',
      ({ query }, customer) => listPastUsage(customer, new URLSearchParams(query), options),
    ],
  ]);
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
