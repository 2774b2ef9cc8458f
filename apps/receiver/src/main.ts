import { configFile, describeProblems, loadConfig, secretsOf } from '@meterbridge/config';
import { createLogger, createReceiverMetrics } from '@meterbridge/telemetry';
import { composeReceiver } from './compose.js';

/** A drain longer than this is cut: orchestrators commonly kill after 30 seconds. */
const DRAIN_DEADLINE_MS = 20_000;

const file = configFile(process.env);
const loaded = loadConfig({ file, env: process.env });
if (!loaded.ok) {
  console.error(describeProblems(loaded.problems, file));
  process.exit(1);
}
const { config } = loaded;
const logger = createLogger({ name: 'receiver', level: config.logLevel, secrets: secretsOf(config) });

const receiver = await composeReceiver(config, logger, createReceiverMetrics(), (error) => {
  logger.fatal(error.message);
  process.exit(1);
});
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
logger.info({ port: receiver.port }, 'receiver.listening');
