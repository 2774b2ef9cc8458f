import type { Config } from '@meterbridge/config';
import { DEFAULT_RETRY_POLICY, type GateStore } from '@meterbridge/delivery';
import {
  changedIds,
  compileDestination,
  type Destination,
  type DestinationSettings,
  formerIds,
  type HttpClient,
} from '@meterbridge/destinations';
import {
  connectConsumer,
  createDestinationGate,
  keepMissingRules,
  keepNewerRecords,
  keepRules,
  type Mutex,
  type Replication,
  readAllRules,
  readCounters,
  readProcesses,
  readRules,
  type StoreClock,
  startDestinationWorker,
} from '@meterbridge/queue';
import { createHttpClient, Sender, type SubscriptionReader } from '@meterbridge/sender';
import {
  type BreakerState,
  type BusinessEvents,
  type Logger,
  nextId,
  type Tracer,
  type WorkerMetrics,
} from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { attemptDeliveries } from './attempt-deliveries.js';
import type { Lateness } from './lateness.js';
import { type ManualHold, watchManualHold } from './manual-hold.js';
import { watchMissingRules } from './missing-rules.js';
import { type Newer, watchNewerRecords } from './newer-records.js';
import { type OpenedAccount, tellHandHolds } from './open-account.js';
import { openComparison } from './open-comparison.js';
import { openLateness } from './open-lateness.js';
import { openSubscriptionReader } from './open-subscription-reader.js';
import { recordSettlement } from './record-settlement.js';
import { createRuleVersions, type RuleVersions } from './rule-versions.js';
import { tellEventsStore } from './tell-events-store.js';
import { traceAttempt, traceSettlement } from './trace-deliveries.js';

/** What all destinations of a process have in common. */
export type Shared = {
  config: Config;
  clock: StoreClock;
  inTurn: Mutex;
  /** Where `redis.replicas` asks for any. */
  replication: Replication | undefined;
  logger: Logger;
  metrics: WorkerMetrics;
  events: BusinessEvents;
  /** Takes the configuration's secrets out of what an API said. */
  scrub: (text: string) => string;
  tracer: Tracer;
};

export type OpenedDestination = {
  name: string;
  /** Of the gate; held as well where only reads are, and a rule needs them. */
  breaker(): BreakerState;
  /** Sends nothing more, settles what is on its way, puts the rest back. */
  stop(): Promise<void>;
};

/** Jobs of a destination in hand at once: enough for requests to fill up, even where each job holds a few events only. */
const JOBS_IN_HAND = 50;

/** Full requests to have at hand for each that is on its way: more is only held, and passed over by what is new. */
const REQUESTS_IN_HAND = 2;

/** Opens everything of one destination: its jobs, its rules, its connection to the API. Waits for Redis. */
export async function openDestination(
  settings: DestinationSettings,
  options: Shared & { account: OpenedAccount },
): Promise<OpenedDestination> {
  const { account, config, clock, logger, metrics, events, scrub, tracer } = options;
  const destination = compileDestination(settings);
  const { name } = destination;
  const { now } = clock;
  const log = logger.child({ destination: name });
  const redis = connectConsumer(config.redis.url, (error) => log.debug({ err: error }, 'redis.error'));
  const onNewer = tellNewer({ name, now, redis, log, metrics });
  const versions = await openRules(settings, { destination, config, clock, redis, log, onNewer });
  const gate = await createDestinationGate(name, account, redis, { now, onChange: tellHandHolds(log) });
  // Told from the first moment on, so that the first one is a rise.
  for (const result of ['stale', 'gone']) metrics.settlementsRefused.inc({ destination: name, result }, 0);
  for (const kind of ['job', 'rules']) metrics.newerRecords.inc({ destination: name, kind }, 0);
  const hold = watchManualHold(gate.current);
  const http = createHttpClient(destination.connection);
  void tellEventsStore(settings, { http, redis, log, metrics });
  const reading = { account, http, redis, now, log, scrub };
  const reader = openSubscriptionReader(destination, reading);
  const comparison = openComparison(settings.type, destination, { account, redis, events, log });
  const lateness = openLateness(destination, { account, now, metrics });
  const sender = openSender({ destination, http, account, gate, log, now, scrub, events, tracer });
  const worker = await startJobs({
    ...options,
    destination,
    redis,
    log,
    versions,
    onNewer,
    sender,
    reader,
    lateness: lateness?.lateness,
    comparison,
    hold,
  });

  return {
    name,
    breaker() {
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
      lateness?.close();
      await gate.close();
      http.close();
      redis.disconnect();
    },
  };
}

/** What of a destination is built before its jobs are taken. */
type Parts = {
  destination: Destination;
  redis: Redis;
  log: Logger;
};

