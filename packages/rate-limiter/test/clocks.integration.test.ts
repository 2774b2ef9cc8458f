import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expectWithinRate, useLimiterProcesses } from './limiter-processes.js';

const suite = useRedis();
const startProcess = useLimiterProcesses();
const MINUTES = 60_000;

test('processes whose clocks are minutes apart get equal shares, and never exceed the rate together', async () => {
  const options = { id: suite.prefix, requestsPerSecond: 50, concurrency: 4, redisUrl: suite.url };
  const processes = [3 * MINUTES, -3 * MINUTES].map((ahead) => startProcess(options, ahead));
  const counts = () => processes.map(({ starts }) => starts.length);
  await waitFor(() => Math.min(...counts()) > 0, { what: 'both at work' });
  const before = counts();
  const all = () => counts().reduce((sum, count) => sum + count);
  const begun = all();
  await waitFor(() => all() >= begun + 250, { what: '250 more starts' });
  const shares = counts().map((count, index) => (count - before[index]!) / 250);
  // Of 250 starts a share is 0.42 to 0.58 by chance alone (measured); a clock that counted would leave one nothing.
  expect(Math.min(...shares)).toBeGreaterThan(1 / 3);
  await Promise.all(processes.map((process) => process.stop()));
  expectWithinRate(processes, 50);
});
