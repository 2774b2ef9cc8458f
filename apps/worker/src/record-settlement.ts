import type { Settlement } from '@meterbridge/delivery';
import type { BusinessEvents } from '@meterbridge/telemetry';
import { groupByReason } from './group-by-reason.js';

/** Tells logs and metrics of a settlement: one line for all of it, and one for each reason that events died of. */
export function recordSettlement(
  events: Pick<BusinessEvents, 'deliverySettled' | 'eventsDeadLettered'>,
  destination: string,
  jobId: string,
  settlement: Settlement,
): void {
  const { delivered, duplicate, dead, remainder, delayMs } = settlement;
  events.deliverySettled({
    destination,
    jobId,
    delivered,
    duplicate,
    dead: dead.length,
    remaining: remainder.length,
    delayMs,
  });
  for (const letters of groupByReason(dead)) events.eventsDeadLettered({ destination, ...letters });
}
