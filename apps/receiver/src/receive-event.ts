import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Source } from '@meterbridge/config';
import {
  type BodyReading,
  holdsMoreValuesThan,
  type RejectedEvent,
  readBody,
  rejectArrival,
  type SegmentBody,
  wayOf,
} from '@meterbridge/segment-events';
import { type Answer, failure, SUCCESS } from './answer.js';
import { attributeEvents } from './attribute-events.js';
import { authorizeWebhook } from './authorize-webhook.js';
import { type Judgement, judgeEvents } from './judge-events.js';
import type { ReceiverDeps } from './ports.js';
import type { Route } from './routes.js';
import { indexWriteKeys, readAuthorization } from './write-keys.js';

/** A request whose body is read and decompressed. */
export type EventRequest = {
  route: Route;
  headers: IncomingHttpHeaders;
  rawBody: Buffer;
  receivedAtMs: number;
};

/** Answers once everything is durable. Rejects as `commit` does. */
export type ReceiveEvents = (request: EventRequest) => Promise<Answer>;

/**
 * More than any client sends (Segment's webhooks: 4,000), and few enough that a body of nothing but commas
 * and zeros does not become millions of dead letters.
 */
const MAX_EVENTS_PER_REQUEST = 10_000;

/**
 * A hundred keys and values for each event that may come: some 0.3 seconds of parsing (measured). Whoever sends
 * more need not be anybody we know, since the write key may stand in the body.
 */
const MAX_VALUES_PER_REQUEST = 100 * MAX_EVENTS_PER_REQUEST;

const TOO_MANY_VALUES = failure(
  413,
  'too_many_values',
  `the body holds more than ${MAX_VALUES_PER_REQUEST} keys and values; send smaller batches`,
);
const UNAUTHORIZED = failure(401, 'unauthorized', 'the write key is missing or not one of this installation');
const UNKNOWN_SOURCE = failure(404, 'unknown_source', 'no source of this name takes webhooks');

/**
 * The receiver's one job: find out who sent a request, judge each of its events, make all of them durable
 * (the refused ones as dead letters), and only then call it a success.
 */
export function createReceiveEvents(deps: ReceiverDeps): ReceiveEvents {
  const findSource = indexWriteKeys(deps.sources);
  const sourcesByName = new Map(deps.sources.map((source) => [source.name, source]));
  return async (request) => {
    const { route, rawBody } = request;
    // Before anything parses it: a webhook's signature is over parsed JSON too.
    if (holdsMoreValuesThan(MAX_VALUES_PER_REQUEST, rawBody)) return TOO_MANY_VALUES;
    return route.kind === 'tracking' ? receiveTracking(request) : receiveWebhook(request, route.source);
  };

  async function receiveTracking(request: EventRequest): Promise<Answer> {
    const headerKey = readAuthorization(request.headers.authorization);
    const headerSource = headerKey === undefined ? undefined : findSource(headerKey);
    const reading = readEvents(request, deps.limits.inflatedBytes);
    if (!reading.ok) return refuseBody(request, reading, headerSource);
    const attribution = attributeEvents(reading.body, headerSource, findSource);
    if (!attribution) return UNAUTHORIZED;
    return settle(request, reading.body, attribution.sources, attribution.sender);
  }

  async function receiveWebhook(request: EventRequest, name: string): Promise<Answer> {
    const source = sourcesByName.get(name);
    if (!source?.webhook) return UNKNOWN_SOURCE;
    const refusal = authorizeWebhook(source.webhook, request);
    if (refusal) return failure(401, 'unauthorized', refusal.message);
    const reading = readEvents(request, deps.limits.inflatedBytes);
    if (!reading.ok) return refuseBody(request, reading, source);
    return settle(request, reading.body, Array(reading.body.events.length).fill(source), source);
  }

  /** Not async: nobody holds the events while they are being written (see `DeliveryWriter`). */
  function settle(
    request: EventRequest,
    body: SegmentBody,
    sources: (Source | undefined)[],
    sender: Source,
  ): Promise<Answer> {
    const { receivedAtMs, route } = request;
    const arrival = { way: wayOf(route.kind), receivedAtMs, sentAt: body.sentAt };
    const judgement = judgeEvents(body.events, { sources, sender }, arrival, deps.limits);
    const report = countJudgement(judgement);
    const answer = toAnswer(judgement);
    const { received, rejected } = judgement;
    const isNothing = received.length + rejected.length === 0;
    return (isNothing ? Promise.resolve() : deps.commit(received, rejected)).then(() => {
      record(report);
      return answer;
    });
  }

  /** A sender drops what is answered with 400: where it is known, the body is kept. */
  async function refuseBody(
    request: EventRequest,
    { code, problem }: BodyReading & { ok: false },
    source?: Source,
  ): Promise<Answer> {
    if (code !== 'invalid_json') return failure(413, code, problem);
    if (source) {
      const rejected = unreadable(request, problem, source);
      await deps.commit([], [rejected]);
      deps.record.eventsRejected(source.name, rejected.reason, 1);
    }
    return failure(400, code, problem);
  }

  function record({ accepted, ignored, rejected }: Report): void {
    for (const [source, count] of accepted) deps.record.eventsAccepted(source, count);
    for (const [source, count] of ignored) deps.record.eventsIgnored(source, count);
    for (const { reason, bySource } of rejected) {
      for (const [source, count] of bySource) deps.record.eventsRejected(source, reason, count);
    }
  }
}

/** Events by their source. */
type Counts = Map<string, number>;

/** What is told of a request's events once they are kept. */
type Report = {
  accepted: Counts;
  ignored: Counts;
  /** A batch may hold thousands that are bad in the same way: one line of the log says it. */
  rejected: { reason: string; bySource: Counts }[];
};

function countJudgement({ received, rejected, ignored }: Judgement): Report {
  return {
    accepted: countBy(received, ({ source }) => source),
    ignored: countBy(ignored, (source) => source),
    rejected: [...new Set(rejected.map(({ reason }) => reason))].map((reason) => ({
      reason,
      bySource: countBy(
        rejected.filter((each) => each.reason === reason),
        ({ source }) => source,
      ),
    })),
  };
}

function toAnswer({ rejected, results }: Judgement): Answer {
  if (rejected.length === 0) return SUCCESS;
  return { status: 200, body: JSON.stringify({ success: true, results }) };
}

function readEvents({ rawBody, route }: EventRequest, sharedBytes: number): BodyReading {
  // Decoded carelessly, two ids that differ in a broken byte would become one.
  if (!isUtf8(rawBody)) {
    return { ok: false, code: 'invalid_json', problem: 'the body is not UTF-8, which JSON is' };
  }
  const bounds = { events: MAX_EVENTS_PER_REQUEST, sharedBytes };
  return readBody(rawBody.toString('utf8'), bounds, route.kind === 'tracking' ? route.callType : undefined);
}

function unreadable(request: EventRequest, detail: string, source: Source): RejectedEvent {
  const { rawBody, route, receivedAtMs } = request;
  const raw = isUtf8(rawBody) ? rawBody.toString('utf8') : rawBody.toString('base64');
  const arrival = { raw, way: wayOf(route.kind), receivedAtMs };
  return rejectArrival(arrival, source, { reason: 'invalid_json', detail });
}

function countBy<T>(items: readonly T[], sourceOf: (item: T) => string): Counts {
  const counts: Counts = new Map();
  for (const item of items) counts.set(sourceOf(item), (counts.get(sourceOf(item)) ?? 0) + 1);
  return counts;
}
