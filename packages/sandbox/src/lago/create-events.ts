import { type Answer, type ApiRequest, isObject, parseJson } from '../answer.js';
import { answerLagoInvalid, LAGO_BAD_REQUEST, LAGO_EVENT_MISSING, LAGO_INTERNAL_ERROR } from './answers.js';
import { LAST_TIMESTAMP_MS, toCreatedJson, toIsoSeconds } from './event-json.js';
import type { LagoOptions } from './options.js';
import { crashesPostgres } from './postgres-refusals.js';
import { type LagoEvent, type LagoEventErrors, readLagoEvent } from './read-event.js';
import type { LagoStore } from './store.js';
import { holdsLoneSurrogate } from './text.js';

type Creating = { store: LagoStore; options: LagoOptions; nowMs: number };

/** POST /events. */
export function createEvent(request: ApiRequest, creating: Creating): Answer {
  const params = readParams(request);
  if (params === undefined) return LAGO_BAD_REQUEST;
  const { event: input } = params;
  if (isMissing(input)) return LAGO_EVENT_MISSING;
  // A string or a list where the controller expects an object is a crash of its own.
  if (!isObject(input)) return LAGO_INTERNAL_ERROR;
  const { store, options, nowMs } = creating;
  store.counts.received += 1;
  const read = readLagoEvent(input, {
    nowMs,
    checkPresence: options.store === 'postgres',
    expression: store.billability.expressionVariables,
  });
  if ('errors' in read) {
    store.counts.refused += 1;
    return answerLagoInvalid(read.errors);
  }
  if ('crash' in read || crashesStore([read.event], request, creating)) return crash(store, 1);
  const result = store.store([read.event], nowMs);
  if (!result.stored) return answerLagoInvalid({ transaction_id: ['value_already_exist'] });
  const event = toCreatedJson(read.event, result.rows[0]!, options.store, toIsoSeconds(nowMs));
  return { status: 200, body: JSON.stringify({ event }) };
}

/**
 * POST /events/batch, all or nothing: every event is checked first, and only when none is refused are
 * duplicates looked for. The indexes in the answer are those of the array as sent, less what was dropped.
 */
export function createBatch(request: ApiRequest, creating: Creating): Answer {
  const params = readParams(request);
  if (params === undefined) return LAGO_BAD_REQUEST;
  // What is not an object is dropped from the array, as the controller's filter does: indexes shift.
  const inputs = Array.isArray(params.events) ? params.events.filter(isObject) : [];
  const { store, options, nowMs } = creating;
  if (inputs.length === 0) return answerLagoInvalid({ events: ['no_events'] });
  if (inputs.length > (options.maxBatch ?? 100)) return answerLagoInvalid({ events: ['too_many_events'] });
  store.counts.received += inputs.length;
  const events: LagoEvent[] = [];
  const errors: Record<number, LagoEventErrors> = {};
  const reading = { nowMs, checkPresence: true, expression: store.billability.expressionVariables };
  for (const [index, input] of inputs.entries()) {
    const read = readLagoEvent(input, reading);
    if ('crash' in read) return crash(store, inputs.length);
    if ('errors' in read) errors[index] = read.errors;
    else events.push(read.event);
  }
  if (events.length < inputs.length) {
    store.counts.refused += inputs.length - events.length;
    store.counts.rolledBack += events.length;
    return answerLagoInvalid(errors);
  }
  if (crashesStore(events, request, creating)) return crash(store, events.length);
  const result = store.store(events, nowMs);
  if (!result.stored) return answerLagoInvalid(toDuplicates(result.duplicates));
  const createdAt = toIsoSeconds(nowMs);
  const created = events.map((event, i) => toCreatedJson(event, result.rows[i]!, options.store, createdAt));
  return { status: 200, body: JSON.stringify({ events: created }) };
}

/** Every transaction_id that the body carries, for faults that wait for one. */
export function findTransactionIds(body: unknown): string[] {
  if (!isObject(body)) return [];
  const inputs: unknown[] = Array.isArray(body.events) ? body.events : [body.event];
  return inputs.flatMap((input) => (isObject(input) ? [String(input.transaction_id)] : []));
}

/** Undefined for what Rails does not take as JSON. A body of another content type is never read as JSON. */
function readParams(request: ApiRequest): Record<string, unknown> | undefined {
  if (request.body === '' || !request.contentType?.startsWith('application/json')) return {};
  const parsed = parseJson(request.body);
  if (!parsed.ok || holdsLoneSurrogate(request.body, parsed.value)) return undefined;
  return isObject(parsed.value) ? parsed.value : {};
}

function isMissing(event: unknown): boolean {
  if (event === undefined || event === null || event === '' || event === false) return true;
  return typeof event === 'object' && Object.keys(event).length === 0;
}

function crashesStore(
  events: readonly LagoEvent[],
  { body }: ApiRequest,
  { store, options }: Creating,
): boolean {
  if (events.some(isBeyondDates)) return true;
  return (
    options.store === 'postgres' && crashesPostgres(events, { body, isStored: (event) => store.holds(event) })
  );
}

/** An exception that Lago does not catch: nothing is stored, and no event is named. */
function crash(store: LagoStore, events: number): Answer {
  store.counts.crashed += events;
  return LAGO_INTERNAL_ERROR;
}

function isBeyondDates(event: LagoEvent): boolean {
  return Math.abs(event.timestampMs) > LAST_TIMESTAMP_MS;
}

function toDuplicates(indexes: number[]): Record<number, LagoEventErrors> {
  const errors: Record<number, LagoEventErrors> = {};
  for (const index of indexes) errors[index] = { transaction_id: ['value_already_exist'] };
  return errors;
}
