import { isUtf8 } from 'node:buffer';
import type { Source } from '@meterbridge/config';
import {
  type BodyReading,
  holdsMoreValuesThan,
  type RejectedEvent,
  readBody,
  rejectArrival,
  type SegmentBody,
} from '@meterbridge/segment-events';
import { type Answer, failure, SUCCESS } from './http/answer.js';
import { type Counts, EventJudge, type Judgement, MAX_KEPT_BYTES, MAX_RESULTS } from './judge-events.js';
import type { ReceiverDeps, ReceiverTelemetry } from './ports.js';
import type { Attribution } from './sources/attribute-events.js';
import { SOURCE_KINDS } from './sources/kinds.js';
import type { EventRequest } from './sources/source-kind.js';

/** Answers once everything is durable. Rejects as `commit` does. */
export type ReceiveEvents = (request: EventRequest) => Promise<Answer>;

/**
 * More than any client sends (Segment's webhooks: 4,000), and few enough that a body of nothing but commas
 * and zeros is not millions of events.
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

/** A body whose reading is a matter of milliseconds: others have their turn before and after it. */
const LARGE_BODY_BYTES = 500_000;

/** For so long the events of one request are judged in one go. */
const SLICE_MS = 10;

/**
 * The receiver's one job: find out who sent a request, judge each of its events, make all of them durable
 * (the refused ones as dead letters, or as a count), and only then call it a success.
 */
export function createReceiveEvents(deps: ReceiverDeps): ReceiveEvents {
  const accesses = new Map(SOURCE_KINDS.map((kind) => [kind, kind.openAccess(deps.sources)]));
  return async (request) => {
    // Before anything parses it: a webhook's signature is over parsed JSON too.
    if (holdsMoreValuesThan(MAX_VALUES_PER_REQUEST, request.rawBody)) return TOO_MANY_VALUES;
    const access = accesses.get(request.route.kind)!;
    const claim = access.authorize(request);
    if ('refused' in claim) return claim.refused;
    const isLarge = request.rawBody.length > LARGE_BODY_BYTES;
    if (isLarge) await nextTurn();
    const reading = readEvents(request, deps.limits.inflatedBytes);
    if (!reading.ok) return refuseBody(deps, request, reading, claim.source);
    if (isLarge) await nextTurn();
    const attribution = access.attribute(reading.body, claim.source);
    if ('refused' in attribution) return attribution.refused;
    return commitEvents(deps, request, reading.body, attribution);
  };
}

/** Not async: nothing holds the events while they are being written (see `DeliveryWriter`). */
function commitEvents(
  deps: ReceiverDeps,
  { route, receivedAtMs }: EventRequest,
  { events, sentAt }: SegmentBody,
  attribution: Attribution,
): Promise<Answer> {
  const arrival = { way: route.kind.way, receivedAtMs, sentAt };
  const judge = new EventJudge(events, attribution, arrival, deps.limits);
  // Nearly every request is judged in one slice.
  if (judge.run(SLICE_MS)) return commitJudged(deps, judge.judgement);
  return judgeTheRest(judge).then((judgement) => commitJudged(deps, judgement));
}

/** Others have their turn between two slices. */
async function judgeTheRest(judge: EventJudge): Promise<Judgement> {
  do await nextTurn();
  while (!judge.run(SLICE_MS));
  return judge.judgement;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Not async, for the same reason. */
function commitJudged(deps: ReceiverDeps, judgement: Judgement): Promise<Answer> {
  const report = reportJudgement(judgement);
  const answer = toAnswer(judgement);
  const { received, rejected, notKept } = judgement;
  const isNothing = received.length + rejected.length + notKept.length === 0;
  return (isNothing ? Promise.resolve() : deps.commit(received, rejected, notKept)).then(() => {
    tell(deps.record, report);
    return answer;
  });
}

/** A sender drops what is answered with 400: where it is known, the body is kept, unless it is too large. */
async function refuseBody(
  deps: ReceiverDeps,
  request: EventRequest,
  { code, problem }: BodyReading & { ok: false },
  source: Source | undefined,
): Promise<Answer> {
  if (code !== 'invalid_json') return failure(413, code, problem);
  if (source) {
    const isKept = request.rawBody.length <= MAX_KEPT_BYTES;
    if (isKept) await deps.commit([], [unreadable(request, problem, source)], []);
    else await deps.commit([], [], [{ source: source.name, reason: code, events: 1 }]);
    deps.record.eventsRejected(source.name, code, 1);
  }
  return failure(400, code, problem);
}

/** What is told of a request's events once they are kept. */
type Report = Pick<Judgement, 'ignored' | 'refused'> & { accepted: Counts };

/** A batch may hold thousands that are bad in the same way: one line of the log says it. */
function tell(record: ReceiverTelemetry, { accepted, ignored, refused }: Report): void {
  for (const [source, count] of accepted) record.eventsAccepted(source, count);
  for (const [source, count] of ignored) record.eventsIgnored(source, count);
  for (const [reason, bySource] of refused) {
    for (const [source, count] of bySource) record.eventsRejected(source, reason, count);
  }
}

function reportJudgement({ received, ignored, refused }: Judgement): Report {
  const accepted: Counts = new Map();
  for (const { source } of received) accepted.set(source, (accepted.get(source) ?? 0) + 1);
  return { accepted, ignored, refused };
}

function toAnswer({ refused, results, unlisted }: Judgement): Answer {
  if (refused.size === 0) return SUCCESS;
  const isAll = results.length < MAX_RESULTS || Object.values(unlisted).every((count) => count === 0);
  return {
    status: 200,
    body: JSON.stringify({ success: true, results, unlisted: isAll ? undefined : unlisted }),
  };
}

function readEvents({ rawBody, route }: EventRequest, sharedBytes: number): BodyReading {
  // Decoded carelessly, two ids that differ in a broken byte would become one.
  if (!isUtf8(rawBody)) {
    return { ok: false, code: 'invalid_json', problem: 'the body is not UTF-8, which JSON is' };
  }
  const bounds = { events: MAX_EVENTS_PER_REQUEST, sharedBytes };
  return readBody(rawBody.toString('utf8'), bounds, route.callType);
}

function unreadable(request: EventRequest, detail: string, source: Source): RejectedEvent {
  const { rawBody, route, receivedAtMs } = request;
  const raw = isUtf8(rawBody) ? rawBody.toString('utf8') : rawBody.toString('base64');
  const arrival = { raw, way: route.kind.way, receivedAtMs };
  return rejectArrival(arrival, source, { reason: 'invalid_json', detail });
}
