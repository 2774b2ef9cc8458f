import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { connectConsumer } from '../src/index.js';
import { anEvent, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const openPatient = makeLines(() => suite, {}, connectConsumer);
const suite = useRedis();

/** Deliveries of each job, in the order of their arrival. */
async function jobSizes(line: Awaited<ReturnType<typeof open>>): Promise<number[]> {
  const jobs = await line.redis.keys(`meterbridge:{${line.destination}}:deliveries:b*`);
  const sizes = await Promise.all(jobs.map((job) => line.redis.hget(job, 'n')));
  return sizes.map(Number).sort((a, b) => a - b);
}

test('what comes while Redis writes is one job', async () => {
  const line = await openPatient();
  await line.write(1);
  const admin = suite.connect();
  await admin.client('PAUSE', 60_000, 'WRITE');
  const first = line.write(1);
  // Longer than a batch stays open on its own: each of these would be a job.
  const others: Promise<unknown>[] = [];
  for (let n = 0; n < 10; n++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    others.push(line.write(5));
  }
  await admin.client('UNPAUSE');
  await Promise.all([first, ...others]);
  const sizes = await jobSizes(line);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(52);
  expect(sizes.length).toBeLessThanOrEqual(4);
  expect((await line.account()).accepted).toBe(52);
});

test('a job holds 500 deliveries, or a million bytes of them', async () => {
  const line = await open();
  await Promise.all(Array.from({ length: 11 }, () => line.write(100)));
  expect(await jobSizes(line)).toEqual([100, 500, 500]);

  const large = await open();
  const event = { ...anEvent(), properties: { text: 'x'.repeat(30_000) } };
  const routes = [{ destination: large.destination, rules: ['usage'] }];
  const events = Array.from({ length: 50 }, () => ({
    source: 'backend',
    event,
    timeFromReceipt: false,
    routes,
  }));
  await large.writer.commit(events, []);
  expect(await jobSizes(large)).toEqual([16, 34]);
});

test('where jobs are large, fewer of them are in hand', async () => {
  let inHand = 0;
  let most = 0;
  const letGo: (() => void)[] = [];
  const line = await open(
    async (deliveries) => {
      inHand += 1;
      most = Math.max(most, inHand);
      await new Promise<void>((resolve) => letGo.push(resolve));
      inHand -= 1;
      return deliveries.map(() => ({ outcome: 'delivered' }));
    },
    { concurrency: 30, deliveries: 1_000 },
  );
  for (let n = 0; n < 40; n++) await line.write(500);
  const worker = line.start();
  // A hundred a job are expected at first, and ten jobs taken; then they prove to be of five hundred.
  await waitFor(() => letGo.length === 10, { what: 'the first jobs' });
  for (const go of letGo.splice(0)) go();
  await waitFor(() => letGo.length > 0, { what: 'more of them' });
  most = 0;
  for (let taken = 10; taken < 40; ) {
    await waitFor(() => letGo.length > 0, { what: 'a job' });
    const going = letGo.splice(0);
    taken += going.length;
    for (const go of going) go();
  }
  await line.settled();
  expect(most).toBeLessThanOrEqual(6);
  await worker.close();
});

test('what can be delivered does not wait until all that cannot is buried', async () => {
  const told: string[] = [];
  const line = await open(
    async (deliveries) => {
      const isGood = deliveries[0]!.rule === 'good';
      if (isGood) told.push('good taken');
      return deliveries.map(() =>
        isGood ? { outcome: 'delivered' } : { outcome: 'failed', code: 'unmapped', detail: 'no tokens' },
      );
    },
    { concurrency: 4, onSettled: ({ dead }) => told.push(dead.length > 0 ? 'bad settled' : 'good settled') },
  );
  for (let n = 0; n < 7; n++) await line.write(500, ['bad']);
  await line.write(1, ['good']);
  const worker = line.start();
  expect(await line.settled()).toMatchObject({ accepted: 3_501, delivered: 1, dead: 3_500, difference: 0 });
  // With four hands and no more, four would be settled before it is taken.
  expect(told.indexOf('good taken')).toBeLessThan(4);
  await worker.close();
});

test('what came while a write hung is told together with it', async () => {
  const line = await open();
  await line.write(1);
  await line.redis.client('PAUSE', 2_500, 'WRITE');
  const first = line.write(1).catch(() => 'told');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = line.write(1).catch(() => 'told');
  expect(await first).toBe('told');
  // A try of its own would take most of a second more.
  const waiting = new Promise((resolve) => setTimeout(resolve, 400, 'waiting'));
  expect(await Promise.race([second, waiting])).toBe('told');
});
