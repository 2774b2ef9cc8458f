import type { Answer, ApiRequest } from '../answer.js';
import type { SharedOptions } from '../options.js';
import { HYPERLINE_NOT_FOUND, HYPERLINE_UNAUTHENTICATED, HYPERLINE_WRONG_KEY } from './answers.js';
import { ingestBatch, ingestOne } from './ingest.js';
import { createHyperlineLimit } from './limit.js';
import { listEvents } from './list-events.js';
import type { HyperlineOptions } from './options.js';
import type { HyperlineStore } from './store.js';

/** Hyperline's part in one function: route, key, limit, and then the endpoint. */
export function createHyperlineApi(
  store: HyperlineStore,
  options: HyperlineOptions,
  { now }: SharedOptions,
): (request: ApiRequest) => Answer {
  const limit = createHyperlineLimit(options.requestsPer10Seconds);
  const routes: Record<string, (request: ApiRequest) => Answer> = {
    'POST /v1/events': (request) => ingestOne(request, store, options, now()),
    'POST /v1/events/batch': (request) =>
      ingestBatch(request, store, { ...options, takenName: 'events_created' }, now()),
    'POST /v2/events/batch': (request) =>
      ingestBatch(request, store, { ...options, takenName: 'events_accepted' }, now()),
    'GET /v1/events': ({ query }) => listEvents(new URLSearchParams(query), store),
  };
  const basic = `Basic ${Buffer.from(`${options.apiKey}:`).toString('base64')}`;
  const bearer = `Bearer ${options.apiKey}`;

  return (request) => {
    const route = `${request.method} ${request.path}`;
    if (!Object.hasOwn(routes, route)) return HYPERLINE_NOT_FOUND;
    if (!request.authorization) return HYPERLINE_UNAUTHENTICATED;
    // The key alone, or as the user of Basic authentication with a blank password.
    if (request.authorization !== bearer && request.authorization !== basic) return HYPERLINE_WRONG_KEY;
    return limit(now(), () => routes[route]!(request));
  };
}
