import { expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { createSubscriptionCache, type KeepResolved } from '../src/index.js';
import { delivered, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

const found = { customer: 'c1', subscription: 's1' };

test('what is kept is in the job at once, and in whatever becomes of the delivery', async () => {
  const seen: StoredDelivery[][] = [];
  const line = await open(async (deliveries, _how, keep) => {
    seen.push(deliveries);
    if (seen.length > 1) return delivered(deliveries);
    expect(await keep(new Map([[1, found]]))).toBe(true);
    expect(await keep(new Map([[2, { ...found, customer: 'c2' }]]))).toBe(true);
    return deliveries.map((_, index) =>
      index === 0 ? { outcome: 'delivered' } : { outcome: 'failed', code: 'timeout' },
    );
  });
  await line.write(3);
  const worker = line.start();
  expect(await line.settled()).toMatchObject({ delivered: 3, difference: 0 });
  await worker.close();
  expect(seen[1]!.map(({ resolved }) => resolved)).toEqual([found, { ...found, customer: 'c2' }]);
});

test('a worker that has lost its job keeps nothing', async () => {
  let lost: KeepResolved | undefined;
  let hold = true;
  const line = await open(async (deliveries, _how, keep) => {
    lost ??= keep;
    if (hold) await waitFor(() => !hold, { what: 'the end of the test' });
    return delivered(deliveries);
  });
  await line.write(2);
  const worker = line.start();
  await waitFor(() => lost !== undefined, { what: 'the attempt' });
  // As another worker would that took it over.
  const [job] = await line.redis.lrange(`meterbridge:{${line.destination}}:deliveries:active`, 0, -1);
  await line.redis.hincrby(`meterbridge:{${line.destination}}:deliveries:${job}`, 'rev', 1);
  expect(await lost!(new Map([[0, found]]))).toBe(false);
  hold = false;
  await worker.close();
});

test('a customer is found again by its own id only, and forgotten in time', async () => {
  const { redis } = await open();
  const cache = createSubscriptionCache('cached', redis);
  await cache.write('someone@example.com', 'text', 60_000);
  await cache.write('brief', 'text', 20);
  const read = await cache.read(['someone@example.com', 'someone', 'brief'.repeat(200)]);
  expect(read).toEqual(new Map([['someone@example.com', 'text']]));
  expect(await cache.read([])).toEqual(new Map());
  await waitFor(async () => (await cache.read(['brief'])).size === 0, { what: 'it to be forgotten' });
  const keys = await redis.keys('meterbridge:{cached}:*');
  expect(keys).toEqual([expect.not.stringContaining('someone')]);
});
