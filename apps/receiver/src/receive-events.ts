import { isUtf8 } from 'node:buffer';
import type { Source } from '@meterbridge/config';
import {
  BodyReader,
  type BodyReading,
  type RefusedPeople,
  type RejectedEvent,
  rejectArrival,
} from '@meterbridge/segment-events';
import { type Answer, failure, overloaded, SUCCESS, storeUnavailable } from './http/answer.js';
import { EventJudge, type Judgement, MAX_KEPT_BYTES } from './judge-events.js';
import { type IntakeDeps, PERSON_REFUSED, type ReceiverTelemetry } from './ports.js';
import type { RefusalLease } from './refusal-guard.js';
import { SOURCE_KINDS } from './sources/kinds.js';
import type { EventRequest } from './sources/source-kind.js';
import { nextTurn, Turns } from './turns.js';

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

/** A body of which parsing takes milliseconds; of one of Segment's own libraries none is as large. */
const LARGE_BODY_BYTES = 500_000;

/** For so long the events of one request are read, or judged, in one go. */
const SLICE_MS = 10;

/**
 * The receiver's one job: find out who sent a request, judge each of its events, make all of them durable
 * (the refused ones as dead letters, or as a count), and only then call it a success.
 * @param turns shared by all configurations of a process, as the memory is that they bound
 */
export function createReceiveEvents(deps: IntakeDeps, turns = new Turns()): ReceiveEvents {
  const bounds = {
    events: MAX_EVENTS_PER_REQUEST,
    values: MAX_VALUES_PER_REQUEST,
    atOnceBytes: LARGE_BODY_BYTES,
    sharedBytes: deps.limits.inflatedBytes,
  };
  const accesses = new Map(SOURCE_KINDS.map((kind) => [kind, kind.openAccess(deps.sources)]));
  return (request) => {
    const lease = deps.refusals();
    return receive(request, lease).finally(lease.leave);
  };

  /** Holds nothing of the request once it is judged. */
  async function receive(request: EventRequest, { people, isCurrent }: RefusalLease): Promise<Answer> {
    const { length } = request.rawBody;
    const turn = length > LARGE_BODY_BYTES ? await turns.standInLine(length) : turns.enter();
    if (!turn) return overloaded(1);
    let judged: Judgement | Answer;
    try {
      judged = await judgeRequest(request, turn.mayWait, people);
    } finally {
      turn.leave();
    }
    if ('status' in judged) return judged;
    return isCurrent() ? commitJudged(deps, judged, request.request) : storeUnavailable(1);
  }

  /** @param mayWait whether others may have their turn meanwhile */
  async function judgeRequest(
    request: EventRequest,
    mayWait: boolean,
    people: RefusedPeople | null,
  ): Promise<Judgement | Answer> {
    const { rawBody, route, receivedAtMs } = request;
    // Nearly every request is read and judged in one slice each.
    const sliceMs = mayWait ? SLICE_MS : Number.POSITIVE_INFINITY;
    const reader = new BodyReader(rawBody, bounds, route.callType);
    while (!reader.scan(sliceMs)) await nextTurn();
    // Before anything parses it: a webhook's signature is over parsed JSON too.
    if (reader.holdsTooManyValues) return TOO_MANY_VALUES;
    const access = accesses.get(route.kind)!;
    const claim = access.authorize(request);
    if ('refused' in claim) return claim.refused;
    let reading = reader.read(sliceMs);
    for (; reading === null; reading = reader.read(sliceMs)) await nextTurn();
    if (!reading.ok) return refuseBody(deps, request, reading, { source: claim.source, people });
    const { events, sentAt } = reading.body;
    const attribution = access.attribute(reading.body, claim.source);
    if ('refused' in attribution) return attribution.refused;
    const arrival = { way: route.kind.way, receivedAtMs, sentAt, request: request.request };
    const judge = new EventJudge(events, attribution, arrival, {
      limits: deps.limits,
      people,
      isServers: claim.isServers,
    });
    while (!judge.run(sliceMs)) await nextTurn();
    return judge.judgement;
  }
}

/** Not async: nothing holds the events while they are being written (see `DeliveryWriter`). */
function commitJudged(
  deps: IntakeDeps,
  judgement: Judgement,
  request: EventRequest['request'],
): Promise<Answer> {
  const answer = toAnswer(judgement);
  const { received, rejected, notKept, accepted, ignored, refused, deletions } = judgement;
  const isNothing = received.length + rejected.length + notKept.length === 0;
  const committed = isNothing ? Promise.resolve() : deps.commit(received, rejected, notKept, request);
  // After its events: a person's that came before the call in one request are there to be forgotten.
  const requested = deletions.size === 0 ? committed : committed.then(() => deps.requestForget(deletions));
  return requested.then(() => {
    tell(deps.record, { accepted, ignored, refused, deletions }, request?.id);
    return answer;
  });
}

/** A sender drops what is answered with 400: where it is known, the body is kept, unless it is too large. */
async function refuseBody(
  deps: IntakeDeps,
  request: EventRequest,
  { code, problem }: BodyReading & { ok: false },
  { source, people }: { source: Source | undefined; people: RefusedPeople | null },
): Promise<Answer> {
  if (code !== 'invalid_json') return failure(413, code, problem);
  const isKept = request.rawBody.length <= MAX_KEPT_BYTES;
  if (source && isKept && people?.isIn(request.rawBody.toString())) {
    await deps.commit([], [], [{ source: source.name, reason: PERSON_REFUSED, events: 1 }], request.request);
  } else if (source) {
    if (isKept) await deps.commit([], [unreadable(request, problem, source)], [], request.request);
    else await deps.commit([], [], [{ source: source.name, reason: code, events: 1 }], request.request);
    deps.record.eventsRejected(source.name, code, 1, request.request?.id);
  }
  return failure(400, code, problem);
}

/** What is told of a request's events once they are kept. */
type Report = Pick<Judgement, 'accepted' | 'ignored' | 'refused' | 'deletions'>;

/** A batch may hold thousands that are bad in the same way: one line of the log says it. */
function tell(
  record: ReceiverTelemetry,
  { accepted, ignored, refused, deletions }: Report,
  requestId: string | undefined,
): void {
  for (const [source, count] of accepted) record.eventsAccepted(source, count);
  for (const [source, count] of ignored) record.eventsIgnored(source, count);
  for (const [source, calls] of deletions) record.forgetRequested(source, calls.length, requestId);
  for (const [reason, bySource] of refused) {
    for (const [source, count] of bySource) record.eventsRejected(source, reason, count, requestId);
  }
}

function toAnswer({ refused, results, unlisted }: Judgement): Answer {
  if (refused.size === 0) return SUCCESS;
  const isAll = Object.values(unlisted).every((count) => count === 0);
  return {
    status: 200,
    body: JSON.stringify({ success: true, results, unlisted: isAll ? undefined : unlisted }),
  };
}

function unreadable(request: EventRequest, detail: string, source: Source): RejectedEvent {
  const { rawBody, route, receivedAtMs, request: ref } = request;
  const raw = rawBody.toString(isUtf8(rawBody) ? 'utf8' : 'base64');
  const arrival = { raw, way: route.kind.way, receivedAtMs, request: ref };
  return rejectArrival(arrival, source, { reason: 'invalid_json', detail });
}
