import { describe, expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { type BatchData, connectConsumer, createMutex, type DeliveryWorkerOptions } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { delivered, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite, { batchSize: 100 });
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;

const jobIds = async ({ destination, redis }: Line) => {
  const { bull } = queueKeys(destination);
  return (await Promise.all(['wait', 'active'].map((list) => redis.lrange(bull(list), 0, -1)))).flat();
};

/** As if a worker had died with all of them in hand. */
async function crashed(line: Line): Promise<void> {
  for (const id of await jobIds(line))
    await line.redis.hincrby(queueKeys(line.destination).job(id), 'stc', 1);
}

/** How many trials are under way, by what Redis knows. */
async function begun(line: Line): Promise<number> {
  const { job } = queueKeys(line.destination);
  const texts = await Promise.all((await jobIds(line)).map((id) => line.redis.hget(job(id), 'data')));
  return texts.filter((text) => (JSON.parse(text ?? '{}') as BatchData).isolation?.trial?.begun).length;
}

describe('jobs that were in the hand of a crashed worker', () => {
  test('are tried one at a time over all lanes, and begun in Redis before; others go beside them', async () => {
    const seen: { atOnce: number; begun: number }[] = [];
    let atOnce = 0;
    const lines: Line[] = [];
    const attempt: DeliveryWorkerOptions['attempt'] = async (deliveries, how) => {
      if (!how?.first) return delivered(deliveries);
      atOnce += 1;
      const counts = await Promise.all(lines.map(begun));
      seen.push({ atOnce, begun: counts.reduce((sum, count) => sum + count) });
      atOnce -= 1;
      return delivered(deliveries);
    };
    const inTurn = createMutex();
    lines.push(await open(attempt, { inTurn }), await open(attempt, { inTurn }));
    for (const line of lines) {
      await line.write(300);
      await crashed(line);
      await line.write(200);
    }
    const workers = lines.map((line) => line.start());
    for (const line of lines) {
      expect(await line.settled()).toMatchObject({ accepted: 500, delivered: 500, difference: 0 });
    }
    expect(seen).toEqual(Array(6).fill({ atOnce: 1, begun: 1 }));
    await Promise.all(workers.map((worker) => worker.close()));
  });

  test('wait for their gate without a turn, and are not begun', async () => {
    const inTurn = createMutex();
    let openGate = (_letGo: () => void): void => {};
    const gate = new Promise<() => void>((resolve) => {
      openGate = resolve;
    });
    const closed = await open(undefined, { inTurn, whenOpen: () => gate });
    const other = await open(undefined, { inTurn });
    for (const line of [closed, other]) {
      await line.write(200);
      await crashed(line);
    }
    const workers = [closed.start(), other.start()];
    expect(await other.settled()).toMatchObject({ delivered: 200 });
    expect((await closed.account()).jobs).toMatchObject({ active: 2 });
    expect(await begun(closed)).toBe(0);
    openGate(() => {});
    expect(await closed.settled()).toMatchObject({ delivered: 200 });
    await Promise.all(workers.map((worker) => worker.close()));
  });

  test('keep no others from being taken while they wait for their turn', async () => {
    const inTurn = createMutex();
    let end = (): void => {};
    const elsewhere = inTurn(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const line = await open(undefined, { inTurn });
    await line.write(400);
    await crashed(line);
    const worker = line.start({ concurrency: 4 });
    await waitFor(async () => (await line.account()).jobs.active === 4, { what: 'them in hand' });
    await line.write(300);
    await waitFor(async () => (await line.account()).delivered === 300, { what: 'the others' });
    expect((await line.account()).jobs).toMatchObject({ active: 4, waiting: 0 });
    end();
    await elsewhere;
    expect(await line.settled()).toMatchObject({ delivered: 700 });
    await worker.close();
  });

  test('give their turn away after some seconds, and are blamed no more', async () => {
    const inTurn = createMutex();
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const hanging = async (deliveries: StoredDelivery[]) => {
      await answered;
      return delivered(deliveries);
    };
    const slow = await open(hanging, { inTurn });
    const other = await open(undefined, { inTurn });
    await slow.write(100);
    await crashed(slow);
    const workers = [slow.start()];
    await waitFor(async () => (await begun(slow)) === 1, { what: 'the trial to begin' });
    await other.write(100);
    await crashed(other);
    workers.push(other.start());
    expect(await other.settled()).toMatchObject({ delivered: 100 });
    expect(await begun(slow)).toBe(0);
    answer();
    expect(await slow.settled()).toMatchObject({ delivered: 100, difference: 0 });
    await Promise.all(workers.map((worker) => worker.close()));
  });

  test('are not blamed for a bug in trying them', async () => {
    const line = await open(() => Promise.reject(new Error('bug')));
    await line.write(3);
    await crashed(line);
    const worker = line.start();
    await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'the job to be put back' });
    const [id] = await line.redis.zrange(queueKeys(line.destination).bull('delayed'), '0', '-1');
    const data = JSON.parse(
      (await line.redis.hget(queueKeys(line.destination).job(id!), 'data'))!,
    ) as BatchData;
    expect(data.isolation).toMatchObject({ trial: { begun: false, alone: 0 } });
    await worker.close();
  });
});

describe('no job ends among the failed ones, where nobody takes it', () => {
  test('when Redis refuses its settlement for a moment', async () => {
    const redis: Redis = connectConsumer(suite.url, () => {});
    const allow = (rule: '+eval' | '-eval') => redis.acl('SETUSER', 'default', rule);
    const problems: string[] = [];
    const line = await open(async (deliveries) => {
      await allow('-eval');
      return delivered(deliveries);
    });
    await line.write(100);
    const worker = line.start({
      onProblem: (code) => {
        problems.push(code);
        void allow('+eval');
      },
    });
    await waitFor(() => problems.length > 0, { what: 'the refusal' });
    await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'it to be put back' });
    expect(problems).toEqual(['job_failed']);
    expect(await line.account()).toMatchObject({ inFlight: 100, difference: 0, jobs: { failed: 0 } });
    await worker.close();
    redis.disconnect();
  });

  test('when it cannot be read: it is kept, and somebody is told', async () => {
    const line = await open();
    await line.write(10);
    const [id] = await jobIds(line);
    await line.redis.hset(queueKeys(line.destination).job(id!), 'data', '{}');
    const problems: string[] = [];
    const worker = line.start({ onProblem: (code) => problems.push(code) });
    await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'it to be put back' });
    expect(problems).toContain('job_failed');
    expect(await line.account()).toMatchObject({ accepted: 10, inFlight: 10, difference: 0 });
    await worker.close();
  });
});
