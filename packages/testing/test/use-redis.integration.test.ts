import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '../src/index.js';

const suite = useRedis();

test('gives the suite a Redis whose clients come back after it was killed', async () => {
  const client = suite.connect();
  await client.set(`${suite.prefix}-key`, 'kept');
  await suite.redis.kill('SIGKILL');
  await suite.redis.restart();
  const value = await waitFor(() => client.get(`${suite.prefix}-key`), { what: 'the client to be back' });
  expect(value).toBe('kept');
  expect(suite.url).toBe(suite.redis.url);
});
