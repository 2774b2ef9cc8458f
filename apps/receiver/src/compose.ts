import type { Config } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectProducer,
  createStoreClock,
  describeRedisError,
  keepRules,
  placeOf,
  redisErrorWords,
  type StoreClock,
  startProcessBeat,
  tellFormats,
  type UnsafeRedisError,
  watchFormats,
  watchMemory,
} from '@meterbridge/queue';
import {
  createReceiverEvents,
  type HealthDeps,
  type Logger,
  NO_TRACER,
  type ReceiverMetrics,
  RedisOutages,
  type Tracer,
} from '@meterbridge/telemetry';
import { ConfigSwap } from './config-swap.js';
import { createReceiverApp } from './http/app.js';
import { createBodyReader } from './http/read-raw-body.js';
import { startServer } from './http/server.js';
import { openInForce } from './in-force.js';
import { RedisCheck, type RedisCheckOptions } from './redis-check.js';
import { RefusalGuard } from './refusal-guard.js';
import { Turns } from './turns.js';

export type Receiver = {
  port: number;
  /** Puts another configuration in force, for the requests that begin from then on. Waits for Redis to keep its rules. */
  apply(config: Config): Promise<void>;
  /** Answers what is under way, writes what is open, leaves Redis. */
  stop(deadlineMs: number): Promise<void>;
};

/** What refused events have a share of where Redis has no `maxmemory`, or does not tell. */
const ASSUMED_MEMORY_BYTES = 1_000_000_000;

/** What is of the process, and not of its configuration. */
export type ProcessDeps = {
  logger: Logger;
  metrics: ReceiverMetrics;
  /** Which version of the program it is. */
  version: string;
  /**
   * Told once Redis is found to be one that can lose acknowledged events, or one in which a newer version has changed
   * the form of what lies there.
   */
  onUnsafe: (error: UnsafeRedisError) => void;
  /** Takes the secrets of the configurations out of a text. */
  scrub?: (text: string) => string;
  /** Left out where tracing is off. */
  tracer?: Tracer;
};

/**
 * Builds the receiver once and opens it. It listens before Redis is there and answers 503 until it is:
 * senders repeat a 503, but give up on a closed port sooner.
 */
export async function composeReceiver(
  config: Config,
  { logger, metrics, version, onUnsafe, scrub, tracer = NO_TRACER }: ProcessDeps,
): Promise<Receiver> {
  const { url, maxMemoryShare, refusedShare, replicas } = config.redis;
  let isDraining = false;
  const { redis, outages } = openConnection(url, logger);
  const clock = createStoreClock(redis);
  const events = createReceiverEvents(logger, metrics, namesOf(config));
  const memory = watchMemory(redis, maxMemoryShare);
  const readerFor = shareReaders();
  const turns = new Turns();
  const refusals = new RefusalGuard(
    redis,
    () => {
      warnOfOtherKeys(refusals.countOfOtherKeys(), logger);
      return beat.again();
    },
    () => swap.current.config.privacyKey,
  );
  const beat = startProcessBeat(redis, { role: 'receiver', version }, clock.now, () => refusals.known());
  const swap = new ConfigSwap(config, {
    open: (each) =>
      openInForce(each, {
        redis,
        now: clock.now,
        pressure: memory.pressure,
        budgetBytes: () => refusedShare * (memory.limitBytes() || ASSUMED_MEMORY_BYTES),
        isChecked: () => check.hasPassed,
        events,
        logger,
        readerFor,
        turns,
        refusals,
        scrub,
        tracer,
      }),
    keep: ({ rules }) => keepAllRules(redis, rules, replicas),
    say: beat.say,
    onSwapped: ({ hash, sources }) => {
      metrics.showConfig(hash);
      events.sourcesKnown(namesOf({ sources }));
    },
    logger,
  });
  const check = new RedisCheck({
    redis,
    check: async () => {
      await checkRedis(config, { redis, clock, logger });
      await tellFormats(redis, replicas);
      for (const each of swap.configs()) await keepAllRules(redis, each.rules, replicas);
      // It is among those that live before it looks whom to refuse: who refuses somebody after that waits for it.
      await beat.say(swap.current).catch((err) => logger.warn({ err }, 'config.not_told'));
      await refusals.look();
    },
    onUnsafe,
    outages,
  });
  const formats = watchFormats(redis, onUnsafe);
  const app = createReceiverApp({
    intake: () => swap.current.intake,
    record: events,
    ready: () => (isDraining ? { ready: false, reason: 'draining' } : readinessOf(check, outages)),
    metrics,
    config: () => swap.current.hash,
  });
  const server = await startServer(app, { host: config.receiverHost, port: config.ports.receiver });

  return {
    port: server.port,
    apply: (next) => swap.apply(next),
    async stop(deadlineMs) {
      isDraining = true;
      await server.drain(deadlineMs);
      await swap.close();
      await beat.stop();
      for (const each of [check, formats, refusals, memory, clock]) each.stop();
      redis.disconnect();
      await tracer.close();
    },
  };
}

/** Whether Redis is there, safe, and takes what is written. */
function readinessOf(check: RedisCheck, outages: RedisOutages): ReturnType<HealthDeps['ready']> {
  if (outages.refusal !== null) return { ready: false, reason: outages.refusal };
  return check.isReady ? { ready: true } : { ready: false, reason: 'Redis cannot be reached' };
}

function namesOf({ sources }: Pick<Config, 'sources'>): string[] {
  return sources.map(({ name }) => name);
}

/** A connection whose troubles are told once each. */
function openConnection(url: string, logger: Logger) {
  const outages = new RedisOutages({ logger, server: placeOf(url) });
  const redis = connectProducer(
    url,
    (error) => {
      logger.debug({ err: error }, 'redis.error');
      outages.onError(redisErrorWords(error));
    },
    { onAnswer: (refusal) => outages.onAnswer(describeRedisError(refusal)) },
  );
  return { redis, outages };
}

/** What is kept of people under a key of before tells nobody whose events theirs are. */
function warnOfOtherKeys(tokens: number, logger: Logger): void {
  if (tokens > 0) logger.warn({ tokens }, 'refusals.of_another_key');
}

/** Configurations of the same limits share one reader, and so its bound on memory. */
function shareReaders(): (limits: Config['receiver']) => ReturnType<typeof createBodyReader> {
  let last:
    | { bodyBytes: number; inflatedBytes: number; read: ReturnType<typeof createBodyReader> }
    | undefined;
  return (limits) => {
    const { bodyBytes, inflatedBytes } = limits;
    if (last?.bodyBytes !== bodyBytes || last.inflatedBytes !== inflatedBytes) {
      last = { bodyBytes, inflatedBytes, read: createBodyReader(limits) };
    }
    return last.read;
  };
}

async function keepAllRules(
  redis: RedisCheckOptions['redis'],
  rules: Config['rules'],
  replicas: number,
): Promise<void> {
  for (const [name, version] of rules) await keepRules(redis, name, version, replicas);
}

/** Looks at the server of now. */
async function checkRedis(
  { redis: { allowDataLoss } }: Config,
  { redis, clock, logger }: Pick<RedisCheckOptions, 'redis'> & { clock: StoreClock; logger: Logger },
): Promise<void> {
  await clock.synchronize();
  await assertDurableRedis(redis, allowDataLoss, ({ what, level: verdict, detail }) =>
    logger.warn({ what, verdict, detail }, 'redis.unsafe'),
  );
}
