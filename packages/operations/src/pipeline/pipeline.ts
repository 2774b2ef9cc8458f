import type { Config } from '@meterbridge/config';
import { findCollision, type StoredDelivery, type UsageEvent } from '@meterbridge/delivery';
import { compileDestination, type Destination } from '@meterbridge/destinations';
import {
  type Arrival,
  DIRECT,
  FORWARDED,
  isJsonObject,
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

/**
 * How a written-down event came: one that says when it was received has been through Segment, which has
 * corrected its time; any other comes from a client at `otherwiseMs`, in epoch milliseconds.
 */
export function arrivalOf(raw: unknown, otherwiseMs: number, sentAt?: unknown): Arrival {
  const receivedAtMs = readTimestampMs(isJsonObject(raw) ? raw.receivedAt : undefined);
  return receivedAtMs === null
    ? { raw, sentAt, receivedAtMs: otherwiseMs, way: DIRECT }
    : { raw, receivedAtMs, way: FORWARDED };
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
    const { usage } = result;
    const [collision] = usages.flatMap((earlier) => findCollision(earlier, usage) ?? []);
    if (collision !== undefined) return { rule, result: collided(collision) };
    usages.push(usage);
    return { rule, result };
  });
  return { destination, deliveries };
}

function collided(detail: string): DeliveryResult {
  return { ok: false, code: 'identity_collision', path: '', detail };
}
