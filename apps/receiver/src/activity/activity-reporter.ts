import { hash, randomUUID } from 'node:crypto';
import type { Config } from '@meterbridge/config';
import { type connectProducer, recordRules, recordSource } from '@meterbridge/queue';
import type { Logger, ReceiverEvents } from '@meterbridge/telemetry';
import type { ActivityReport, RoutingActivity } from './routing-activity.js';

export type ActivityReporterOptions = {
  activity: RoutingActivity;
  redis: ReturnType<typeof connectProducer>;
  destinations: Config['destinations'];
  record: Pick<ReceiverEvents, 'eventsUntaken'>;
  logger: Logger;
};

/** What is lost at most when the process dies. */
const REPORT_EVERY_MS = 5_000;

/** One part of a report, a script each. */
type Part = () => Promise<void>;

/**
 * Reports what was seen to Redis, every few seconds and as one for all events. What Redis did not take is sent again
 * before anything else is reported; meanwhile `activity` goes on counting in bounded memory.
 */
export class ActivityReporter {
  private readonly options: ActivityReporterOptions;
  private readonly reporter = randomUUID();
  private readonly rules: string;
  private readonly timer: NodeJS.Timeout;
  private number = 0;
  private unsent: Part[] = [];
  private sending: Promise<void> | undefined;

  constructor(options: ActivityReporterOptions) {
    this.options = options;
    this.rules = nameRules(options.destinations);
    this.timer = setInterval(() => {
      if (options.redis.status === 'ready') void this.sendOnce();
    }, REPORT_EVERY_MS);
    this.timer.unref();
  }

  /** Reports what is left, as far as Redis takes it. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    // What is under way or was left over goes first.
    await this.sendOnce();
    if (this.unsent.length === 0) await this.sendOnce();
  }

  private sendOnce(): Promise<void> {
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
    return this.sending;
  }

  /** Never rejects. */
  private async send(): Promise<void> {
    const { activity, record, logger } = this.options;
    if (this.unsent.length === 0) {
      const report = activity.report();
      this.unsent = report ? this.partsOf(report) : [];
      for (const { source, untaken } of report?.sources ?? []) record.eventsUntaken(source, sum(untaken));
    }
    const results = await Promise.allSettled(this.unsent.map((part) => part()));
    this.unsent = this.unsent.filter((_, index) => results[index]!.status === 'rejected');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) logger.warn({ err: failed.reason }, 'activity.not_reported');
  }

  private partsOf({ rules: taken, sources }: ActivityReport): Part[] {
    const { redis } = this.options;
    this.number += 1;
    const { reporter, number, rules } = this;
    return [
      ...[...taken].map(
        ([destination, reports]) =>
          () =>
            recordRules(redis, destination, reports, { reporter, number }),
      ),
      ...sources.map((report) => () => recordSource(redis, report, { reporter, number, rules })),
    ];
  }
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
