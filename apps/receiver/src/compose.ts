import type { Config } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectProducer,
  createStoreClock,
  DeliveryWriter,
  keepRules,
  type StoreClock,
  StoreUnavailableError,
  type UnsafeRedisError,
  watchMemory,
} from '@meterbridge/queue';
import { createReceiverEvents, type Logger, type ReceiverMetrics } from '@meterbridge/telemetry';
import { ActivityReporter } from './activity/activity-reporter.js';
import { RoutingActivity } from './activity/routing-activity.js';
import { createReceiverApp } from './http/app.js';
import { startServer } from './http/server.js';
import { RedisCheck, type RedisCheckOptions } from './redis-check.js';
import { routeEvents } from './route-events.js';

export type Receiver = {
  port: number;
  /** Answers what is under way, writes what is open, leaves Redis. */
  stop(deadlineMs: number): Promise<void>;
};

/** What refused events have a share of where Redis has no `maxmemory`, or does not tell. */
const ASSUMED_MEMORY_BYTES = 1_000_000_000;

/**
 * Builds the receiver once and opens it. It listens before Redis is there and answers 503 until it is:
 * senders repeat a 503, but give up on a closed port sooner.
 * @param onUnsafe called once Redis is found to be one that can lose acknowledged events
 */
export async function composeReceiver(
  config: Config,
  logger: Logger,
  metrics: ReceiverMetrics,
  onUnsafe: (error: UnsafeRedisError) => void,
): Promise<Receiver> {
  const { url, shards, replicas, maxMemoryShare, refusedShare } = config.redis;
  let isDraining = false;
  const redis = connectProducer(url, (error) => logger.debug({ err: error }, 'redis.error'));
  const clock = createStoreClock(redis);
  const events = createReceiverEvents(
    logger,
    metrics,
    config.sources.map(({ name }) => name),
  );
  const check = new RedisCheck({
    redis,
    check: () => checkRedis(config, { redis, clock, logger }),
    onUnsafe,
    logger,
  });
  const memory = watchMemory(redis, maxMemoryShare);
  const writer = new DeliveryWriter({
    redis,
    now: clock.now,
    destinations: config.destinations.map(({ name }) => name),
    rules: config.rules,
    shards,
    replicas,
    budgetBytes: () => refusedShare * (memory.limitBytes() || ASSUMED_MEMORY_BYTES),
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
  const app = createReceiverApp({
    sources: config.sources,
    // Nothing is promised on the word of a Redis that was not looked at yet.
    commit: (received, rejected, notKept) => {
      if (!check.hasPassed) return Promise.reject(new StoreUnavailableError('Redis is not checked yet'));
      const routed = routeEvents(received, config.route);
      const count = activity.see(routed, clock.now());
      return writer.commit(routed, rejected, notKept).then(() => count(clock.now()));
    },
    pressure: memory.pressure,
    now: clock.now,
    limits: config.receiver,
    record: events,
    ready: () => {
      if (isDraining) return { ready: false, reason: 'draining' };
      return check.isReady ? { ready: true } : { ready: false, reason: 'Redis cannot be reached' };
    },
    metrics,
  });
  const server = await startServer(app, { host: config.receiverHost, port: config.ports.receiver });

  return {
    port: server.port,
    async stop(deadlineMs) {
      isDraining = true;
      await server.drain(deadlineMs);
      await writer.close();
      await reporter.stop();
      check.stop();
      memory.stop();
      clock.stop();
      redis.disconnect();
    },
  };
}

/** Looks at the server of now, and has it keep the rules before a job names them. */
async function checkRedis(
  { rules, redis: { allowDataLoss, replicas } }: Config,
  { redis, clock, logger }: Pick<RedisCheckOptions, 'redis' | 'logger'> & { clock: StoreClock },
): Promise<void> {
  await clock.synchronize();
  await assertDurableRedis(redis, allowDataLoss, ({ what, level: verdict, detail }) =>
    logger.warn({ what, verdict, detail }, 'redis.unsafe'),
  );
  for (const [name, version] of rules) await keepRules(redis, name, version, replicas);
}
