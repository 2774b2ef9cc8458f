import { type Config, secretsOf } from '@meterbridge/config';
import { DEFAULT_RETRY_POLICY, type Settlement } from '@meterbridge/delivery';
import {
  changedIds,
  compileDestination,
  createHttpClient,
  createSender,
  type DestinationSettings,
  formerIds,
} from '@meterbridge/destinations';
import {
  assertDurableRedis,
  connectConsumer,
  createDestinationGate,
  createMutex,
  createStoreClock,
  findOrphanedDestinations,
  keepRules,
  type Mutex,
  onServer,
  openReplication,
  RECEIVER,
  type Replication,
  readAccount,
  readAllRules,
  readAudit,
  readCounters,
  readRules,
  type StoreClock,
  startDestinationWorker,
  startHourRetention,
} from '@meterbridge/queue';
import {
  type BreakerState,
  type BusinessEvents,
  createScrubber,
  type DestinationStatus,
  type Logger,
  type Metrics,
} from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { attemptDeliveries } from './attempt-deliveries.js';
import { cachedByCost } from './cached-by-cost.js';
import { groupByReason } from './group-by-reason.js';
import { watchManualHold } from './manual-hold.js';
import { type OpenedAccount, openAccount, tellHandHolds } from './open-account.js';
import { openComparison } from './open-comparison.js';
import { openSubscriptionReader } from './open-subscription-reader.js';
import { startOperations } from './operations.js';
import { createRuleVersions } from './rule-versions.js';
import { runReplays } from './run-replays.js';
import { tellEventsStore } from './tell-events-store.js';
import { type DifferenceWatch, keepWatching, watchDifference } from './watch-difference.js';

export type DeliveryProcess = {
  port: number;
  /** Sends nothing more, settles what is on its way, puts the rest back. */
  stop(): Promise<void>;
};

/** Jobs of a destination in hand at once: enough for requests to fill up, even where each job holds a few events only. */
const JOBS_IN_HAND = 50;

/** Full requests to have at hand for each that is on its way: more is only held, and passed over by what is new. */
const REQUESTS_IN_HAND = 2;

/**
 * Builds the worker once and opens it: a lane for each destination, none of which touches another.
 * Waits for Redis for as long as it takes; its operations routes answer meanwhile.
 */
export async function composeWorker(
  config: Config,
  logger: Logger,
  metrics: Metrics,
  events: BusinessEvents,
): Promise<DeliveryProcess> {
  const status = { ready: false, reason: 'waiting for Redis' };
  const redis = connectConsumer(config.redis.url, (error) => logger.debug({ err: error }, 'redis.error'));
  const operations = await startOperations(config.ports.worker, {
    ready: () => (redis.status === 'ready' ? status : { ready: false, reason: 'Redis cannot be reached' }),
    metrics,
  });
  const look = () =>
    assertDurableRedis(redis, config.redis.allowDataLoss, ({ what, level: verdict, detail }) =>
      logger.warn({ what, verdict, detail }, 'redis.unsafe'),
    );
  await look();
  // After a failover it is another server. What that one holds is delivered, but somebody has to know.
  const lookAgain = () => look().catch((err) => logger.error({ err }, 'redis.unsafe'));
  redis.on('ready', lookAgain);
  onServer(redis, lookAgain);
  const clock = createStoreClock(redis);
  await clock.synchronize();

  const names = config.destinations.map(({ name }) => name);
  for (const { destination, inFlight, dead } of await findOrphanedDestinations(redis, names)) {
    logger.error({ destination, inFlight, dead }, 'destination.not_configured');
  }
  const inTurn = createMutex();
  const { url, replicas } = config.redis;
  const replication = replicas > 0 ? openReplication(url, replicas) : undefined;
  const accounts = await Promise.all(
    [...new Set(config.billingAccounts.values())].map((name) =>
      openAccount(name, { config, now: clock.now, logger, metrics }),
    ),
  );
  // The logger does so by itself; what is kept with a gate or a replay is read as it is.
  const scrub = createScrubber(secretsOf(config));
  const shared = { config, clock, inTurn, replication, logger, metrics, events, scrub };
  const lanes = await Promise.all(
    config.destinations.map((settings) => {
      const account = config.billingAccounts.get(settings.name);
      return openLane(settings, accounts.find(({ name }) => name === account)!, shared);
    }),
  );
  const books = [
    ...lanes.map(({ name, breaker }) => openBooks(name, redis, logger, clock, breaker)),
    openBooks(RECEIVER, redis, logger, clock),
  ];
  metrics.watchDestinations(() => Promise.all(books.map(({ readStatus }) => readStatus())));
  const replays = runReplays(config, { redis, logger, scrub });
  const watching = keepWatching(books.map(({ watch }) => watch));
  const hours = startHourRetention(redis);
  Object.assign(status, { ready: true, reason: '' });

  return {
    port: operations.port,
    async stop() {
      Object.assign(status, { ready: false, reason: 'draining' });
      await Promise.all([...lanes.map((lane) => lane.stop()), replays.stop()]);
      await Promise.all(accounts.map((account) => account.close()));
      replication?.close();
      await operations.close();
      clock.stop();
      watching.stop();
      hours.stop();
      redis.disconnect();
    },
  };
}

/** What all lanes of a process have in common. */
type Shared = {
  config: Config;
  clock: StoreClock;
  inTurn: Mutex;
  /** Where `redis.replicas` asks for any. */
  replication: Replication | undefined;
  logger: Logger;
  metrics: Metrics;
  events: BusinessEvents;
  /** Takes the configuration's secrets out of what an API said. */
  scrub: (text: string) => string;
};

