import { hostname } from 'node:os';
import type { Config } from '@meterbridge/config';
import { openOperations, type ReplayRunner, startReplayRunner } from '@meterbridge/operations';
import type { Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';

/** Runs the replays that people have begun, beside what is live. */
export function runReplays(
  config: Config,
  { redis, logger, scrub }: { redis: Redis; logger: Logger; scrub: (text: string) => string },
): ReplayRunner {
  return startReplayRunner({
    redis,
    destinations: config.destinations.map(({ name }) => name),
    open: () => openOperations(config, { actor: `worker@${hostname()}`, scrub }),
    onTaken: ({ id, by, what: { planned } }) => logger.info({ replay: id, by, planned }, 'replay.taken'),
    onEnded: ({ id }, end) => logger.info({ replay: id, end: end ?? 'done' }, 'replay.ended'),
    onWait: ({ id }, why) => logger.warn({ replay: id, why }, 'replay.waits'),
    onProblem: (err, replay) => logger.error({ err, replay: replay?.id }, 'replay.problem'),
  });
}
