import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { connectProducer, watchMemory } from '../src/index.js';

const suite = useRedis();

test('senders are told to wait while Redis is full, and nothing once it is away', async () => {
  const redis = connectProducer(suite.url, () => {});
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  const memory = watchMemory(redis, 0.8);
  expect(memory.pressure()).toBeNull();
  await redis.config('SET', 'maxmemory', '1mb');
  await waitFor(() => memory.pressure() !== null, { what: 'the pressure' });
  expect(memory.pressure()).toEqual({ retryAfterSeconds: 5 });
  redis.disconnect();
  await waitFor(() => memory.pressure() === null, { what: 'the end of it' });
  memory.stop();
});
