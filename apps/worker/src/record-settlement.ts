import type { LateFate, LateUsage, Settlement } from '@meterbridge/delivery';
import type { BusinessEvents } from '@meterbridge/telemetry';
import { groupByReason } from './group-by-reason.js';

/** Tells logs and metrics of a settlement: one line for all of it, and one for each reason that events died of. */
export function recordSettlement(
  events: Pick<BusinessEvents, 'deliverySettled' | 'eventsDeadLettered' | 'usageLate'>,
  destination: string,
  jobId: string,
  settlement: Settlement,
): void {
  const { delivered, duplicate, lateUsage, dead, remainder, delayMs } = settlement;
  events.deliverySettled({
    destination,
    jobId,
    delivered,
    duplicate,
    dead: dead.length,
    remaining: remainder.length,
    delayMs,
  });
  if (lateUsage.length > 0) events.usageLate({ destination, jobId, ...countFates(lateUsage) });
  for (const letters of groupByReason(dead)) events.eventsDeadLettered({ destination, ...letters });
}

function countFates(usage: readonly LateUsage[]): Record<LateFate, number> {
  const counts = { late_for_its_period: 0, after_its_end: 0, before_its_start: 0 };
  for (const { fate } of usage) counts[fate] += 1;
  return counts;
}
