import type { UsageEvent } from '@meterbridge/delivery';
import { type DestinationSettings, type DestinationType, describeLarge } from '@meterbridge/destinations';
import {
  type Arrival,
  type EventSource,
  type PrivacyRules,
  type RejectedEvent,
  readPath,
  receiveEvent,
  type SegmentEvent,
} from '@meterbridge/segment-events';
import {
  type DeliveryResult,
  deliver,
  type KnownDelivery,
  mapDelivery,
  type Pipeline,
} from '../pipeline/pipeline.js';
import type { PlaceOf } from '../pipeline/read-pipeline.js';
import { explainFailure, type FieldFailure } from './explain-failure.js';
import { type ExplainedFilter, explainFilter } from './explain-filter.js';
import { explainReceipt, type Receipt } from './explain-receipt.js';
import { type Concealed, concealedBy, type Rule } from './rule-fields.js';

/** An event to be looked at, and what is known of it. */
export type Subject = {
  /** What a person calls it: `event.json, event 2`, `lago/1795225509287-0`. */
  from: string;
} & (
  | { kind: 'arrival'; arrival: Arrival; source: EventSource & { privacy?: PrivacyRules } }
  | { kind: 'rejected'; source: string; reason: string; detail: string }
  /** Frozen and stored; `delivery` where only one rule of one destination is meant. */
  | {
      kind: 'stored';
      event: SegmentEvent;
      source: string;
      delivery?: OneDelivery;
    }
);

type OneDelivery = { destination: string; rule: string } & KnownDelivery;

/** What becomes of one event, as far as that can be said without sending it. */
export type EventPreview = {
  from: string;
  source: string;
  received:
    | ({ status: 'taken' } & Receipt)
    | { status: 'stored'; messageId: string; timestamp: string }
    | { status: 'ignored' }
    | { status: 'rejected'; reason: string; detail: string };
  destinations: DestinationPreview[];
  /** False where it was rejected, or where a rule that takes it cannot map it. */
  ok: boolean;
};

export type DestinationPreview = {
  name: string;
  type: DestinationType;
  rules: RulePreview[];
  /** What would be sent, were nothing else waiting. */
  requests: {
    method: 'POST';
    path: string;
    /** As JSON, or the text where it is sent as something else. */
    body: unknown;
  }[];
};

export type RulePreview = {
  name: string;
  /** `meterbridge.config.yaml:34` */
  place: string;
  /** Its filter matches, or it is the rule that the delivery has already. */
  takes: boolean;
  /** A dead letter's own rule, whose filter does not match any more. */
  kept?: true;
  /** The sources it takes events of, where this event's is not among them. */
  otherSources?: string[];
  filter?: ExplainedFilter;
  /** Of a rule that takes it: the fields that are not sent as they are. */
  hides?: { field: string; how: Concealed['how'] }[];
  /** A warning, where what is sent comes near what the API can store. */
  large?: string;
  /** A warning, where the time that it is of may be billed already. */
  late?: string;
  failures?: (Omit<FieldFailure, 'field'> & { field: string; place: string })[];
};

/**
 * Runs one event through everything but Redis and the APIs. Pure.
 * @param now epoch milliseconds; left out, nothing is said of its age
 */
export function previewEvent(
  subject: Subject,
  pipeline: Pipeline,
  placeOf: PlaceOf,
  now?: number,
): EventPreview {
  const look: Look = { pipeline, placeOf, now };
  const { config } = pipeline;
  const { from } = subject;
  if (subject.kind === 'stored') {
    const { event, source, delivery } = subject;
    const { messageId, timestamp } = event;
    const destinations = previewDestinations(event, source, look, delivery);
    const received = { status: 'stored' as const, messageId, timestamp };
    return { from, source, received, destinations, ok: isMappable(destinations) };
  }
  if (subject.kind === 'rejected') return previewRejected(from, subject);
  const source = subject.source.name;
  const received = receiveEvent(subject.arrival, subject.source, config.receiver);
  if (received.status === 'ignored') return { from, source, received, destinations: [], ok: true };
  if (received.status === 'rejected') return previewRejected(from, received.rejected);
  const receipt = explainReceipt(subject.arrival.raw, received, subject.source);
  const destinations = previewDestinations(received.event, source, look);
  return {
    from,
    source,
    received: { status: 'taken', ...receipt },
    destinations,
    ok: isMappable(destinations),
  };
}

function previewRejected(
  from: string,
  { source, reason, detail }: Pick<RejectedEvent, 'source' | 'reason' | 'detail'>,
): EventPreview {
  return { from, source, received: { status: 'rejected', reason, detail }, destinations: [], ok: false };
}

function isMappable(destinations: DestinationPreview[]): boolean {
  return destinations.every(({ rules }) => rules.every(({ failures }) => !failures));
}

