import { hash, randomUUID } from 'node:crypto';
import type { Config } from '@meterbridge/config';
import { type connectProducer, recordRules, recordSource } from '@meterbridge/queue';
import type { Logger, ReceiverEvents } from '@meterbridge/telemetry';
import type { ActivityReport, RoutingActivity } from './routing-activity.js';

export type ActivityReports = {
  /** Reports what is left, as far as Redis takes it. */
  stop(): Promise<void>;
};

/** What is lost at most when the process dies. */
const REPORT_EVERY_MS = 5_000;

/** One part of a report, a script each. */
type Part = () => Promise<void>;

/**
 * Reports what was seen to Redis, every few seconds and as one for all events. What Redis did not take is sent again
 * before anything else is reported; meanwhile `activity` goes on counting in bounded memory.
 */
export function startActivityReports(options: {
  activity: RoutingActivity;
  redis: ReturnType<typeof connectProducer>;
  destinations: Config['destinations'];
  record: Pick<ReceiverEvents, 'eventsUntaken'>;
  logger: Logger;
  everyMs?: number;
}): ActivityReports {
  const { activity, redis, destinations, record, logger, everyMs = REPORT_EVERY_MS } = options;
  const reporter = randomUUID();
  const rules = nameRules(destinations);
  let number = 0;
  let unsent: Part[] = [];
  let sending: Promise<void> | undefined;

  const partsOf = ({ rules: taken, sources }: ActivityReport): Part[] => {
    const id = { reporter, number: ++number };
    return [
      ...[...taken].map(
        ([destination, reports]) =>
          () =>
            recordRules(redis, destination, reports, id),
      ),
      ...sources.map((report) => () => recordSource(redis, report, { ...id, rules })),
    ];
  };

  async function send(): Promise<void> {
    if (unsent.length === 0) {
      const report = activity.report();
      unsent = report ? partsOf(report) : [];
      for (const { source, untaken } of report?.sources ?? []) record.eventsUntaken(source, sum(untaken));
    }
    const results = await Promise.allSettled(unsent.map((part) => part()));
    unsent = unsent.filter((_, index) => results[index]!.status === 'rejected');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) logger.warn({ err: failed.reason }, 'activity.not_reported');
  }

  function sendOnce(): Promise<void> {
    sending ??= send().finally(() => {
      sending = undefined;
    });
    return sending;
  }

  const timer = setInterval(() => {
    if (redis.status === 'ready') void sendOnce();
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      // What is under way or was left over goes first.
      await sendOnce();
      if (unsent.length === 0) await sendOnce();
    },
  };
}

/** One name for all that decides which rule takes an event. */
function nameRules(destinations: Config['destinations']): string {
  const routing = destinations.map(({ name, rules }) => [
    name,
    rules.map((rule) => [rule.name, rule.sources, rule.when]),
  ]);
  return hash('sha1', JSON.stringify(routing), 'base64url');
}

function sum(names: readonly { events: number }[]): number {
  return names.reduce((all, { events }) => all + events, 0);
}
