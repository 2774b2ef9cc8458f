import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptySettlement, type LateUsage } from '@meterbridge/delivery';
import { useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { connectConsumer, readCounters, readLateUsage } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { writeSettlement } from '../src/work/settle.js';

const suite = useRedis();
let redis: Redis;
beforeAll(() => {
  redis = connectConsumer(suite.url, () => {});
});
afterAll(() => redis?.disconnect());

const BUCKET = '5/web';
let jobs = 0;

/** Settles one job, all of whose deliveries are late. */
async function settleLate(shard: string, lateUsage: LateUsage[], { times = 1 } = {}): Promise<void> {
  const keys = queueKeys(shard);
  const jobId = `job-${++jobs}`;
  const delivered = lateUsage.length;
  await redis.sadd('meterbridge:destinations', shard);
  await redis.hset(keys.job(jobId), { n: delivered, rev: '0' });
  const byBucket = {
    ...emptySettlement().byBucket,
    delivered: { [BUCKET]: delivered },
    late: { [BUCKET]: delivered },
  };
  const settlement = { ...emptySettlement(), delivered, late: delivered, lateUsage, byBucket };
  const request = { jobId, rev: '0', nextRev: jobId, settlement, notes: {} };
  for (let time = 0; time < times; time += 1) {
    expect(await writeSettlement(redis, keys, request)).toMatchObject({ result: 'settled' });
  }
}

const late = (owner: string, quantity?: string, over: Partial<LateUsage> = {}): LateUsage => ({
  fate: 'late_for_its_period',
  owner,
  kind: 'tokens',
  month: '2026-10',
  quantity,
  ...over,
});

test('late usage adds up by month, owner and kind, exactly, and of the delivered', async () => {
  await settleLate('sums', [late('a', '0.1'), late('a', '0.2'), late('a', '-1'), late('b"/\\é')]);
  await settleLate('sums', [
    late('a', '100000000000.500000001'),
    late('a', '7', { month: '2026-09' }),
    late('a', undefined, { kind: 'calls' }),
  ]);
  const lines = await readLateUsage('sums', redis);
  expect(lines[0]).toEqual({
    month: '2026-10',
    owner: 'a',
    kind: 'tokens',
    deliveries: 4,
    quantity: '99999999999.800000001',
  });
  const others = lines
    .slice(1)
    .map(({ month, owner, kind, quantity }) => `${month} ${owner} ${kind} ${quantity}`);
  expect(others.toSorted()).toEqual([
    '2026-09 a tokens 7',
    '2026-10 a calls null',
    '2026-10 b"/\\é tokens null',
  ]);
  expect(await readCounters('sums', redis)).toMatchObject({ delivered: 7, late: 7 });
  expect(await redis.ttl(queueKeys('sums').lateUsage)).toBeGreaterThan(89 * 86_400);
});

test('beyond a hundred of them a month has others, in deliveries alone', async () => {
  const many = Array.from({ length: 130 }, (_, index) => late(`owner-${index}`, '2'));
  await settleLate('many', many);
  await settleLate('many', [late('owner-0', '3'), late('owner-129', '3')]);
  const lines = await readLateUsage('many', redis);
  expect(lines).toHaveLength(101);
  expect(lines[0]).toEqual({ month: '2026-10', owner: null, kind: null, deliveries: 31, quantity: null });
  expect(lines[1]).toMatchObject({ owner: 'owner-0', deliveries: 2, quantity: '5' });
});

test('a settlement that is written twice counts once', async () => {
  await settleLate('once', [late('a', '1')], { times: 2 });
  expect(await readLateUsage('once', redis)).toMatchObject([{ deliveries: 1, quantity: '1' }]);
});

test('what the shards of a destination have is one', async () => {
  await settleLate('split', [late('a', '0.5')]);
  await settleLate('split@1', [late('a', '1.25')]);
  expect(await readLateUsage('split', redis)).toMatchObject([
    { owner: 'a', deliveries: 2, quantity: '1.75' },
  ]);
});