function previewDestinations(
  event: SegmentEvent,
  source: string,
  look: Look,
  only?: OneDelivery,
): DestinationPreview[] {
  const { pipeline, placeOf, now } = look;
  const { config } = pipeline;
  const routed = new Map(
    deliver(event, source, pipeline).map(({ destination, deliveries }) => [destination, deliveries]),
  );
  return config.destinations.flatMap((settings, index) => {
    if (only && only.destination !== settings.name) return [];
    const rules = settings.rules as readonly Rule[];
    const kept = only && rules.find(({ name }) => name === only.rule);
    const results = new Map(
      kept
        ? [[kept.name, mapDelivery(pipeline, settings.name, kept.name, event, only)]]
        : routed.get(settings.name)!.map(({ rule, result }) => [rule, result]),
    );
    const ruleAt = (at: number) => (path: string[]) => placeOf(['destinations', index, 'rules', at, ...path]);
    return {
      name: settings.name,
      type: settings.type,
      rules: rules.map((rule, at) =>
        previewRule({
          rule,
          settings,
          event,
          source,
          result: results.get(rule.name),
          pipeline,
          placeOf: ruleAt(at),
          now,
        }),
      ),
      requests: requestsOf(settings.name, [...results.values()], pipeline),
    };
  });
}

/** What an event is previewed with. */
type Look = { pipeline: Pipeline; placeOf: PlaceOf; now: number | undefined };

type RuleGiven = {
  rule: Rule;
  settings: DestinationSettings;
  event: SegmentEvent;
  source: string;
  /** Of a rule that takes the event. */
  result: DeliveryResult | undefined;
  pipeline: Pipeline;
  placeOf: (path: string[]) => string;
  now: number | undefined;
};

function previewRule(given: RuleGiven): RulePreview {
  const { rule, settings, event, source, result, pipeline, placeOf } = given;
  const { name, when, sources } = rule;
  const isOthers = sources !== undefined && !sources.includes(source);
  const filter = when === undefined ? undefined : explainFilter(when, event, pipeline.config.destinations);
  const preview: RulePreview = {
    name,
    place: placeOf([]),
    takes: result !== undefined,
    otherSources: isOthers ? sources : undefined,
    filter,
  };
  if (!result) return preview;
  if (isOthers || filter?.matches === false) preview.kept = true;
  if (result.ok) {
    const body: unknown = JSON.parse(result.usage.body);
    const hides = concealedBy(settings.type, rule)
      .filter(({ target }) => readPath(body, target) !== undefined)
      .map(({ target, how }) => ({ field: target.join('.'), how }));
    const { storableBytes } = pipeline.destinations.get(settings.name)!;
    const large = describeLarge(Buffer.byteLength(result.usage.body), storableBytes);
    return { ...preview, hides, large, late: describeLate(given) };
  }
  const { ok: _, ...failure } = result;
  const found = failure.code === 'identity_collision' ? [] : explainFailure(settings, rule, event);
  const failures: FieldFailure[] = found.length > 0 ? found : [{ ...failure, field: [] } as FieldFailure];
  return {
    ...preview,
    failures: failures.map(({ field, ...rest }) => ({
      ...rest,
      field: field.join('.'),
      place: placeOf(field),
    })),
  };
}

/** Nothing is asked here: whether its period is over depends on the subscription. Most end with a month. */
function describeLate({ event: { timestamp }, settings, pipeline, now }: RuleGiven): string | undefined {
  const { billing } = pipeline.destinations.get(settings.name)!;
  if (!billing || now === undefined) return undefined;
  const month = new Date(now).toISOString().slice(0, '2026-10'.length);
  if (timestamp >= month) return undefined;
  const follows =
    billing.late === 'send'
      ? 'billed at most as recurring or paid in advance'
      : 'a dead letter (period_closed) and never sent';
  return `it is of ${timestamp.slice(0, month.length)}: where that period is billed already, it is ${follows}`;
}

/** As the sender fills requests: one record stands at most once in each, and one kind only. */
function requestsOf(
  destination: string,
  results: DeliveryResult[],
  { destinations }: Pipeline,
): DestinationPreview['requests'] {
  const batches: UsageEvent[][] = [];
  for (const result of results) {
    if (!result.ok) continue;
    const { usage } = result;
    // The same key with the same content is sent once.
    if (batches.some((batch) => batch.some(({ key }) => key === usage.key))) continue;
    const open = batches.find((batch) =>
      batch.every(
        ({ recordIdentity, kind }) => recordIdentity !== usage.recordIdentity && kind === usage.kind,
      ),
    );
    if (open) open.push(usage);
    else batches.push([usage]);
  }
  return batches.map((batch) => {
    const { path, body, contentType } = destinations.get(destination)!.request(batch);
    return { method: 'POST', path, body: contentType === undefined ? JSON.parse(body) : body };
  });
}
