import type { Config } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectProducer,
  createStoreClock,
  DeliveryWriter,
  keepRules,
  onServer,
  type RoutedEvent,
  StoreUnavailableError,
  UnsafeRedisError,
  watchMemory,
} from '@meterbridge/queue';
import type { Logger, Metrics } from '@meterbridge/telemetry';
import { createReceiverApp } from './app.js';
import type { ReceiverTelemetry } from './ports.js';
import { startServer } from './server.js';

export type Receiver = {
  port: number;
  /** Answers what is under way, writes what is open, leaves Redis. */
  stop(deadlineMs: number): Promise<void>;
};

/**
 * Builds the receiver once and opens it. It listens before Redis is there and answers 503 until it is:
 * senders repeat a 503, but give up on a closed port sooner.
 * @param onUnsafe called once Redis is found to be one that can lose acknowledged events
 */
export async function composeReceiver(
  config: Config,
  logger: Logger,
  metrics: Metrics,
  onUnsafe: (error: UnsafeRedisError) => void,
): Promise<Receiver> {
  let state: 'unchecked' | 'safe' | 'draining' = 'unchecked';
  const redis = connectProducer(config.redis.url, (error) => logger.debug({ err: error }, 'redis.error'));
  const look = () => {
    checkRedis().catch((error) => {
      if (error instanceof UnsafeRedisError) onUnsafe(error);
      else logger.warn({ err: error }, 'redis.check_failed');
    });
  };
  redis.on('ready', look);
  // A cluster's replicas are looked at with it, before they are masters; this is one that was added since.
  onServer(redis, look);
  // A look that met a slow moment is repeated; nothing is accepted before one has succeeded.
  const lookAgain = setInterval(() => {
    if (state === 'unchecked' && redis.status === 'ready') look();
  }, 1_000);
  lookAgain.unref();
  redis.on('close', () => {
    // What answers next may be another server: it is looked at before anything is promised on its word.
    if (state === 'safe') state = 'unchecked';
    logger.warn('redis.lost');
  });
  const clock = createStoreClock(redis);

  async function checkRedis(): Promise<void> {
    await clock.synchronize();
    await assertDurableRedis(redis, config.redis.allowDataLoss, ({ what, level: verdict, detail }) =>
      logger.warn({ what, verdict, detail }, 'redis.unsafe'),
    );
    // Before a job names them.
    for (const [name, version] of config.rules) await keepRules(redis, name, version, config.redis.replicas);
    if (state === 'unchecked') state = 'safe';
    logger.info('redis.ready');
  }

  const writer = new DeliveryWriter({
    redis,
    now: clock.now,
    destinations: config.destinations.map(({ name }) => name),
    rules: config.rules,
    shards: config.redis.shards,
    replicas: config.redis.replicas,
    onCommitted(destination, batches, filtered) {
      metrics.filtered.inc({ destination }, filtered);
      metrics.accepted.inc({ destination }, filtered);
      for (const deliveries of batches) {
        metrics.accepted.inc({ destination }, deliveries);
        metrics.committedBatch.observe({ destination }, deliveries);
      }
    },
  });
  const memory = watchMemory(redis, config.redis.maxMemoryShare);

  const app = createReceiverApp({
    sources: config.sources,
    commit: (received, rejected) => {
      // Nothing is promised on the word of a Redis that nobody has looked at yet.
      if (state === 'unchecked') return Promise.reject(new StoreUnavailableError('Redis is not checked yet'));
      return writer.commit(
        received.map(
          ({ source, event, timeFromReceipt }): RoutedEvent => ({
            source,
            event,
            timeFromReceipt,
            routes: config.route(event, source),
          }),
        ),
        rejected,
      );
    },
    pressure: memory.pressure,
    now: clock.now,
    limits: config.receiver,
    record: recordTo(logger, metrics),
    ready: async () => {
      if (state === 'draining') return { ready: false, reason: 'draining' };
      if (state === 'unchecked' || redis.status !== 'ready') {
        return { ready: false, reason: 'Redis cannot be reached' };
      }
      return { ready: true };
    },
    metrics: async () => {
      const { contentType, text } = await metrics.render();
      return { contentType, body: text };
    },
  });
  const server = await startServer(app, { host: config.receiverHost, port: config.ports.receiver });

  return {
    port: server.port,
    async stop(deadlineMs) {
      state = 'draining';
      await server.drain(deadlineMs);
      await writer.close();
      clearInterval(lookAgain);
      memory.stop();
      clock.stop();
      redis.disconnect();
    },
  };
}

/** Ids and counts only: no payload, no key. */
function recordTo(logger: Logger, metrics: Metrics): ReceiverTelemetry {
  return {
    eventsAccepted: (source, count) => metrics.received.inc({ source }, count),
    eventsIgnored: (source, count) => metrics.received.inc({ source }, count),
    eventsRejected(source, reason, count) {
      metrics.received.inc({ source }, count);
      metrics.rejected.inc({ source, reason }, count);
      logger.warn({ source, reason, count }, 'event.rejected');
    },
    requestAnswered(answered) {
      const { route, status, durationMs } = answered;
      metrics.httpRequests.inc({ route, status: String(status) });
      metrics.httpDuration.observe({ route }, durationMs / 1_000);
      logger.debug(answered, 'request.answered');
    },
    requestFailed: (route, error) => logger.error({ route, err: error }, 'request.failed'),
  };
}
