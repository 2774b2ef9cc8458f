import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { connectConsumer, readAccount, readAudit, readCounters } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { makeLines } from './pipeline-line.js';

const open = makeLines(() => suite, {}, connectConsumer);
const suite = useRedis();

/** More than are counted at once: they are counted in portions. */
const MANY = 2_500;

/** A job for each delivery. */
const EACH_ALONE = { batchSize: 1 };

describe('many jobs', () => {
  test('are counted as of one moment while they are taken, put back, settled and added', async () => {
    const tries = new Map<string, number>();
    const line = await open(
      async (deliveries) =>
        deliveries.map(({ event }): Outcome => {
          const tried = (tries.get(event.messageId) ?? 0) + 1;
          tries.set(event.messageId, tried);
          const n = Number(event.messageId.split('-').at(-1));
          if (tried === 1 && n % 3 === 0) return { outcome: 'unsent' };
          if (tried <= 2 && n % 4 === 0) return { outcome: 'failed', code: 'timeout' };
          return n % 5 === 0 ? { outcome: 'failed', code: 'refused' } : { outcome: 'delivered' };
        }),
      { concurrency: 20 },
      { batchSize: 3 },
    );
    // A job for three of them: half as many again as are counted at once, while they become fewer.
    const count = 4_500;
    await line.write(count);
    const worker = line.start();
    const adding = (async () => {
      for (let i = 0; i < 20; i += 1) await line.write(50);
    })();
    let inPortions = 0;
    for (;;) {
      const [account, lines] = await Promise.all([line.account(), line.audit()]);
      expect(account.difference).toBe(0);
      expect(lines.map(({ difference }) => difference)).toEqual(lines.map(() => 0));
      if (account.jobs.waiting > 1_000) inPortions += 1;
      if (account.inFlight === 0) break;
    }
    expect(inPortions).toBeGreaterThan(2);
    await adding;
    const done = await line.settled();
    expect(done).toMatchObject({ accepted: count + 1_000, difference: 0 });
    expect(done!.dead).toBeGreaterThan(0);
    await worker.close();
    // Nothing of a count stays behind.
    expect(await line.redis.keys(`${queueKeys(line.destination).counting}*`)).toEqual([]);
  });

  test('of which one was lost have a difference, and so have those whose data is gone', async () => {
    const line = await open(undefined, {}, EACH_ALONE);
    await line.write(MANY);
    const { bull, job } = queueKeys(line.destination);
    await line.redis.rpop(bull('wait'));
    expect(await line.account()).toMatchObject({ accepted: MANY, inFlight: MANY - 1, difference: 1 });
    const [id] = await line.redis.lrange(bull('wait'), 1_200, 1_200);
    await line.redis.del(job(id!));
    expect((await line.audit()).map(({ difference }) => difference)).toEqual([2]);
    // What the books say does not know it: who wants to know has the jobs counted.
    expect(await readCounters(line.destination, line.redis)).toMatchObject({ inFlight: MANY });
  });

  test('are counted by one at a time; what a killed one left behind does not hinder the next', async () => {
    const line = await open(undefined, {}, EACH_ALONE);
    await line.write(MANY);
    const { counting } = queueKeys(line.destination);
    const all = await Promise.all([1, 2, 3].map(() => readAccount(line.destination, line.redis)));
    expect(all.map(({ inFlight }) => inFlight)).toEqual([MANY, MANY, MANY]);

    await line.redis.set(counting, 'somebody', 'PX', 60_000);
    await line.redis.hset(`${counting}:was`, 'a', '5 {}');
    let isDone = false;
    const waiting = readAccount(line.destination, line.redis).finally(() => {
      isDone = true;
    });
    const asked = async () =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(await line.redis.info('commandstats'))?.[1] ?? 0);
    const before = await asked();
    await waitFor(async () => (await asked()) > before + 2, { what: 'it to ask for its turn' });
    expect(isDone).toBe(false);
    await line.redis.del(counting);
    expect(await waiting).toMatchObject({ inFlight: MANY, difference: 0 });
  });

  test('are counted again from the start where a count was lost halfway', async () => {
    const line = await open(undefined, {}, EACH_ALONE);
    await line.write(MANY);
    const { counting } = queueKeys(line.destination);
    const counted = readAudit(line.destination, line.redis);
    await waitFor(async () => (await line.redis.get(counting)) !== null, { what: 'the count to begin' });
    await line.redis.del(counting);
    expect(await counted).toMatchObject([{ accepted: MANY, inFlight: MANY, difference: 0 }]);
  });

  test('are counted where Redis is full, too', async () => {
    const line = await open(undefined, {}, EACH_ALONE);
    await line.write(MANY);
    await line.redis.config('SET', 'maxmemory', '1');
    try {
      expect(await line.account()).toMatchObject({ accepted: MANY, inFlight: MANY, difference: 0 });
    } finally {
      await line.redis.config('SET', 'maxmemory', '0');
    }
  });
});

test('what the books say agrees with what is counted once nothing moves', async () => {
  const line = await open(async (deliveries) =>
    deliveries.map(({ event }): Outcome => {
      const n = Number(event.messageId.split('-').at(-1));
      if (n % 7 === 0) return { outcome: 'failed', code: 'refused' };
      if (n % 3 === 0) return { outcome: 'duplicate' };
      return { outcome: 'delivered' };
    }),
  );
  await Promise.all([line.write(500), line.write(30, [])]);
  const worker = line.start();
  await line.settled();
  await worker.close();
  await line.write(40);
  const { difference, ...account } = await line.account();
  expect(difference).toBe(0);
  expect(account.jobs.waiting).toBe(1);
  expect(account.oldestJobAt).toBeGreaterThan(0);
  expect(await readCounters(line.destination, line.redis)).toEqual(account);
});
