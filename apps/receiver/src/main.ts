#!/usr/bin/env node
import { ConfigError, configFile, createReloader, loadConfig, secretsOf } from '@meterbridge/config';
import { describeRedisError, UnsafeRedisError } from '@meterbridge/queue';
import {
  createLearningScrubber,
  createLogger,
  createReceiverMetrics,
  endProgram,
  readBuild,
  tellReload,
} from '@meterbridge/telemetry';
import { openTracer } from '@meterbridge/telemetry/tracing';
import { composeReceiver } from './compose.js';

/** A drain longer than this is cut: orchestrators commonly kill after 30 seconds. */
const DRAIN_DEADLINE_MS = 20_000;

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) end(new ConfigError(loaded.problems, file));
const { config } = loaded;
const { scrub, learn } = createLearningScrubber(secretsOf(config));
const logger = createLogger({ name: 'receiver', level: config.logLevel, scrub });
process.on('uncaughtException', end);

const build = readBuild();
const tracing = openTracer(process.env, 'meterbridge-receiver', { version: build.version, logger });
const opening = tracing.then((tracer) =>
  composeReceiver(config, {
    logger,
    metrics: createReceiverMetrics(build),
    version: build.version,
    onUnsafe: end,
    scrub,
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
// Before it listens: an early signal would else end the process.
process.on('SIGHUP', () => void reloader.reload());

const receiver = await opening.catch(end);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logger.info({ signal }, 'receiver.draining');
    receiver.stop(DRAIN_DEADLINE_MS).then(
      () => process.exit(0),
      (error) => {
        logger.error({ err: error }, 'receiver.drain_failed');
        process.exit(1);
      },
    );
  });
}

// A reader of this line may send a signal at once.
logger.info({ port: receiver.port, ...build }, 'receiver.listening');

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
