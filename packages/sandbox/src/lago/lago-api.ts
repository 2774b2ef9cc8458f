import { type Answer, type ApiRequest, answerJson } from '../answer.js';
import type { SharedOptions } from '../options.js';
import { answerLagoNotFound, LAGO_FORBIDDEN, LAGO_METHOD_NOT_ALLOWED, LAGO_UNAUTHORIZED } from './answers.js';
import { createCatalog } from './catalog.js';
import { createBatch, createEvent } from './create-events.js';
import { toStoredJson } from './event-json.js';
import { createLagoLimit } from './limit.js';
import { createEventList } from './list-events.js';
import type { LagoOptions } from './options.js';
import type { LagoStore } from './store.js';

type Route = { method: 'GET' | 'POST'; handle: (request: ApiRequest, parameter: string) => Answer };

/** Lago's part in one function: route, key, limit, permission, and then the endpoint. */
export function createLagoApi(
  store: LagoStore,
  options: LagoOptions,
  { now }: SharedOptions,
): (request: ApiRequest) => Answer {
  const catalog = createCatalog(options);
  const listEvents = createEventList(store, options);
  const ingestLimit = createLagoLimit(options.requestsPerSecond);
  const readLimit = createLagoLimit(options.readRequestsPerSecond);
  const routes: Record<string, Route[]> = {
    events: [
      { method: 'POST', handle: (request) => createEvent(request, { store, options, nowMs: now() }) },
      { method: 'GET', handle: ({ query }) => listEvents(new URLSearchParams(query)) },
    ],
    'events/batch': [
      { method: 'POST', handle: (request) => createBatch(request, { store, options, nowMs: now() }) },
    ],
    'events/:': [
      {
        method: 'GET',
        handle(_request, transactionId) {
          const row = store.ledger.first(transactionId);
          if (row < 0) return answerLagoNotFound('event');
          return answerJson(200, { event: toStoredJson(store.ledger, row, options.store) });
        },
      },
    ],
    subscriptions: [
      { method: 'GET', handle: ({ query }) => catalog.listSubscriptions(new URLSearchParams(query)) },
    ],
    'subscriptions/:': [
      {
        method: 'GET',
        handle: ({ query }, id) => catalog.getSubscription(id, new URLSearchParams(query)),
      },
    ],
    billable_metrics: [
      { method: 'GET', handle: ({ query }) => catalog.listMetrics(new URLSearchParams(query)) },
    ],
    'billable_metrics/:': [{ method: 'GET', handle: (_request, code) => catalog.getMetric(code) }],
  };

  return (request) => {
    const found = findRoutes(routes, request.path);
    if (found === undefined) return answerLagoNotFound('resource');
    const route = found.routes.find(({ method }) => method === request.method);
    if (route === undefined) return LAGO_METHOD_NOT_ALLOWED;
    // Lago takes the second word, whatever the first.
    const key = request.authorization?.split(' ')[1];
    const isReadOnly = options.readOnlyApiKey !== undefined && key === options.readOnlyApiKey;
    if (key !== options.apiKey && !isReadOnly) return LAGO_UNAUTHORIZED;
    const limit = route.method === 'POST' ? ingestLimit : readLimit;
    return limit(now(), () =>
      isReadOnly && route.method === 'POST' ? LAGO_FORBIDDEN : route.handle(request, found.parameter),
    );
  };
}

function findRoutes(
  routes: Record<string, Route[]>,
  path: string,
): { routes: Route[]; parameter: string } | undefined {
  if (!path.startsWith('/api/v1/')) return undefined;
  const name = path.slice('/api/v1/'.length).replace(/\/$/, '');
  if (Object.hasOwn(routes, name) && !name.endsWith(':')) return { routes: routes[name]!, parameter: '' };
  const slash = name.indexOf('/');
  const parameter = name.slice(slash + 1);
  // An id with a slash in it is another route to Lago.
  if (slash < 0 || parameter === '' || parameter.includes('/')) return undefined;
  const pattern = `${name.slice(0, slash)}/:`;
  return Object.hasOwn(routes, pattern)
    ? { routes: routes[pattern]!, parameter: decodeParameter(parameter) }
    : undefined;
}

function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
