import type { EntryVerdict, UsageEvent, Verdict } from '@meterbridge/delivery';
import { isJsonObject } from '@meterbridge/segment-events';
import type { HttpAnswer } from '../http-answer.js';
import {
  classifyStatus,
  classifyTrouble,
  type ReadAnswer,
  readAnswer,
  refuse,
  refused,
  settle,
  unexpected,
} from '../read-answer.js';

/** What Lago calls a transaction_id it has already stored: a success that came back. */
const ALREADY_STORED = 'value_already_exist';

/** 404s that speak of the event; any other, `resource_not_found` above all, speaks of the URL. */
const EVENT_NOT_FOUND: unknown[] = [
  'customer_not_found',
  'subscription_not_found',
  'billable_metric_not_found',
];

/**
 * Reads Lago's answer to `POST /events/batch`. A batch is stored whole or not at all: a 422 names the bad
 * ones by their index in the array as sent, and duplicates only once nothing else is wrong, so a batch may
 * need several rounds. Before v1.39 a refused batch could leave its good events stored; they come back as
 * duplicates, which is success as well (lago-api: app/services/events/create_batch_service.rb, api_errors.rb).
 */
export function classifyLagoAnswer(answer: HttpAnswer, sent: readonly UsageEvent[], now: number): Verdict {
  if ('error' in answer) return classifyTrouble(answer);
  if (answer.status === 200 && namesAllInOrder(answer.body, sent)) return settleDelivered(answer, sent, now);
  const read = readAnswer(answer);
  if (read.status === 200) return classifyStored(read, sent, now);
  const words = readWords(read.json);
  const isOwn = isLagoError(read);
  const common = classifyStatus(read, words, now, isOwn);
  if (common) return common;
  switch (read.status) {
    case 400:
      return refuse(read, words, isOwn);
    case 404:
      return isOwn && !(isJsonObject(read.json) && EVENT_NOT_FOUND.includes(read.json.code))
        ? { verdict: 'hold', code: 'wrong_url', status: 404, detail: `HTTP 404: is the URL right?` }
        : refuse(read, words, isOwn);
    case 422:
      return classifyInvalid(read, words, sent, now);
    default:
      return unexpected(read.status, words);
  }
}

/**
 * Whether Lago says it: its errors repeat the status (lago-api: api_errors.rb), and its cloud's limiter tells of itself
 * in headers. It has no limiter of its own elsewhere.
 */
export function isLagoError({ status, json, headers }: ReadAnswer): boolean {
  if (status === 429 && Object.keys(headers).some((name) => name.startsWith('x-ratelimit-'))) return true;
  return isJsonObject(json) && json.status === status && typeof json.error === 'string';
}

const DELIVERED: EntryVerdict = { outcome: 'delivered' };

function settleDelivered(answer: Pick<ReadAnswer, 'headers'>, sent: readonly UsageEvent[], now: number) {
  return settle(
    sent.map(() => DELIVERED),
    answer,
    now,
  );
}

const STORED_ID = '"transaction_id":';

/**
 * Whether a 200 has the shape of Lago's list and names the events sent, one after the other and nothing else:
 * nearly every answer does, and parsing 30 KB for that takes three times as long (measured). Any other is
 * parsed, one that spells an id with escapes among them.
 */
function namesAllInOrder(body: string, sent: readonly UsageEvent[]): boolean {
  if (!body.startsWith('{"events":[{') || !body.endsWith('}]}')) return false;
  let at = 0;
  for (const { recordIdentity } of sent) {
    at = body.indexOf(STORED_ID, at) + STORED_ID.length;
    if (at < STORED_ID.length || body[at] !== '"' || !body.startsWith(recordIdentity, at + 1)) return false;
    if (body[at + 1 + recordIdentity.length] !== '"') return false;
  }
  return !body.includes(STORED_ID, at);
}

/** Lago's 200 repeats every event. One that does not is somebody else's, a proxy's or a web page's. */
function classifyStored(answer: ReadAnswer, sent: readonly UsageEvent[], now: number): Verdict {
  const events = isJsonObject(answer.json) ? answer.json.events : undefined;
  const ids = new Set(Array.isArray(events) ? events.map(readId) : []);
  if (ids.size !== sent.length || !sent.every(({ recordIdentity }) => ids.has(recordIdentity))) {
    return unexpected(200, `the answer does not hold the ${sent.length} events sent`);
  }
  return settleDelivered(answer, sent, now);
}

function readId(event: unknown): unknown {
  return isJsonObject(event) ? event.transaction_id : undefined;
}

function classifyInvalid(
  answer: ReadAnswer,
  words: string,
  sent: readonly UsageEvent[],
  now: number,
): Verdict {
  const details = isJsonObject(answer.json) ? answer.json.error_details : undefined;
  if (!isJsonObject(details)) return refuse(answer, words, isLagoError(answer));

  if (Array.isArray(details.events)) {
    if (details.events.includes('too_many_events')) {
      return { verdict: 'smaller', by: 'events', status: 422, detail: 'HTTP 422: too_many_events' };
    }
    // We never send none: something on the way took them out.
    if (details.events.includes('no_events')) return unexpected(422, 'no_events');
  }

  const named = Object.keys(details);
  if (named.length > 0 && named.every((key) => String(Number(key)) === key && Number(key) in sent)) {
    const entries = sent.map((_, index): EntryVerdict => {
      const errors = details[index];
      return errors === undefined ? { outcome: 'resend' } : classifyErrors(errors);
    });
    return settle(entries, answer, now);
  }
  // The form of a single create, should an older Lago answer a batch of one so.
  if (sent.length === 1 && named.includes('transaction_id')) {
    return settle([classifyErrors(details)], answer, now);
  }
  return refuse(answer, words, isLagoError(answer));
}

/** What Lago has against one event: codes by field, or a string where the metric's expression failed. */
function classifyErrors(errors: unknown): EntryVerdict {
  if (isJsonObject(errors)) {
    const { transaction_id: id, ...others } = errors;
    const onlyStored = Array.isArray(id) && id.length === 1 && id[0] === ALREADY_STORED;
    if (onlyStored && Object.keys(others).length === 0) return { outcome: 'duplicate' };
  }
  return refused(422, describeErrors(errors));
}

/** Lago's own words: `code` or `error`, and the codes by field. Nothing else of a body is kept. */
function readWords(json: unknown): string {
  if (!isJsonObject(json)) return '';
  const head = [json.code, json.error].find((text) => typeof text === 'string') ?? '';
  const details = describeErrors(json.error_details);
  return [head, details].filter((text) => text !== '').join(': ');
}

function describeErrors(errors: unknown): string {
  if (typeof errors === 'string') return errors;
  if (!isJsonObject(errors)) return '';
  return Object.entries(errors)
    .map(([field, codes]) => {
      const known = [codes].flat().filter((code) => typeof code === 'string');
      return known.length === 0 ? field : `${field}: ${known.join(', ')}`;
    })
    .join('; ');
}
