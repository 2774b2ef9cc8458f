import type { Logger } from './create-logger.js';
import type { ReceiverMetrics } from './create-metrics.js';

/** One request for a route that takes events was answered. */
export type RequestAnswered = {
  requestId: string;
  /** Of a request that is traced, here or by its sender. */
  traceId?: string | undefined;
  route: string;
  status: number;
  /** From its first byte to its answer. */
  durationMs: number;
  /** Of its body as it was sent. */
  bodyBytes: number;
};

/** A destination's API has sent a webhook. */
export type WebhookReceived = {
  destination: string;
  /** Its report is kept; it is about other things; its signature proves nothing; its body is no webhook. */
  outcome: 'kept' | 'ignored' | 'refused' | 'unreadable';
  requestId?: string | undefined;
  /** Why it was not taken; nothing of what was sent. */
  problem?: string;
  /** Faults in it; of those, that are new; and of the new ones, that are counted only. */
  reported?: number;
  added?: number;
  notKept?: number;
};

/** As the receiver counts them. */
const PERSON_REFUSED = 'person_refused';

export type ReceiverEvents = ReturnType<typeof createReceiverEvents>;

/**
 * One function for each thing that happens in a receiver, as `createBusinessEvents` has them for a worker: ids and
 * counts only, no payload and no key. None of them throws.
 * @param sources names of those that there are: a counter that an alert is about shows them from the beginning
 */
export function createReceiverEvents(
  logger: Logger,
  metrics: ReceiverMetrics,
  sources: readonly string[] = [],
) {
  const sourcesKnown = (names: readonly string[]) => {
    for (const source of names) metrics.rejectedNotKept.inc({ source }, 0);
  };
  sourcesKnown(sources);
  return {
    /** There are these sources from now on: the same as at the beginning. */
    sourcesKnown,

    eventsAccepted(source: string, count: number): void {
      metrics.received.inc({ source }, count);
    },

    /** Not meant for this installation by their own `integrations`: answered with success, stored nowhere. */
    eventsIgnored(source: string, count: number): void {
      metrics.received.inc({ source }, count);
    },

    /** A proven call has a person forgotten; whom, no line and no label tells. */
    forgetRequested(source: string, count: number, requestId?: string): void {
      metrics.received.inc({ source }, count);
      metrics.forgetCalls.inc({ source }, count);
      logger.info({ requestId, source, count }, 'forget.requested');
    },

    /** No rule of any destination takes events of their name. */
    eventsUntaken(source: string, count: number): void {
      metrics.untaken.inc({ source }, count);
    },

    eventsRejected(source: string, reason: string, count: number, requestId?: string): void {
      metrics.received.inc({ source }, count);
      metrics.rejected.inc({ source, reason }, count);
      logger.warn({ requestId, source, reason, count }, 'event.rejected');
    },

    /**
     * Refused events that are counted in Redis and not kept: beyond what a request or a source may have kept. Those of
     * people who are refused are a count apart, and no line of the log tells when they came.
     */
    refusalsNotKept(
      counts: readonly { source: string; reason: string; events: number }[],
      request?: { id: string },
    ): void {
      for (const { source, reason, events } of counts) {
        if (reason === PERSON_REFUSED) {
          metrics.received.inc({ source }, events);
          metrics.personRefused.inc({ source }, events);
          continue;
        }
        metrics.rejectedNotKept.inc({ source }, events);
        logger.warn({ requestId: request?.id, source, reason, count: events }, 'event.rejected_not_kept');
      }
    },

    /** Deliveries are safely queued. @param batches deliveries in each job that was written */
    deliveriesCommitted(destination: string, batches: readonly number[], filtered: number): void {
      metrics.filtered.inc({ destination }, filtered);
      metrics.accepted.inc({ destination }, filtered);
      for (const deliveries of batches) {
        metrics.accepted.inc({ destination }, deliveries);
        metrics.committedBatch.observe({ destination }, deliveries);
      }
    },

    /** Deliveries of a request are in these jobs. */
    requestCommitted(requestId: string | undefined, jobIds: readonly string[]): void {
      if (jobIds.length > 0) logger.debug({ requestId, jobIds }, 'request.committed');
    },

    webhookReceived(received: WebhookReceived): void {
      const { destination, outcome, added = 0 } = received;
      metrics.webhooks.inc({ destination, outcome });
      const isUsual = outcome === 'ignored' || (outcome === 'kept' && added === 0);
      logger[isUsual ? 'debug' : 'warn'](received, 'webhook.received');
    },

    requestAnswered(answered: RequestAnswered): void {
      const { route, status, durationMs } = answered;
      metrics.httpRequests.inc({ route, status: String(status) });
      metrics.httpDuration.observe({ route }, durationMs / 1_000);
      logger.debug(answered, 'request.answered');
    },

    /** An error that no rule foresaw: the sender was told 500 and will come again. */
    requestFailed(route: string, error: unknown, requestId?: string): void {
      logger.error({ requestId, route, err: error }, 'request.failed');
    },
  };
}
