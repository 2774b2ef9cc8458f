import { describeProblems, loadConfig, secretsOf } from '@meterbridge/config';
import {
  createBusinessEvents,
  createLogger,
  createReceiverMetrics,
  createScrubber,
  createWorkerMetrics,
} from '@meterbridge/telemetry';
import { sendAll, type Track } from './retrying-client.js';

type Running = {
  env: NodeJS.ProcessEnv;
  configFile: string;
  /** Given each line of their logs. */
  print: (line: string) => void;
  /** Resolves once all is settled. */
  settled: () => Promise<unknown>;
};

const DRAIN_WITHIN_MS = 20_000;

/** Opens receiver and worker in this process, sends them the events, and closes both once these are settled. */
export async function settleInProcess(
  tracks: readonly Track[],
  { env, configFile: file, print, settled }: Running,
): Promise<void> {
  // Loaded by whichever suite needs them, and not by all that start processes.
  const [{ composeReceiver }, { composeWorker }] = await Promise.all([
    import('../../receiver/src/compose.js'),
    import('../../worker/src/compose.js'),
  ]);
  const loaded = loadConfig({ file, env });
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems, file));
  const { config } = loaded;
  const log = (name: string) =>
    createLogger({ name, level: 'debug', secrets: secretsOf(config), destination: { write: print } });
  const [logger, metrics] = [log('worker'), createWorkerMetrics()];
  const worker = await composeWorker(config, {
    logger,
    metrics,
    events: createBusinessEvents(logger, metrics),
    scrub: createScrubber(secretsOf(config)),
    version: 'test',
    onNewerStore: fail,
  });
  const receiver = await composeReceiver(config, {
    logger: log('receiver'),
    metrics: createReceiverMetrics(),
    version: 'test',
    onUnsafe: fail,
  });
  await sendAll(`http://127.0.0.1:${receiver.port}`, tracks, 500);
  await settled();
  await Promise.all([receiver.stop(DRAIN_WITHIN_MS), worker.stop()]);
}

function fail(error: Error): never {
  throw error;
}
