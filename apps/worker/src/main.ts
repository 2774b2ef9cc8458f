#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, configFile, createReloader, loadConfig, secretsOf } from '@meterbridge/config';
import { describeRedisError, UnsafeRedisError } from '@meterbridge/queue';
import {
  createBusinessEvents,
  createLearningScrubber,
  createLogger,
  createWorkerMetrics,
  endProgram,
  readBuild,
  tellReload,
} from '@meterbridge/telemetry';
import { openTracer } from '@meterbridge/telemetry/tracing';
import { composeWorker } from './compose.js';

/** A drain longer than this is cut: orchestrators commonly kill after 30 seconds. */
const DRAIN_DEADLINE_MS = 20_000;
/** How long opening takes where Redis answers. */
const OPEN_WITHIN_MS = 1_000;

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) end(new ConfigError(loaded.problems, file));
const { config } = loaded;
const { scrub, learn } = createLearningScrubber(secretsOf(config));
const logger = createLogger({ name: 'worker', level: config.logLevel, scrub });
const build = readBuild();
const metrics = createWorkerMetrics(build);
process.on('uncaughtException', end);

const events = createBusinessEvents(logger, metrics);
const tracing = openTracer(process.env, 'meterbridge-worker', { version: build.version, logger });
const opening = tracing.then((tracer) =>
  composeWorker(config, {
    logger,
    metrics,
    events,
    scrub,
    version: build.version,
    onNewerStore: end,
    tracer,
  }),
);
const reloader = createReloader({
  file,
  env: process.env,
  config,
  async apply(next) {
    learn(secretsOf(next));
    await (await opening).apply(next);
  },
  onOutcome: (told) => tellReload(logger, told),
});
process.on('SIGHUP', () => void reloader.reload());

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    logger.info({ signal }, 'worker.draining');
    // What is not settled by then stalls and is taken by another worker: late, but not lost.
    setTimeout(() => process.exit(1), DRAIN_DEADLINE_MS).unref();
    // As long as it waits for Redis, nothing is in hand.
    const worker = await Promise.race([opening, sleep(OPEN_WITHIN_MS, null)]);
    await worker?.stop();
    process.exit(0);
  });
}

try {
  const { port } = await opening;
  logger.info({ port, ...build }, 'worker.ready');
} catch (error) {
  end(error);
}

/** The one place where an error becomes what this process says before it ends. */
function end(error: unknown): never {
  return endProgram(error, {
    words: (each) =>
      each instanceof ConfigError || each instanceof UnsafeRedisError
        ? each.message
        : describeRedisError(each),
    onBug: (err) => logger.fatal({ err }),
  });
}
