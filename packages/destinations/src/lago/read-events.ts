import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { HttpAnswer } from '../http-answer.js';
import type { LagoContent } from './compare-stored.js';
import { parseExactly } from './decimal.js';
import { EVENTS_A_PAGE } from './plan-reads.js';

/** An event as Lago answers it. */
export type LagoEvent = JsonObject & LagoContent;

/** Which events a list holds; what is left out restricts nothing. */
export type EventsFilter = {
  subscription?: string;
  code?: string;
  /** Both ends are included, to the millisecond. */
  window?: { fromMs: number; toMs: number };
};

/** An id with a slash in it is another route to Lago, however it is written. */
export function canBeAskedFor(id: string): boolean {
  return !id.includes('/');
}

/** Where Lago answers with the first event that has an id, under whatever subscription (OpenAPI: findEvent). */
export function eventPath(id: string): string {
  return `/api/v1/events/${encodeURIComponent(id)}`;
}

/** What `eventPath` is answered with; `absent` by Lago's own word alone. */
export function readEvent(
  answer: HttpAnswer,
): { is: 'event'; event: LagoEvent } | { is: 'absent' } | { is: 'problem'; problem: string } {
  if ('error' in answer || (answer.status !== 200 && answer.status !== 404)) {
    return { is: 'problem', problem: describeProblem(answer) };
  }
  const json = readJson(answer);
  if (answer.status === 404) {
    // A URL that is wrong is answered 404 as well, with another code.
    const isAbsent = isJsonObject(json) && json.code === 'event_not_found';
    return isAbsent ? { is: 'absent' } : { is: 'problem', problem: describeProblem(answer) };
  }
  return isJsonObject(json) && isJsonObject(json.event)
    ? { is: 'event', event: json.event }
    : { is: 'problem', problem: 'the answer holds no event' };
}

/**
 * Where events are listed (OpenAPI: findAllEvents). The only place that names filters: one that Lago does not know is
 * ignored, and the list holds everything.
 * @param page from 1
 */
export function eventsPath(
  { subscription, code, window }: EventsFilter,
  page: number,
  perPage = EVENTS_A_PAGE,
): string {
  const query = new URLSearchParams({
    ...(subscription === undefined ? {} : { external_subscription_id: subscription }),
    ...(code === undefined ? {} : { code }),
    // Ingestion takes seconds, a list ISO 8601 only.
    ...(window && {
      timestamp_from: new Date(window.fromMs).toISOString(),
      timestamp_to: new Date(window.toMs).toISOString(),
    }),
    page: String(page),
    per_page: String(perPage),
  });
  return `/api/v1/events?${query}`;
}

export type EventsPage = {
  events: LagoEvent[];
  /** Of the whole list. */
  pages: number;
  total: number;
};

/**
 * What `eventsPath` is answered with; null where the answer is not what was asked for: no list, another page, or with
 * an event that the list should not hold. Lago ignores filters that it does not know.
 */
export function readEvents(answer: HttpAnswer, filter: EventsFilter, page: number): EventsPage | null {
  if ('error' in answer || answer.status !== 200) return null;
  const json = readJson(answer);
  if (!isJsonObject(json) || !Array.isArray(json.events) || !isJsonObject(json.meta)) return null;
  const { current_page: current, total_pages: pages, total_count: total } = json.meta;
  if (typeof pages !== 'number' || typeof total !== 'number') return null;
  // An empty list says that its page is 0.
  if (current !== (total === 0 ? 0 : page)) return null;
  const events = json.events.filter(isJsonObject);
  const isAsAsked = events.length === json.events.length && events.every((event) => belongsTo(filter, event));
  return isAsAsked && events.length <= total ? { events, pages, total } : null;
}

function belongsTo({ subscription, code, window }: EventsFilter, event: LagoEvent): boolean {
  if (typeof event.transaction_id !== 'string') return false;
  if (code !== undefined && event.code !== code) return false;
  if (subscription !== undefined && event.external_subscription_id !== subscription) return false;
  if (!window) return true;
  const atMs = typeof event.timestamp === 'string' ? Date.parse(event.timestamp) : Number.NaN;
  return atMs >= window.fromMs && atMs <= window.toMs;
}

function readJson({ body }: Extract<HttpAnswer, { status: number }>): unknown {
  try {
    return parseExactly(body);
  } catch {
    return undefined;
  }
}
