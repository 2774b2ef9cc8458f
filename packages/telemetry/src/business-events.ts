import type { Logger } from './create-logger.js';
import type { WorkerMetrics } from './create-metrics.js';

/** One request was sent to a destination's API. */
export type DeliveryAttempted = {
  destination: string;
  /** Names it, here and as `X-Request-Id` at the API. */
  attemptId?: string | undefined;
  /** Of which its events are. */
  jobIds: string[];
  events: number;
  bytes: number;
  /** Usage events that come near what the API can store of one. */
  large: number;
  /** Left out where no answer came. */
  status?: number | undefined;
  /** What the answer means, in a word. */
  verdict: string;
  /** Of a request that failed: in a word, and in the API's words or ours. Never a secret or an event's value. */
  code?: string | undefined;
  cause?: string | undefined;
  durationMs: number;
  /** Between asking the limiter for a permit and having it. */
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

/** Usage of one job that was delivered and may never be billed. Counted in deliveries, by why. */
export type UsageLate = {
  destination: string;
  jobId: string;
  late_for_its_period: number;
  after_its_end: number;
  before_its_start: number;
};

/** What a job's duplicates came to when they were compared with what their API holds. Counted in deliveries. */
export type DuplicatesCompared = {
  destination: string;
  same: number;
  /** As an earlier version of the rule wrote it. */
  olderRule: number;
  /** Dead letters. */
  different: number;
  /** Dead letters: the API knows the id, and has no event. */
  deletedThere: number;
  /** Beyond the budget of reads, or a read failed. */
  notCompared: number;
  durationMs: number;
};

/** What one hand made of a job was not written down: another has the job, or another server answers. */
export type SettlementRefused = {
  destination: string;
  jobId: string;
  /** Which of a worker's hands, unique to its turn. */
  hand: string;
  /** `stale`: the job is there, and is tried again as it is now; `gone`: it has ended, or never was there. */
  result: 'stale' | 'gone';
};

/** Events of one job that became dead letters for one reason. */
export type EventsDeadLettered = {
  destination: string;
  source: string;
  rule: string;
  reason: string;
  /** Of the API's last answer. */
  status?: number | undefined;
  count: number;
  /** Of the first of them. */
  messageIds: string[];
  /** That brought those. */
  requestIds: string[];
};

/** Ids of one kind in one line: a request may hold the events of hundreds of others. */
const MAX_IDS = 20;

export type BusinessEvents = ReturnType<typeof createBusinessEvents>;

/**
 * One function for each thing that happens to an event: it writes one wide line and moves the meters that
 * belong to it, so that log and metrics tell the same story. Ids go into the line only, never into labels.
 */
export function createBusinessEvents(logger: Logger, metrics: WorkerMetrics) {
  return {
    /** @param requestIds of the requests that brought its events: told where it failed, and at debug */
    deliveryAttempted(attempted: DeliveryAttempted, requestIds: () => string[] = () => []): void {
      const { destination, status, jobIds, verdict, code } = attempted;
      const areTold = verdict !== 'settled' || code !== undefined || logger.isLevelEnabled('debug');
      const line = {
        ...attempted,
        jobIds: jobIds.slice(0, MAX_IDS),
        requestIds: areTold ? requestIds().slice(0, MAX_IDS) : undefined,
      };
      logger.info(line, 'delivery.attempted');
      metrics.requestEvents.observe({ destination }, attempted.events);
      metrics.requestDuration.observe(
        { destination, status: statusClass(status) },
        attempted.durationMs / 1_000,
      );
      if (attempted.large > 0) metrics.largeUsage.inc({ destination }, attempted.large);
      metrics.limiterWait.observe({ destination }, attempted.waitedMs / 1_000);
    },

    deliverySettled(settled: DeliverySettled): void {
      const { destination } = settled;
      logger.debug(settled, 'delivery.settled');
      metrics.delivered.inc({ destination }, settled.delivered);
      metrics.duplicate.inc({ destination }, settled.duplicate);
    },

    usageLate(late: UsageLate): void {
      const { destination, jobId: _, ...fates } = late;
      logger.warn(late, 'usage.late');
      for (const [fate, count] of Object.entries(fates)) metrics.late.inc({ destination, fate }, count);
    },

    /** A line to look for only where an id was used twice, or something was deleted. */
    duplicatesCompared(compared: DuplicatesCompared): void {
      const { destination, same, olderRule, different, deletedThere, notCompared } = compared;
      const level = different + deletedThere > 0 ? 'warn' : 'debug';
      logger[level](compared, 'duplicates.compared');
      const found = {
        same,
        older_rule: olderRule,
        different,
        deleted_there: deletedThere,
        not_compared: notCompared,
      };
      for (const [what, count] of Object.entries(found)) {
        metrics.duplicatesCompared.inc({ destination, found: what }, count);
      }
    },

    settlementRefused(refused: SettlementRefused): void {
      const { destination, result } = refused;
      logger.warn(refused, 'settlement.refused');
      metrics.settlementsRefused.inc({ destination, result });
    },

    /** A wrong mapping makes dead letters of all that comes: a line for each would cost more than the rest. */
    eventsDeadLettered(letters: EventsDeadLettered): void {
      const { destination, rule, reason, count } = letters;
      logger.warn(letters, 'event.dead_lettered');
      metrics.dead.inc({ destination, rule, reason }, count);
    },
  };
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}
