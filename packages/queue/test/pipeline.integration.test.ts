import { describe, expect, test } from '@jest/globals';
import { bucketOf, emptySettlement, type StoredDelivery } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { FIRST_REV } from '../src/batch/batch-codec.js';
import { findDeadLetter, findOrphanedDestinations, readDeadLetters } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { writeSettlement } from '../src/work/settle.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';
import { revive } from './revive.js';

const open = makeLines(() => suite);
const suite = useRedis();

describe('a batch job', () => {
  test('holds up to 500 deliveries, is counted as it is added, and is gone when they are delivered', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    await line.write(1_250);
    expect(await line.account()).toMatchObject({
      accepted: 1_250,
      inFlight: 1_250,
      difference: 0,
      jobs: { waiting: 3 },
    });
    const worker = line.start();
    expect(await line.settled()).toMatchObject({
      accepted: 1_250,
      delivered: 1_250,
      difference: 0,
      jobs: { waiting: 0, failed: 0 },
    });
    await worker.close();
  });

  test('counts a filtered event as accepted and filtered, without a job', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    await line.write(7, []);
    await waitFor(async () => (await line.account()).filtered === 7, { what: 'the count' });
    expect(await line.account()).toMatchObject({ accepted: 7, filtered: 7, inFlight: 0, difference: 0 });
  });

  test('tries again only what is not done', async () => {
    const tries = new Map<string, number>();
    const line = await open(async (deliveries) =>
      deliveries.map(({ event }) => {
        const count = (tries.get(event.messageId) ?? 0) + 1;
        tries.set(event.messageId, count);
        const odd = Number(event.messageId.split('-').at(-1)) % 2 === 1;
        return odd && count < 3 ? { outcome: 'failed', code: 'timeout' } : { outcome: 'delivered' };
      }),
    );
    await line.write(40);
    const worker = line.start();
    expect(await line.settled()).toMatchObject({ delivered: 40, difference: 0 });
    expect([...tries.values()].sort()).toEqual([...Array(20).fill(1), ...Array(20).fill(3)]);
    await worker.close();
  });

  test('a bug in the attempt loses nothing and stops nothing', async () => {
    const line = await open(() => Promise.reject(new Error('bug')));
    await line.write(3);
    const problems: string[] = [];
    const worker = line.start({ onProblem: (code) => problems.push(code) });
    await waitFor(() => problems.includes('job_failed'), { what: 'the problem to be told' });
    await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'the job to be put back' });
    expect(await line.account()).toMatchObject({ accepted: 3, inFlight: 3, difference: 0 });
    await worker.close();
  });
});

describe('an event whose time depends on its receipt', () => {
  test('keeps the time of its first receipt when its client repeats the request', async () => {
    const times: string[] = [];
    const line = await open(async (deliveries) => {
      times.push(...deliveries.map(({ event }) => event.timestamp));
      return delivered(deliveries);
    });
    const first = anEvent();
    const again = { ...first, timestamp: '2026-08-01T09:00:00.123Z' };
    const routes = [{ destination: line.destination, rules: ['usage'] }];
    for (const event of [first, again]) {
      await line.writer.commit([{ source: 'web', event: { ...event }, timeFromReceipt: true, routes }], []);
    }
    const worker = line.start();
    await line.settled();
    expect(times).toEqual([first.timestamp, first.timestamp]);
    await worker.close();
  });
});

describe('a destination that is no longer configured', () => {
  test('is found for as long as something of it is left', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    await line.write(3);
    const found = async (configured: string[]) =>
      (await findOrphanedDestinations(line.redis, configured)).map((account) => account.destination);
    expect(await found([])).toContain(line.destination);
    expect(await found([line.destination])).not.toContain(line.destination);
    const worker = line.start();
    await line.settled();
    expect(await found([])).not.toContain(line.destination);
    await worker.close();
  });
});

