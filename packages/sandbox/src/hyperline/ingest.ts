import { type Answer, type ApiRequest, answerJson, isObject, parseJson } from '../answer.js';
import { answerHyperlineError } from './answers.js';
import type { HyperlineOptions } from './options.js';
import type { HyperlineRefusal, HyperlineStore } from './store.js';

const MAX_BATCH = 5000;

/** The words are the sandbox's: no page shows an ingest's own. */
const MESSAGES: Record<HyperlineRefusal, string> = {
  not_an_object: 'Event must be an object',
  customer_id_missing: 'customer_id is required',
  event_type_missing: 'event_type is required',
  timestamp_missing: 'timestamp is required',
  timestamp_invalid: 'timestamp must be an ISO 8601 date in UTC or milliseconds since the epoch',
  record_missing: 'record is required',
  record_id_missing: 'record.id is required',
  record_too_large: 'record must have at most 25 properties',
  record_not_flat: 'record must have one level, without arrays of objects',
  customer_unknown: 'Customer not found',
};

/** POST /v1/events. */
export function ingestOne(
  request: ApiRequest,
  store: HyperlineStore,
  options: HyperlineOptions,
  nowMs: number,
): Answer {
  const body = readBody(request);
  if ('refusal' in body) return body.refusal;
  const refused = store.store(body.value, nowMs);
  if (refused !== undefined)
    return answerHyperlineError(refused === 'customer_unknown' ? 404 : 400, MESSAGES[refused]);
  const status = options.singleStatus ?? 201;
  return options.singleBody === 'empty' ? { status, body: '' } : { status, body: request.body };
}

type BatchOptions = Pick<HyperlineOptions, 'oneEventTypeABatch'> & {
  takenName: 'events_created' | 'events_accepted';
};

/**
 * POST /v1/events/batch and /v2/events/batch: each event for itself, the refused ones given back without a
 * reason, under a 201. The versions differ in the name of the list of those taken.
 */
export function ingestBatch(
  request: ApiRequest,
  store: HyperlineStore,
  { takenName, oneEventTypeABatch }: BatchOptions,
  nowMs: number,
): Answer {
  const body = readBody(request);
  if ('refusal' in body) return body.refusal;
  const events = body.value;
  if (!Array.isArray(events)) return answerHyperlineError(400, 'Body must be an array of events');
  if (events.length === 0) return answerHyperlineError(400, 'At least one event is required');
  if (events.length > MAX_BATCH) return answerHyperlineError(400, `At most ${MAX_BATCH} events are allowed`);
  if (oneEventTypeABatch && countEventTypes(events) > 1)
    return answerHyperlineError(400, 'All events must have the same event type');
  const failed: number[] = [];
  for (let i = 0; i < events.length; i += 1) {
    if (store.store(events[i], nowMs) !== undefined) failed.push(i);
  }
  // All taken: the list given back is the one that came, byte for byte.
  if (failed.length === 0)
    return { status: 201, body: `{"${takenName}":${request.body},"events_failed":[]}` };
  const isFailed = new Set(failed);
  return answerJson(201, {
    [takenName]: events.filter((_event, index) => !isFailed.has(index)),
    events_failed: failed.map((index) => events[index]),
  });
}

function countEventTypes(events: unknown[]): number {
  return new Set(events.map((event) => (isObject(event) ? event.event_type : undefined))).size;
}

/** Every record.id that the body carries, for faults that wait for one. */
export function findRecordIds(body: unknown): string[] {
  const events: unknown[] = Array.isArray(body) ? body : [body];
  return events.flatMap((event) =>
    isObject(event) && isObject(event.record) ? [String(event.record.id)] : [],
  );
}

function readBody(request: ApiRequest): { value: unknown } | { refusal: Answer } {
  if (!request.contentType?.startsWith('application/json'))
    return { refusal: answerHyperlineError(400, 'Content type must be application/json') };
  const parsed = parseJson(request.body);
  return parsed.ok ? parsed : { refusal: answerHyperlineError(400, 'Body is not valid JSON') };
}
