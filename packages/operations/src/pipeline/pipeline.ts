import type { Config, Source } from '@meterbridge/config';
import type { StoredDelivery, UsageEvent } from '@meterbridge/delivery';
import { compileDestination, type Destination } from '@meterbridge/destinations';
import {
  freezeEvent,
  isEnabled,
  isJsonObject,
  type RejectionReason,
  readTimestampMs,
  type SegmentEvent,
} from '@meterbridge/segment-events';
import type { MappingFailureCode, Route } from '@meterbridge/usage-mapping';

/** By destination and version: what maps by rules of before, which Redis keeps. */
export type KeptRules = ReadonlyMap<string, ReadonlyMap<string, Destination['map']>>;

/** A configuration with everything compiled that an event passes through on its way to a request. */
export type Pipeline = { config: Config; destinations: ReadonlyMap<string, Destination>; kept: KeptRules };

export function compilePipeline(config: Config, kept: KeptRules = new Map()): Pipeline {
  const destinations = config.destinations.map(
    (settings) => [settings.name, compileDestination(settings)] as const,
  );
  return { config, destinations: new Map(destinations), kept };
}

/** What maps a delivery: the rules of now, or those it was sent under; undefined where those are not kept. */
export function mapOf(
  { config, destinations, kept }: Pipeline,
  destination: string,
  sentUnder: string | undefined,
): Destination['map'] | undefined {
  const isOfNow = sentUnder === undefined || sentUnder === config.rules.get(destination)?.version;
  return isOfNow ? destinations.get(destination)!.map : kept.get(destination)?.get(sentUnder);
}

/** The names of the rules of now, by destination. */
export function versionsOf({ rules }: Pick<Config, 'rules'>): Record<string, string> {
  return Object.fromEntries([...rules].map(([destination, { version }]) => [destination, version]));
}

/** An event as it came, before anything was done to it. */
export type Arrival = {
  raw: unknown;
  /** When its batch was sent, by the client's clock. */
  sentAt?: unknown;
  receivedAtMs: number;
  via: 'tracking' | 'webhook';
};

/**
 * How a written-down event came: one that says when it was received has been through Segment, which has
 * corrected its time; any other comes from a client at `otherwiseMs`.
 */
export function arrivalOf(raw: unknown, otherwiseMs: number, sentAt?: unknown): Arrival {
  const receivedAtMs = readTimestampMs(isJsonObject(raw) ? raw.receivedAt : undefined);
  return receivedAtMs === null
    ? { raw, sentAt, receivedAtMs: otherwiseMs, via: 'tracking' }
    : { raw, receivedAtMs, via: 'webhook' };
}

/** What the receiver makes of an event. */
export type Received =
  | {
      status: 'taken';
      /** Before the source's privacy rules, and as it is stored. */
      frozen: SegmentEvent;
      event: SegmentEvent;
      timeFromReceipt: boolean;
    }
  /** Its own `integrations` switch it off here. */
  | { status: 'ignored' }
  | { status: 'rejected'; reason: RejectionReason; detail: string };

/** The receiver's part, without Redis: judge, freeze, take personal data out. */
export function receiveEvent(
  { raw, sentAt, receivedAtMs, via }: Arrival,
  source: Pick<Source, 'applyPrivacy' | 'clock' | 'integrationNames'>,
  limits: Config['receiver'],
): Received {
  const frozen = freezeEvent(raw, {
    receivedAtMs,
    sentAt,
    via,
    clock: source.clock,
    maxEventBytes: limits.eventBytes,
    maxAgeMs: limits.maxEventAgeMs,
    maxFutureMs: limits.maxEventFutureMs,
  });
  if (!frozen.ok) return { status: 'rejected', ...frozen.rejection };
  const names = source.integrationNames;
  if (via === 'tracking' && names.length > 0 && !isEnabled(frozen.event.integrations, names)) {
    return { status: 'ignored' };
  }
  const { event, timeFromReceipt } = frozen;
  return { status: 'taken', frozen: event, event: source.applyPrivacy?.(event) ?? event, timeFromReceipt };
}

/** Why a delivery would be a dead letter: a mapping's own word, or the sender's for two of one key. */
export type UndeliverableCode = MappingFailureCode | 'identity_collision';

export type DeliveryResult =
  | { ok: true; usage: UsageEvent }
  | { ok: false; code: UndeliverableCode; path: string; detail: string };

/**
 * The worker's part up to the request, for one delivery. Nothing is looked up at the destination: where a
 * subscription would be, the customer whose it is stands in its place.
 * @param known what was looked up for it before, and under which rules it may have been sent
 */
export function mapDelivery(
  pipeline: Pipeline,
  destination: string,
  rule: string,
  event: SegmentEvent,
  { resolved, sentUnder }: KnownDelivery = {},
): DeliveryResult {
  const map = mapOf(pipeline, destination, sentUnder);
  if (!map) return RULES_NOT_KEPT;
  const mapped = map(rule, event);
  if (!mapped.ok) return { ok: false, ...mapped.failure };
  if (!mapped.pending) return mapped;
  const { customer, complete } = mapped.pending;
  const isKnown = resolved?.customer === customer;
  return {
    ok: true,
    usage: complete(isKnown ? resolved.subscription : `<subscription of customer ${customer}>`),
  };
}

/** What a delivery knows of its past. */
export type KnownDelivery = Pick<StoredDelivery, 'resolved' | 'sentUnder'>;

const RULES_NOT_KEPT: DeliveryResult = {
  ok: false,
  code: 'unknown_rule',
  path: 'rules',
  detail: 'it may have arrived, and the rules that it was sent under are not kept',
};

/** One destination's rules that take an event, in order, and what each makes of it. */
export type Deliveries = { destination: string; deliveries: { rule: string; result: DeliveryResult }[] };

/** Routes and maps an event as receiver and worker would. */
export function deliver(event: SegmentEvent, source: string, pipeline: Pipeline): Deliveries[] {
  return pipeline.config.route(event, source).map((route) => deliverTo(route, event, pipeline));
}

/** Maps an event by rules of one destination; of two that collide the second fails. @param known as of `mapDelivery` */
export function deliverTo(
  { destination, rules }: Route,
  event: SegmentEvent,
  pipeline: Pipeline,
  known?: KnownDelivery,
): Deliveries {
  const usages: UsageEvent[] = [];
  const deliveries = rules.map((rule) => {
    const result = mapDelivery(pipeline, destination, rule, event, known);
    if (!result.ok) return { rule, result };
    if (usages.some((earlier) => collide(earlier, result.usage))) return { rule, result: COLLISION };
    usages.push(result.usage);
    return { rule, result };
  });
  return { destination, deliveries };
}

/** As the sender has it: one key with other content, or one slot under another owner. */
function collide(one: UsageEvent, other: UsageEvent): boolean {
  if (one.key === other.key) return one.body !== other.body;
  return one.slot === other.slot && one.owner !== other.owner;
}

const COLLISION: DeliveryResult = {
  ok: false,
  code: 'identity_collision',
  path: '',
  detail: 'another rule writes a usage event of the same key with different content; the API would keep one',
};