describe('a settlement', () => {
  test('counts once however often it is written', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    await line.write(3);
    const [jobId] = await line.redis.lrange(queueKeys(line.destination).bull('wait'), 0, -1);
    const hour = (await line.audit())[0]!.hour!;
    const settlement = { ...emptySettlement(), delivered: 3 };
    settlement.byBucket.delivered = { [bucketOf(hour, 'backend')]: 3 };
    const keys = queueKeys(line.destination);
    const write = (nextRev: string) =>
      writeSettlement(line.redis, keys, { jobId: jobId!, rev: FIRST_REV, nextRev, settlement, notes: {} });
    expect((await write('me')).result).toBe('settled');
    expect((await write('me')).result).toBe('settled');
    expect((await write('another')).result).toBe('stale');
    expect(await line.account()).toMatchObject({ accepted: 3, delivered: 3 });
    expect(await line.audit()).toMatchObject([{ hour, source: 'backend', accepted: 3, delivered: 3 }]);
    expect(
      (
        await writeSettlement(line.redis, keys, {
          jobId: 'b-none',
          rev: FIRST_REV,
          nextRev: 'me',
          settlement,
          notes: {},
        })
      ).result,
    ).toBe('gone');
  });
});

describe('a dead letter', () => {
  test('keeps the original event and its reason, and is delivered once after a replay', async () => {
    let mended = false;
    const line = await open(async (deliveries) =>
      mended
        ? delivered(deliveries)
        : deliveries.map(() => ({ outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' })),
    );
    await line.write(120);
    const worker = line.start();
    expect(await line.settled()).toMatchObject({ dead: 120, deadByReason: { refused: 120 }, difference: 0 });

    const letters = [];
    for await (const entry of readDeadLetters<StoredDelivery>(line.destination, line.redis))
      letters.push(entry);
    expect(letters).toHaveLength(120);
    expect(letters[0]!.letter).toMatchObject({
      rule: 'usage',
      source: 'backend',
      reason: 'refused',
      tries: { lastDetail: 'no such code' },
    });
    expect(await findDeadLetter(letters[0]!.id, line.redis)).toEqual(letters[0]);

    mended = true;
    const half = letters.slice(0, 60);
    const replay = () =>
      revive(
        line.destination,
        line.redis,
        half,
        half.map((entry) => entry.letter),
      );
    expect(await replay()).toBe(true);
    expect(await line.settled()).toMatchObject({ accepted: 120, delivered: 60, dead: 60, difference: 0 });
    expect(await findDeadLetter(letters[0]!.id, line.redis)).toBeNull();
    // Somebody else's replay of the same letters comes late.
    expect(await replay()).toBe(false);
    expect(await line.settled()).toMatchObject({ accepted: 120, delivered: 60, dead: 60, difference: 0 });
    await worker.close();
  });
});

/** Those that keep a process alive. */
const countTimers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;

describe('a Redis at its memory limit', () => {
  test('is refused to the producer as full, asked patiently by the worker, and used again with room', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    await line.write(50);
    await line.redis.config('SET', 'maxmemory', '1');
    await expect(line.write(1)).rejects.toMatchObject({ code: 'store_full' });
    const before = countTimers();
    const errors: string[] = [];
    const worker = line.start({ onProblem: (code) => errors.push(code) });
    await waitFor(() => errors.length >= 2, { what: 'the worker to be refused twice' });
    expect(errors.length).toBeLessThan(10);
    await line.redis.config('SET', 'maxmemory', '0');
    expect(await line.settled()).toMatchObject({ accepted: 50, delivered: 50, difference: 0 });
    expect(await line.audit()).toMatchObject([{ accepted: 50, delivered: 50, difference: 0 }]);
    await worker.close();
    // BullMQ's own would keep the process for three more seconds.
    await waitFor(() => countTimers() <= before, { what: 'no timer to be left', timeoutMs: 2_000 });
  });
});

describe('an outage of Redis', () => {
  test('fails the producer while it lasts, loses nothing, and everything goes on by itself', async () => {
    const line = await open(async (deliveries) => delivered(deliveries));
    const worker = line.start();
    await line.write(10);
    await line.settled();
    await suite.redis.kill('SIGKILL');
    await expect(line.write(1)).rejects.toMatchObject({ code: 'store_unavailable' });
    await suite.redis.restart();
    await waitFor(() => line.write(10).then(() => true), { what: 'the producer to reconnect' });
    await waitFor(async () => (await line.account()).delivered === 20, { what: 'the worker to go on' });
    expect(await line.account()).toMatchObject({ accepted: 20, difference: 0 });
    await worker.close();
  });
});
