import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, settingsToTell } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectConsumer,
  createStoreClock,
  describeRedisError,
  findOrphanedDestinations,
  onServer,
  placeOf,
  RECEIVER,
  readOpenForgetRequests,
  redisErrorWords,
  redisTroubleOf,
  startHourRetention,
  startProcessBeat,
  tellFormats,
  type UnsafeRedisError,
  watchFormats,
  writeRefusal,
} from '@meterbridge/queue';
import {
  type BreakerState,
  type BusinessEvents,
  type Logger,
  NO_TRACER,
  RedisOutages,
  type Tracer,
  type WorkerMetrics,
} from '@meterbridge/telemetry';
import { startOperations } from '@meterbridge/telemetry/operations-server';
import type { Redis } from 'ioredis';
import { Delivery } from './delivery.js';
import { readActivityStatus } from './read-activity-status.js';
import { runForgets } from './run-forgets.js';
import { runReplays } from './run-replays.js';
import { openStatusReader, type StatusReader } from './status-reader.js';
import { keepWatching } from './watch-difference.js';

export type DeliveryProcess = {
  port: number;
  /** Serves what another configuration says: what is in hand is settled or put back, and none of it is lost. */
  apply(config: Config): Promise<void>;
  /** Sends nothing more, settles what is on its way, puts the rest back. */
  stop(): Promise<void>;
};

/** How often a Redis is asked that cannot write. */
const WRITTEN_AGAIN_MS = 1_000;

/** What the process does; other than `ready`, it is the reason that an orchestrator is given for not being ready. */
type State = 'waiting for Redis' | 'ready' | 'draining';

/** What is of the process, and not of its configuration. */
export type ProcessDeps = {
  logger: Logger;
  metrics: WorkerMetrics;
  events: BusinessEvents;
  /** Takes secrets out of what is kept of an API's words. */
  scrub: (text: string) => string;
  /** Which version of the program it is. */
  version: string;
  /** Told once nothing may be written any more: a newer version has changed the form of what lies in Redis. */
  onNewerStore: (error: UnsafeRedisError) => void;
  /** Left out where tracing is off. */
  tracer?: Tracer;
};

/**
 * Builds the worker once and opens it: its destinations, none of which touches another, and what watches over them.
 * Waits for Redis for as long as it takes; its operations routes answer meanwhile.
 */
export async function composeWorker(
  config: Config,
  { logger, metrics, events, scrub, version, onNewerStore, tracer = NO_TRACER }: ProcessDeps,
): Promise<DeliveryProcess> {
  let inForce = config;
  let state: State = 'waiting for Redis';
  const { redis, outages } = openConnection(config.redis.url, logger, () => state === 'draining');
  const operations = await startOperations(config.ports.worker, {
    ready: () => readinessOf(state, redis, outages.refusal),
    metrics,
    config: () => inForce.hash,
  });
  metrics.showConfig(config.hash);
  await inspectRedis(redis, config, logger);
  await untilWritten(redis, outages);
  await tellFormats(redis);
  const formats = watchFormats(redis, onNewerStore);
  const clock = createStoreClock(redis);
  await clock.synchronize();
  await tellOrphanedDestinations(redis, config, logger);
  const readers = new Map<string, StatusReader>();
  const openReader = (destination: string, breaker?: () => BreakerState) => {
    if (readers.has(destination)) return;
    readers.set(destination, openStatusReader({ destination, redis, log: logger, now: clock.now, breaker }));
  };
  openReader(RECEIVER);
  const delivery = new Delivery(config, {
    redis,
    clock,
    logger,
    metrics,
    events,
    scrub,
    tracer,
    onServed: openReader,
    onLeft: (name) => readers.delete(name),
  });
  const beat = startProcessBeat(redis, { role: 'worker', version }, clock.now);
  await delivery.apply(config);
  await beat.say({ ...config, settings: settingsToTell(config) });
  metrics.watchDestinations(() => Promise.all([...readers.values()].map(({ readStatus }) => readStatus())));
  metrics.watchForgetRequests(async () => [await readOpenForgetRequests(redis)]);
  metrics.watchActivity(async () => [await readActivityStatus(inForce, redis, clock.now())]);
  const replays = runReplays(() => inForce, { redis, logger, scrub });
  const forgets = runForgets(() => inForce, { redis, logger, metrics, scrub });
  const watching = keepWatching(() => [...readers.values()].map(({ watch }) => watch));
  const hours = startHourRetention(redis);
  state = 'ready';

  return {
    port: operations.port,
    async apply(next) {
      await delivery.apply(next);
      inForce = next;
      metrics.showConfig(next.hash);
      const running = { ...next, settings: settingsToTell(next) };
      await beat.say(running).catch((err) => logger.warn({ err }, 'config.not_told'));
    },
    async stop() {
      state = 'draining';
      await Promise.all([delivery.stop(), replays.stop(), forgets.stop()]);
      await beat.stop();
      await operations.close();
      clock.stop();
      formats.stop();
      watching.stop();
      hours.stop();
      redis.disconnect();
      await tracer.close();
    },
  };
}

/** @param isLeaving whether the connection is closed on purpose */
function openConnection(
  url: string,
  logger: Logger,
  isLeaving: () => boolean,
): { redis: Redis; outages: RedisOutages } {
  const outages = new RedisOutages({ logger, server: placeOf(url) });
  const onError = (error: Error) => {
    logger.debug({ err: error }, 'redis.error');
    outages.onError(redisErrorWords(error));
  };
  const redis = connectConsumer(url, onError, {
    onAnswer: (refusal) => outages.onAnswer(describeRedisError(refusal)),
  });
  redis.on('close', () => {
    if (!isLeaving()) outages.onLost();
  });
  redis.on('ready', () => outages.onReady());
  return { redis, outages };
}

function readinessOf(
  state: State,
  redis: Pick<Redis, 'status'>,
  refusal: string | null,
): { ready: boolean; reason: string } {
  if (redis.status !== 'ready') return { ready: false, reason: 'Redis cannot be reached' };
  if (refusal !== null) return { ready: false, reason: refusal };
  return state === 'ready' ? { ready: true, reason: '' } : { ready: false, reason: state };
}

/** Refuses a Redis that can lose data; one that a failover leads to later is only told of. */
async function inspectRedis(redis: Redis, config: Config, logger: Logger): Promise<void> {
  const inspect = () =>
    assertDurableRedis(redis, config.redis.allowDataLoss, ({ what, level: verdict, detail }) =>
      logger.warn({ what, verdict, detail }, 'redis.unsafe'),
    );
  await inspect();
  // What the other server holds is delivered all the same.
  const inspectAgain = () => inspect().catch((err) => logger.error({ err }, 'redis.unsafe'));
  redis.on('ready', inspectAgain);
  onServer(redis, inspectAgain);
}

/** Waits while Redis cannot write: what a worker says at its start would be refused. */
async function untilWritten(redis: Redis, outages: RedisOutages): Promise<void> {
  for (;;) {
    const refusal = await writeRefusal(redis);
    if (redisTroubleOf(refusal) !== 'cannot_write') return;
    outages.onAnswer(describeRedisError(refusal));
    await sleep(WRITTEN_AGAIN_MS);
  }
}

async function tellOrphanedDestinations(redis: Redis, config: Config, logger: Logger): Promise<void> {
  const names = config.destinations.map(({ name }) => name);
  for (const { destination, inFlight, dead } of await findOrphanedDestinations(redis, names)) {
    logger.error({ destination, inFlight, dead }, 'destination.not_configured');
  }
}
