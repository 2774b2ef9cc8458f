import { configFile, describeProblems, loadConfig, secretsOf } from '@meterbridge/config';
import { UnsafeRedisError } from '@meterbridge/queue';
import { createBusinessEvents, createLogger, createMetrics } from '@meterbridge/telemetry';
import { composeWorker, type DeliveryProcess } from './compose.js';

/** A drain longer than this is cut: orchestrators commonly kill after 30 seconds. */
const DRAIN_DEADLINE_MS = 20_000;

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) {
  console.error(describeProblems(loaded.problems, file));
  process.exit(1);
}
const { config } = loaded;
const logger = createLogger({ name: 'worker', level: config.logLevel, secrets: secretsOf(config) });
const metrics = createMetrics();

let worker: DeliveryProcess | undefined;

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    logger.info({ signal }, 'worker.draining');
    // Before Redis has been there, nothing is in hand.
    if (!worker) process.exit(0);
    // What is not settled by then stalls and is taken by another worker: late, but not lost.
    setTimeout(() => process.exit(1), DRAIN_DEADLINE_MS).unref();
    await worker.stop();
    process.exit(0);
  });
}

try {
  worker = await composeWorker(config, logger, metrics, createBusinessEvents(logger, metrics));
  logger.info({ port: worker.port }, 'worker.ready');
} catch (error) {
  logger.fatal(error instanceof UnsafeRedisError ? error.message : { err: error });
  process.exit(1);
}
