import { type Config, secretsOf } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectConsumer,
  createMutex,
  createStoreClock,
  findOrphanedDestinations,
  onServer,
  openReplication,
  RECEIVER,
  type StoreClock,
  startHourRetention,
} from '@meterbridge/queue';
import { type BusinessEvents, createScrubber, type Logger, type WorkerMetrics } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { openAccount } from './open-account.js';
import { openDestination } from './open-destination.js';
import { startOperations } from './operations.js';
import { readActivityStatus } from './read-activity-status.js';
import { runReplays } from './run-replays.js';
import { openStatusReader } from './status-reader.js';
import { keepWatching } from './watch-difference.js';

export type DeliveryProcess = {
  port: number;
  /** Sends nothing more, settles what is on its way, puts the rest back. */
  stop(): Promise<void>;
};

/** What the process does; other than `ready`, it is the reason that an orchestrator is given for not being ready. */
type State = 'waiting for Redis' | 'ready' | 'draining';

/**
 * Builds the worker once and opens it: its destinations, none of which touches another, and what watches over them.
 * Waits for Redis for as long as it takes; its operations routes answer meanwhile.
 */
export async function composeWorker(
  config: Config,
  logger: Logger,
  metrics: WorkerMetrics,
  events: BusinessEvents,
): Promise<DeliveryProcess> {
  let state: State = 'waiting for Redis';
  const redis = connectConsumer(config.redis.url, (error) => logger.debug({ err: error }, 'redis.error'));
  const operations = await startOperations(config.ports.worker, {
    ready: () => readinessOf(state, redis),
    metrics,
  });
  await inspectRedis(redis, config, logger);
  const clock = createStoreClock(redis);
  await clock.synchronize();
  await tellOrphanedDestinations(redis, config, logger);
  // The logger does so by itself; what is kept with a gate or a replay is read as it is.
  const scrub = createScrubber(secretsOf(config));
  const delivery = await openDelivery({ config, clock, logger, metrics, events, scrub });
  const readers = [
    ...delivery.destinations.map(({ name: destination, breaker }) =>
      openStatusReader({ destination, redis, log: logger, now: clock.now, breaker }),
    ),
    openStatusReader({ destination: RECEIVER, redis, log: logger, now: clock.now }),
  ];
  metrics.watchDestinations(() => Promise.all(readers.map(({ readStatus }) => readStatus())));
  metrics.watchActivity(async () => [await readActivityStatus(config, redis, clock.now())]);
  const replays = runReplays(config, { redis, logger, scrub });
  const watching = keepWatching(readers.map(({ watch }) => watch));
  const hours = startHourRetention(redis);
  state = 'ready';

  return {
    port: operations.port,
    async stop() {
      state = 'draining';
      await Promise.all([...delivery.destinations.map((each) => each.stop()), replays.stop()]);
      await delivery.close();
      await operations.close();
      clock.stop();
      watching.stop();
      hours.stop();
      redis.disconnect();
    },
  };
}

function readinessOf(state: State, redis: Pick<Redis, 'status'>): { ready: boolean; reason: string } {
  if (redis.status !== 'ready') return { ready: false, reason: 'Redis cannot be reached' };
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

async function tellOrphanedDestinations(redis: Redis, config: Config, logger: Logger): Promise<void> {
  const names = config.destinations.map(({ name }) => name);
  for (const { destination, inFlight, dead } of await findOrphanedDestinations(redis, names)) {
    logger.error({ destination, inFlight, dead }, 'destination.not_configured');
  }
}

/** Opens all billing accounts, and then the destinations, each with its own. */
async function openDelivery(deps: {
  config: Config;
  clock: StoreClock;
  logger: Logger;
  metrics: WorkerMetrics;
  events: BusinessEvents;
  scrub: (text: string) => string;
}) {
  const { config, clock, logger, metrics } = deps;
  const { url, replicas } = config.redis;
  const replication = replicas > 0 ? openReplication(url, replicas) : undefined;
  const inTurn = createMutex();
  const accounts = await Promise.all(
    [...new Set(config.billingAccounts.values())].map((name) =>
      openAccount(name, { config, now: clock.now, logger, metrics }),
    ),
  );
  const destinations = await Promise.all(
    config.destinations.map((settings) => {
      const name = config.billingAccounts.get(settings.name);
      const account = accounts.find((each) => each.name === name)!;
      return openDestination(settings, { ...deps, account, inTurn, replication });
    }),
  );
  return {
    destinations,
    /** Once the destinations are stopped. */
    async close(): Promise<void> {
      await Promise.all(accounts.map((account) => account.close()));
      replication?.close();
    },
  };
}
