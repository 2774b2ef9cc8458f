import { afterEach, expect, test } from '@jest/globals';
import { connectProducer, UnsafeRedisError } from '@meterbridge/queue';
import { createLogger, RedisOutages } from '@meterbridge/telemetry';
import { useRedis, waitFor } from '@meterbridge/testing';
import { RedisCheck } from '../src/redis-check.js';

const suite = useRedis();
const logger = createLogger({ name: 'test', level: 'silent' });
const outages = new RedisOutages({ logger, server: 'the suite' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A check over a look that answers as `answers` say, the last one for ever. */
function openCheck(...answers: (() => Promise<void>)[]) {
  const redis = connectProducer(suite.redis.url, () => {});
  const unsafe: UnsafeRedisError[] = [];
  let looks = 0;
  const check = new RedisCheck({
    redis,
    check: () => answers[Math.min(looks++, answers.length - 1)]!(),
    onUnsafe: (error) => unsafe.push(error),
    outages,
  });
  closing.push(() => {
    check.stop();
    redis.disconnect();
  });
  return { redis, check, unsafe, looks: () => looks };
}

const isSafe = async () => {};
const neverAnswers = () => new Promise<void>(() => {});

test('a new connection is believed once its server was looked at, and not before', async () => {
  const { redis, check, looks } = openCheck(isSafe, neverAnswers);
  expect(check.hasPassed).toBe(false);
  await waitFor(() => check.isReady, { what: 'the first look' });
  redis.disconnect(true);
  await waitFor(() => looks() > 1 && redis.status === 'ready', { what: 'the next connection' });
  expect([check.hasPassed, check.isReady]).toEqual([false, false]);
});

test('a look that fails is repeated, and one that finds an unsafe server is told', async () => {
  const fails = () => Promise.reject(new Error('slow'));
  const retried = openCheck(fails, isSafe);
  const refused = openCheck(() => Promise.reject(new UnsafeRedisError('no append-only file')));
  await waitFor(() => retried.check.hasPassed, { what: 'the second look' });
  await waitFor(() => refused.unsafe.length > 0, { what: 'the refusal' });
  expect(refused.check.hasPassed).toBe(false);
  expect(retried.unsafe).toEqual([]);
});
