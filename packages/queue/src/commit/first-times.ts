import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { prepareWait } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/** Begins the keys, all of one slot. */
const FIRST_TIMES = 'meterbridge:{times}';

/** Clients that got no answer repeat a request within minutes to hours. */
const KEPT_SECONDS = 6 * 3_600;

const firstTimesScript = defineScript(SCRIPTS['commit/first-times']);

/**
 * The times under which events were first received, for those whose time depends on receipt: without it a
 * client's retry would be the same event at another time, which an API that tells events apart by id and
 * time (Lago on ClickHouse) bills twice. About 200 bytes an event, for six hours (measured).
 * @param replicas have to have them: a time that is lost in a failover would be another one for the event's repeat
 * @returns ISO times, in the order given
 * @throws as the client does, and as `prepareWait`
 */
export async function getOrSetFirstTimes(
  redis: Redis,
  events: { source: string; messageId: string; timestamp: string }[],
  replicas: number,
): Promise<string[]> {
  const keys = events.map(
    ({ source, messageId }) => `${FIRST_TIMES}:${hash('sha1', `${source}/${messageId}`, 'base64url')}`,
  );
  const times = events.map(({ timestamp }) => timestamp);
  const untilReplicated = await prepareWait(redis, FIRST_TIMES, replicas);
  const kept = await firstTimesScript.run<string[]>(
    redis,
    { events: keys },
    { keptSeconds: KEPT_SECONDS, times },
  );
  await untilReplicated();
  return kept;
}
