import type { Redis } from 'ioredis';
import { redisTroubleOf } from './describe-error.js';

/**
 * Lets a user go on that may not ask INFO. The client asks whether Redis still loads, and BullMQ for the version: that,
 * HELLO tells, which no access list forbids. Everything else of INFO is left out.
 * @returns the client that it was given
 */
export function answerWithoutInfo(redis: Redis): Redis {
  const ask = redis.info.bind(redis) as (...sections: unknown[]) => Promise<string>;
  const answer = async (sections: unknown[], otherwise: () => Promise<string>) => {
    try {
      return await ask(...sections);
    } catch (error) {
      if (redisTroubleOf(error) !== 'permission') throw error;
      return otherwise();
    }
  };
  const info = (...given: unknown[]) => {
    const callback = given.at(-1);
    if (typeof callback !== 'function') return answer(given, () => askVersion(redis));
    // As the client asks before it is ready, when nothing else may be asked.
    const answered = answer(given.slice(0, -1), async () => '');
    answered.then(
      (text) => callback(null, text),
      (error) => callback(error),
    );
    return answered;
  };
  redis.info = info as Redis['info'];
  // Libraries make themselves more connections so.
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (...given) => answerWithoutInfo(duplicate(...given));
  return redis;
}

async function askVersion(redis: Redis): Promise<string> {
  const told = await redis.call('HELLO');
  const pairs = Array.isArray(told)
    ? told
    : told instanceof Map
      ? [...told].flat()
      : Object.entries(told as object).flat();
  return `redis_version:${String(pairs[pairs.indexOf('version') + 1] ?? '')}\r\n`;
}
