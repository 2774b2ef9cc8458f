import type { Logger } from './create-logger.js';
import type { Metrics } from './create-metrics.js';

/** Counts by a name: of a destination, or of a reason. */
export type Counts = Record<string, number>;

/** One request with Segment events was answered. */
export type EventReceived = {
  /** Left out where the sender could not be told. */
  source?: string;
  route: string;
  status: number;
  /** Events in the request, good and bad. */
  events: number;
  /** By destination; a filtered event is accepted too. */
  accepted: Counts;
  /** By destination. */
  filtered: Counts;
  /** By reason. */
  rejected: Counts;
  bytes: number;
  durationMs: number;
};

/** One request was sent to a destination's API. */
export type DeliveryAttempted = {
  destination: string;
  events: number;
  bytes: number;
  /** Left out where no answer came. */
  status?: number | undefined;
  /** What the answer means, in a word. */
  verdict: string;
  durationMs: number;
  /** Between asking the limiter for a slot and having it. */
  waitedMs: number;
};

/** One attempt at a job was written down. Counted in deliveries. */
export type DeliverySettled = {
  destination: string;
  jobId: string;
  delivered: number;
  duplicate: number;
  dead: number;
  /** Tried again after `delayMs`. */
  remaining: number;
  delayMs: number;
};

export type EventDeadLettered = {
  /** Left out for a dead letter of the receiver, which `eventReceived` has counted as rejected. */
  destination?: string;
  source: string;
  rule?: string;
  messageId?: string;
  reason: string;
  attempts?: number;
  /** Of the API's last answer. */
  status?: number | undefined;
};

export type EventReplayed = { destination: string; messageId: string; reason: string };

export type BusinessEvents = ReturnType<typeof createBusinessEvents>;

/**
 * One function for each thing that happens to an event: it writes one wide line and moves the meters that
 * belong to it, so that log and metrics tell the same story. Ids go into the line only, never into labels.
 */
export function createBusinessEvents(logger: Logger, metrics: Metrics) {
  return {
    eventReceived(received: EventReceived): void {
      const { source = 'unknown', route, status, durationMs } = received;
      logger.debug(received, 'event.received');
      metrics.httpRequests.inc({ route, status: String(status) });
      metrics.httpDuration.observe({ route }, durationMs / 1_000);
      if (received.events > 0) metrics.received.inc({ source }, received.events);
      for (const [destination, count] of Object.entries(received.accepted)) {
        metrics.accepted.inc({ destination }, count);
      }
      for (const [destination, count] of Object.entries(received.filtered)) {
        metrics.filtered.inc({ destination }, count);
      }
      for (const [reason, count] of Object.entries(received.rejected)) {
        metrics.rejected.inc({ source, reason }, count);
      }
    },

    deliveryAttempted(attempted: DeliveryAttempted): void {
      const { destination, status } = attempted;
      logger.info(attempted, 'delivery.attempted');
      metrics.requestEvents.observe({ destination }, attempted.events);
      metrics.requestDuration.observe(
        { destination, status: statusClass(status) },
        attempted.durationMs / 1_000,
      );
      metrics.limiterWait.observe({ destination }, attempted.waitedMs / 1_000);
    },

    deliverySettled(settled: DeliverySettled): void {
      const { destination } = settled;
      logger.debug(settled, 'delivery.settled');
      metrics.delivered.inc({ destination }, settled.delivered);
      metrics.duplicate.inc({ destination }, settled.duplicate);
    },

    eventDeadLettered(letter: EventDeadLettered): void {
      const { destination, reason } = letter;
      logger.warn(letter, 'event.dead_lettered');
      if (destination !== undefined) metrics.dead.inc({ destination, reason });
    },

    eventReplayed(replayed: EventReplayed): void {
      logger.info(replayed, 'event.replayed');
      metrics.replayed.inc({ destination: replayed.destination });
    },
  };
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}
