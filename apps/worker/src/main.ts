import { setTimeout as sleep } from 'node:timers/promises';
import { configFile, describeProblems, loadConfig, secretsOf } from '@meterbridge/config';
import { UnsafeRedisError } from '@meterbridge/queue';
import { createBusinessEvents, createLogger, createWorkerMetrics } from '@meterbridge/telemetry';
import { composeWorker } from './compose.js';

/** A drain longer than this is cut: orchestrators commonly kill after 30 seconds. */
const DRAIN_DEADLINE_MS = 20_000;
/** How long opening takes where Redis answers. */
const OPEN_WITHIN_MS = 1_000;

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) {
  console.error(describeProblems(loaded.problems, file));
  process.exit(1);
}
const { config } = loaded;
const logger = createLogger({ name: 'worker', level: config.logLevel, secrets: secretsOf(config) });
const metrics = createWorkerMetrics();

const opening = composeWorker(config, logger, metrics, createBusinessEvents(logger, metrics));

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
  logger.info({ port }, 'worker.ready');
} catch (error) {
  logger.fatal(error instanceof UnsafeRedisError ? error.message : { err: error });
  process.exit(1);
}
