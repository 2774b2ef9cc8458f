#!/usr/bin/env node
import { ConfigError, configFile, loadConfig, secretsOf } from '@meterbridge/config';
import { describeRedisError, UnsafeRedisError } from '@meterbridge/queue';
import { ForeignStoreError } from '@meterbridge/receipts';
import {
  createArchivistMetrics,
  createLogger,
  createScrubber,
  endProgram,
  readBuild,
} from '@meterbridge/telemetry';
import { composeArchivist } from './compose.js';

/** A stop that takes longer is cut: what is not kept by then waits in Redis. */
const STOP_DEADLINE_MS = 20_000;

/** There is nothing to do for it. */
class NoReceiptsError extends Error {
  constructor() {
    super(
      'No receipts are kept: say `receipts: { directory: … }` in the configuration, or set RECEIPTS_DIRECTORY.',
    );
  }
}

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) end(new ConfigError(loaded.problems, file));
const { config } = loaded;
const { receipts } = config;
if (!receipts) end(new NoReceiptsError());
const logger = createLogger({
  name: 'archivist',
  level: config.logLevel,
  scrub: createScrubber(secretsOf(config)),
});
const build = readBuild();
const metrics = createArchivistMetrics(build);
process.on('uncaughtException', end);
// What it runs by is read at its start; `kill -HUP` of a whole fleet is not its end.
process.on('SIGHUP', () => logger.info('config.needs_restart'));

const opening = composeArchivist(
  { ...config, receipts },
  { logger, metrics, version: build.version, onRefused: end },
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    logger.info({ signal }, 'archivist.leaving');
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    await (await opening).stop();
    process.exit(0);
  });
}

try {
  const { port } = await opening;
  logger.info({ port, ...build }, 'archivist.ready');
} catch (error) {
  end(error);
}

/** The one place where an error becomes what this process says before it ends. */
function end(error: unknown): never {
  return endProgram(error, {
    words: (each) =>
      each instanceof ConfigError ||
      each instanceof UnsafeRedisError ||
      each instanceof ForeignStoreError ||
      each instanceof NoReceiptsError
        ? each.message
        : describeRedisError(each),
    onBug: (err) => logger.fatal({ err }),
  });
}
