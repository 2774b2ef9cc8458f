import type { EntryVerdict, UsageEvent, Verdict } from '@meterbridge/delivery';
import { isJsonObject } from '@meterbridge/segment-events';
import type { HttpAnswer } from '../http-answer.js';
import {
  classifyStatus,
  classifyTrouble,
  type ReadAnswer,
  readAnswer,
  refuse,
  settle,
  unexpected,
} from '../read-answer.js';
import { hyperlineRecordIdentity } from './key.js';

/**
 * Reads Hyperline's answer. One event alone is accepted by any 2xx, whose body is not documented and may be
 * empty. A batch is accepted in part: its 2xx lists what it took and what it did not, without a reason
 * (docs.hyperline.co: ingest-billable-event, ingest-billable-events, rate-limiting).
 */
export function classifyHyperlineAnswer(
  answer: HttpAnswer,
  sent: readonly UsageEvent[],
  now: number,
): Verdict {
  if ('error' in answer) return classifyTrouble(answer);
  const read = readAnswer(answer);
  if (read.status >= 200 && read.status < 300) {
    if (isWebPage(read)) return unexpected(read.status, 'a web page: is the URL right?');
    return sent.length === 1
      ? settle([{ outcome: 'delivered' }], read, now)
      : classifyPartial(read, sent, now);
  }
  const words = readMessage(read.json);
  const isWorded = words !== '';
  const common = classifyStatus(read, words, now, isOwn(read, words));
  if (common) return common;
  switch (read.status) {
    case 400:
    case 404:
    case 422:
      return refuse(read, words, isWorded);
    default:
      return unexpected(read.status, words);
  }
}

/**
 * Whether Hyperline says it. A 403 of its own is not documented, and gateways have one with a `message`; its 429 is
 * text, with headers that say when to come again.
 */
function isOwn({ status, headers, body }: ReadAnswer, words: string): boolean {
  if (status === 429) {
    return 'retry-after' in headers || 'x-ratelimit-reset' in headers || body.trim() === 'Too many requests';
  }
  return status !== 403 && words !== '';
}

/**
 * Both names are documented: `events_created` by v1, `events_accepted` by v2. An event is found again by
 * type and id, which stand once in a request; its timestamp may come back in another spelling.
 */
function classifyPartial(answer: ReadAnswer, sent: readonly UsageEvent[], now: number): Verdict {
  const body = isJsonObject(answer.json) ? answer.json : {};
  const accepted = readSlots(body.events_created ?? body.events_accepted);
  const failed = readSlots(body.events_failed);
  const entries = sent.map(({ recordIdentity }): EntryVerdict => {
    // A failed one is told why when it comes alone; one that is in neither list is safe to repeat.
    if (failed.has(recordIdentity)) return { outcome: 'alone', isNamed: true };
    return accepted.has(recordIdentity) ? { outcome: 'delivered' } : { outcome: 'resend' };
  });
  if (entries.every(({ outcome }) => outcome === 'resend')) {
    // A 2xx without its lists, or without a body: alone, an event's status is all that is needed to know.
    return settle(
      sent.map(() => ({ outcome: 'alone', isNamed: false })),
      answer,
      now,
    );
  }
  return settle(entries, answer, now);
}

/** The record identities of events that an answer repeats; what is not an event is passed over. */
function readSlots(events: unknown): Set<string> {
  const records = new Set<string>();
  if (!Array.isArray(events)) return records;
  for (const event of events) {
    if (!isJsonObject(event) || !isJsonObject(event.record)) continue;
    const { event_type: eventType, record } = event;
    // An id comes back as a number, too, where it looks like one.
    const id = typeof record.id === 'number' ? String(record.id) : record.id;
    if (typeof eventType === 'string' && typeof id === 'string')
      records.add(hyperlineRecordIdentity(eventType, id));
  }
  return records;
}

/** No API takes an event with a web page; the address of a web application does. */
function isWebPage({ body, headers }: ReadAnswer): boolean {
  return body.trimStart().startsWith('<') || (headers['content-type'] ?? '').includes('text/html');
}

/** The API's own words. Nothing but `message` is documented, so nothing else is kept. */
function readMessage(json: unknown): string {
  return isJsonObject(json) && typeof json.message === 'string' ? json.message : '';
}
