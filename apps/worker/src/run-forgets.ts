import type { Config } from '@meterbridge/config';
import { type ForgetRunner, openOperations, startForgetRunner } from '@meterbridge/operations';
import type { Logger, WorkerMetrics } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';

/** Forgets the people that calls ask for, beside what is live. No line of the log has an id of theirs. */
export function runForgets(
  config: () => Config,
  {
    redis,
    logger,
    metrics: { forgetTurns },
    scrub,
  }: {
    redis: Redis;
    logger: Logger;
    metrics: Pick<WorkerMetrics, 'forgetTurns'>;
    scrub: (text: string) => string;
  },
): ForgetRunner {
  return startForgetRunner({
    redis,
    open: (actor) => openOperations(config(), { actor, scrub }),
    onDone: ({ id, source, tries }, { letters, deliveries, run }) => {
      forgetTurns.inc({ result: 'done' });
      logger.info({ request: id, source, tries, run, letters, deliveries }, 'forget.done');
    },
    onDelayed: ({ id, source, tries }, why, waitMs) => {
      forgetTurns.inc({ result: why });
      logger.warn({ request: id, source, tries, why, waitMs }, 'forget.delayed');
    },
    onNewer: (id, format) => logger.warn({ request: id, format }, 'forget.newer'),
    onProblem: (err, request) =>
      logger.error({ err, request: request?.id, source: request?.source }, 'forget.problem'),
  });
}