/** Everything of one destination: its jobs, its rules, its connection to the API. */
async function openLane(
  settings: DestinationSettings,
  account: OpenedAccount,
  { config, clock, inTurn, replication, logger, metrics, events, scrub }: Shared,
) {
  const destination = compileDestination(settings);
  const { name, limit } = destination;
  const log = logger.child({ destination: name });
  const redis = connectConsumer(config.redis.url, (error) => log.debug({ err: error }, 'redis.error'));
  const rules = config.rules.get(name)!;
  // Before a job can name it. Again on each new connection: a server that took over may not have it.
  const keep = () => keepRules(redis, name, rules);
  await keep();
  await warnOfChangedIds(settings, redis, log);
  redis.on('ready', () => keep().catch((err) => log.warn({ err }, 'rules.not_kept')));
  const versions = createRuleVersions(
    destination,
    rules.version,
    (version) => readRules(redis, name, version),
    (version) => log.error({ version }, 'rules.unknown'),
  );
  const gate = await createDestinationGate(name, account, redis, {
    now: clock.now,
    onChange: tellHandHolds(log),
  });
  // Told from the first moment on, so that the first one is a rise.
  for (const result of ['stale', 'gone']) metrics.settlementsRefused.inc({ destination: name, result }, 0);
  const hold = watchManualHold(gate.current);
  const http = createHttpClient(destination.connection);
  void tellEventsStore(settings, { http, redis, log, metrics });
  const reader = openSubscriptionReader(destination, {
    account,
    http,
    redis,
    now: clock.now,
    log,
    scrub,
  });
  const comparison = openComparison(settings.type, destination, { account, redis, events, log });
  const sender = createSender({
    destination,
    post: http.post,
    limiter: account.limiter,
    gate,
    now: clock.now,
    random: Math.random,
    scrub,
    onRequest: (request) => events.deliveryAttempted({ destination: name, ...request }),
    onGateChange(change) {
      if (change === 'held') log.error(gate.current().hold ?? {}, 'destination.held');
      else log.warn({ change }, 'destination.gate');
    },
  });
  const policy = { ...DEFAULT_RETRY_POLICY, ...config.retry };
  const worker = await startDestinationWorker({
    destination: name,
    shards: config.redis.shards,
    redis,
    concurrency: JOBS_IN_HAND,
    deliveries: REQUESTS_IN_HAND * limit.concurrency * destination.batchSize,
    policy,
    attempt: async (deliveries, how, keep) =>
      attemptDeliveries(
        {
          map: await versions.for(deliveries, how.rules),
          sender,
          policy,
          now: clock.now,
          storableBytes: destination.storableBytes,
          ...(reader ? { lookups: { reader, keep } } : {}),
          hold,
        },
        deliveries,
        how,
      ),
    ...(comparison ? { review: comparison.review } : {}),
    rules: rules.version,
    whenOpen: sender.whenOpen,
    inTurn,
    ...(replication ? { replication } : {}),
    onSettled: (settlement, jobId) => recordSettlement(events, name, jobId, settlement),
    onRefused: (refused) => events.settlementRefused({ destination: name, ...refused }),
    onProblem: (code, error) => log.error({ code, err: error }, 'worker.problem'),
  });

  return {
    name,
    breaker(): BreakerState {
      const { hold, handHold, breaker } = gate.current();
      const isHeld = hold || handHold || (reader && account.reads.gate.current().hold);
      return isHeld ? 'held' : breaker.state;
    },
    async stop() {
      sender.drain();
      hold.drain();
      reader?.drain();
      await worker.close();
      comparison?.close();
      await gate.close();
      http.close();
      redis.disconnect();
    },
  };
}

/** Says so where rules make other ids than those under which they have delivered. */
async function warnOfChangedIds(settings: DestinationSettings, redis: Redis, log: Logger): Promise<void> {
  const { delivered, duplicate } = await readCounters(settings.name, redis);
  if (delivered + duplicate === 0) return;
  const versions = await readAllRules(redis, settings.name);
  const rules = changedIds(settings, formerIds(settings.type, versions.values()));
  const detail = 'what was delivered under the former ids and is sent again is a double bill';
  if (rules.length > 0) log.warn({ rules, detail }, 'rules.id_changed');
}

/**
 * What metrics tell of a destination at each scrape, and the watch over whether it adds up. That, and which of all
 * jobs is the oldest, is counted from the jobs, once for both, and so seldom enough to cost Redis little.
 */
function openBooks(
  destination: string,
  redis: Redis,
  log: Logger,
  clock: StoreClock,
  breaker?: () => BreakerState,
): { readStatus: () => Promise<DestinationStatus>; watch: DifferenceWatch } {
  const count = cachedByCost(async () => {
    const at = performance.now();
    return { at, ...(await readAccount(destination, redis)) };
  });
  const watch = watchDifference({ destination, count, audit: () => readAudit(destination, redis), log });
  const readStatus = async () => {
    const [counted, { inFlight, dead, discarded, oldestJobAt }] = await Promise.all([
      count(),
      readCounters(destination, redis),
    ]);
    const now = clock.now();
    const oldestAt = inFlight === 0 ? now : Math.min(now, oldestJobAt ?? now, counted?.oldestJobAt ?? now);
    return {
      destination,
      inFlight,
      oldestEventAgeMs: now - oldestAt,
      dead,
      discarded,
      differences: watch.lines(),
      ...(counted ? { difference: counted.difference } : {}),
      ...(breaker ? { breaker: breaker() } : {}),
    };
  };
  return { readStatus, watch };
}

function recordSettlement(
  events: BusinessEvents,
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
