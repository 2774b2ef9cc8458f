import { type Config, settingsToTell } from '@meterbridge/config';
import type { connectProducer, RunningConfig } from '@meterbridge/queue';
import {
  asStoreError,
  createForgetRequests,
  DeliveryWriter,
  keepFindings,
  StoreUnavailableError,
  type WriterOptions,
} from '@meterbridge/queue';
import { type DeletionCall, deletionIdOf } from '@meterbridge/segment-events';
import type { Logger, ReceiverEvents, Tracer } from '@meterbridge/telemetry';
import { ActivityReporter } from './activity/activity-reporter.js';
import { RoutingActivity } from './activity/routing-activity.js';
import { createIntake } from './http/app.js';
import type { ReadRawBody } from './http/read-raw-body.js';
import type { Intake, IntakeDeps } from './ports.js';
import type { RefusalGuard } from './refusal-guard.js';
import { routeEvents } from './route-events.js';
import { traceCommit } from './trace-requests.js';
import type { Turns } from './turns.js';
import { openWebhooks } from './webhooks/destination-webhooks.js';

/** All that one configuration is to the receiver. It is swapped whole, between two requests, and changes in nothing. */
export type InForce = RunningConfig & {
  config: Config;
  intake: Intake;
  /** Resolves once what began under it is answered and written, and what it saw is reported. */
  close(): Promise<void>;
};

/** What does not change with the configuration. */
export type Lasting = Pick<IntakeDeps, 'pressure' | 'now' | 'scrub'> &
  Pick<WriterOptions, 'budgetBytes'> & {
    redis: ReturnType<typeof connectProducer>;
    /** Whether Redis was looked at: nothing is promised before. */
    isChecked: () => boolean;
    events: ReceiverEvents;
    logger: Logger;
    readerFor: (limits: Config['receiver']) => ReadRawBody;
    turns: Turns;
    refusals: RefusalGuard;
    tracer: Tracer;
  };

/** Builds what takes events under a configuration, whose rules Redis keeps by then. */
export function openInForce(config: Config, lasting: Lasting): InForce {
  const { redis, now, pressure, budgetBytes, isChecked, events, logger, readerFor, turns, refusals, tracer } =
    lasting;
  const { shards, replicas } = config.redis;
  const writer = new DeliveryWriter({
    redis,
    now,
    destinations: config.destinations.map(({ name }) => name),
    rules: config.rules,
    shards,
    replicas,
    budgetBytes,
    receipts: config.receipts,
    onCommitted: events.deliveriesCommitted,
    onNotKept: events.refusalsNotKept,
  });
  const activity = new RoutingActivity();
  const reporter = new ActivityReporter({
    activity,
    redis,
    destinations: config.destinations,
    record: events,
    logger,
  });
  const deps: IntakeDeps = {
    sources: config.sources,
    commit: (received, rejected, notKept, by) => {
      if (!isChecked()) return Promise.reject(new StoreUnavailableError('Redis is not checked yet'));
      const routed = routeEvents(received, config.route);
      const count = activity.see(routed, now());
      const { request, span } = traceCommit(tracer, by, routed, [...rejected, ...notKept]);
      return writer.commit(routed, rejected, notKept, request).then(
        (jobIds) => {
          span?.end({ 'meterbridge.job.ids': jobIds });
          events.requestCommitted(by?.id, jobIds);
          count(now());
        },
        (error) => {
          span?.end({}, error.code ?? error.name);
          throw error;
        },
      );
    },
    requestForget: async (calls) => {
      if (!isChecked() || redis.status !== 'ready') throw new StoreUnavailableError('Redis is not there yet');
      for (const [source, each] of calls) {
        await createForgetRequests(redis, source, requestsOf(source, each, config.privacyKey!), replicas);
      }
    },
    findWebhooks: openWebhooks(config.destinations),
    keepReport: async (destination, report, faults) => {
      if (!isChecked() || redis.status !== 'ready') throw new StoreUnavailableError('Redis is not there yet');
      return keepFindings(redis, destination, faults, { replicas, report }).catch((error) =>
        Promise.reject(asStoreError(error)),
      );
    },
    pressure,
    now,
    limits: config.receiver,
    refusals: refusals.forKey(config.privacyKey),
    record: events,
    scrub: lasting.scrub,
    tracer,
  };
  const intake = createIntake(deps, readerFor(config.receiver), turns);

  return {
    config,
    hash: config.hash,
    rules: config.rules,
    settings: settingsToTell(config),
    intake,
    async close() {
      await intake.settled();
      await writer.close();
      await reporter.stop();
    },
  };
}

function requestsOf(source: string, calls: readonly DeletionCall[], privacyKey: string) {
  return calls.map((call) => ({
    id: deletionIdOf(source, call, privacyKey),
    ids: call.ids,
    refuseLater: call.refuseLater,
  }));
}