/** Keeps a destination's rules in Redis, and opens those that jobs were sent under before. */
async function openRules(
  settings: DestinationSettings,
  parts: Parts & Pick<Shared, 'config' | 'clock'> & { onNewer: (newer: Newer) => void },
): Promise<RuleVersions> {
  const { destination, config, clock, redis, log, onNewer } = parts;
  const { name } = destination;
  const rules = config.rules.get(name)!;
  // Before a job can name it. Again on each new connection: a server that took over may not have it.
  const keep = () => keepRules(redis, name, rules);
  await keep();
  await warnOfChangedIds(settings, redis, log);
  redis.on('ready', () => keep().catch((err) => log.warn({ err }, 'rules.not_kept')));
  return createRuleVersions({
    destination,
    now: rules.version,
    names: new Set(settings.rules.map((rule) => rule.name)),
    read: (version) => readRules(redis, name, version),
    isInForce: async (version) =>
      (await readProcesses(redis, clock.now())).some((each) => each.rules[name] === version),
    onUnknown: (version) => log.error({ version }, 'rules.unknown'),
    onNewer: (format) => onNewer({ kind: 'rules', format }),
  });
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

/** Tells of what a newer version wrote, and a newer worker has to take. */
function tellNewer({
  name,
  now,
  redis,
  log,
  metrics,
}: { name: string; now: () => number } & Pick<Parts, 'redis' | 'log'> & Pick<Shared, 'metrics'>) {
  return watchNewerRecords({
    now,
    keep: (newer) => keepNewerRecords(redis, name, newer, now()),
    onMet: ({ kind }) => metrics.newerRecords.inc({ destination: name, kind }),
    onNews: (newer) => log.error(newer, 'record.newer'),
    onProblem: (err) => log.warn({ err }, 'record.not_told'),
  });
}

function openSender(
  options: Pick<Shared, 'events' | 'scrub' | 'tracer'> &
    Pick<Parts, 'destination' | 'log'> & {
      http: Pick<HttpClient, 'post'>;
      account: Pick<OpenedAccount, 'limiter'>;
      gate: GateStore;
      now: () => number;
    },
): Sender {
  const { destination, http, account, gate, log, now, scrub, events, tracer } = options;
  return new Sender({
    destination,
    post: http.post,
    limiter: account.limiter,
    gate,
    now,
    random: Math.random,
    scrub,
    nextAttemptId: nextId,
    onRequest({ requests, path, ...request }) {
      events.deliveryAttempted({ destination: destination.name, ...request }, () =>
        requests().map(({ id }) => id),
      );
      traceAttempt(tracer, destination, { ...request, path, requests });
    },
    onGateChange(change) {
      if (change === 'held') log.error(gate.current().hold ?? {}, 'destination.held');
      else log.warn({ change }, 'destination.gate');
    },
  });
}

/** Takes the jobs of a destination, attempts their deliveries and settles them. */
function startJobs(
  options: Shared &
    Parts & {
      versions: RuleVersions;
      onNewer: (newer: Newer) => void;
      sender: Sender;
      reader: SubscriptionReader | null;
      lateness: Lateness | undefined;
      comparison: ReturnType<typeof openComparison>;
      hold: ManualHold;
    },
) {
  const { destination, config, clock, inTurn, replication, events, redis, log, tracer } = options;
  const { versions, onNewer, sender, reader, lateness, comparison, hold } = options;
  const { name, limit, batchSize, storableBytes } = destination;
  const { now } = clock;
  const policy = { ...DEFAULT_RETRY_POLICY, ...config.retry };
  const seeMissing = watchMissingRules({
    now,
    keep: (rules) => keepMissingRules(redis, name, rules, now()),
    onMissing: (rule) => log.error({ rule }, 'rules.removed'),
    onProblem: (err) => log.warn({ err }, 'rules.not_kept'),
  });
  return startDestinationWorker({
    destination: name,
    shards: config.redis.shards,
    redis,
    concurrency: JOBS_IN_HAND,
    deliveries: REQUESTS_IN_HAND * limit.concurrency * batchSize,
    policy,
    attempt: async (deliveries, how, keep) => {
      const map = await versions.for(deliveries, how.rules);
      const lookups = reader ? { reader, keep } : undefined;
      const attempt = { map, sender, policy, now, storableBytes, lookups, lateness, hold };
      const names = deliveries.map(({ rule }) => rule);
      // Awaited here, the events would be held while they are sent.
      return attemptDeliveries(attempt, deliveries, how).then((outcomes) => {
        seeMissing(names, outcomes);
        return outcomes;
      });
    },
    review: comparison?.review,
    rules: config.rules.get(name)!.version,
    chooseRules: (named, rulesOf) => versions.choose(named, rulesOf),
    whenOpen: () => sender.whenOpen(),
    inTurn,
    replication,
    receipts: config.receipts,
    onSettled(settlement, written) {
      recordSettlement(events, name, written.jobId, settlement);
      traceSettlement(tracer, name, settlement, written);
    },
    onNewer: ({ format }) => onNewer({ kind: 'job', format }),
    onRefused: (refused) => events.settlementRefused({ destination: name, ...refused }),
    onProblem: (code, error) => log.error({ code, err: error }, 'worker.problem'),
  });
}
