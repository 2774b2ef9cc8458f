import { expect, test } from '@jest/globals';
import type { Outcome, Resolved, StoredDelivery } from '@meterbridge/delivery';
import { type SuiteRedis, useClosing, useRedis, waitFor, waitForReplica } from '@meterbridge/testing';
import { connectConsumer, type DeliveryWorkerOptions, openReplication } from '../src/index.js';
import { delivered, makeLines } from './pipeline-line.js';
import { type RedisWay, useRedisWays } from './redis-way.js';

/*
 * A replica takes over while the old master still answers. What is written in between is on the old one only: each
 * test says at which answer every connection changes over to the new one.
 */

const closing = useClosing();
let way: RedisWay;
const open = makeLines(() => ({ url: way.url }) as SuiteRedis, { batchSize: 100, replicas: 1 });
const openWay = useRedisWays();
const servers = [useRedis(), useRedis()] as const;

/** The first is the master, the second its replica, both empty. */
async function begin(): Promise<void> {
  const [master, replica] = servers.map((server) => server.connect());
  await master!.call('REPLICAOF', 'NO', 'ONE');
  await replica!.call('REPLICAOF', 'NO', 'ONE');
  await master!.flushall();
  await replica!.call('REPLICAOF', '127.0.0.1', String(servers[0].redis.port));
  await waitForReplica(master!);
  way = await openWay(servers[0].redis.port);
}

/** From now on the old master is alone, and does not know. */
const promote = () => servers[1].connect().call('REPLICAOF', 'NO', 'ONE');

function changeOver(): void {
  way.leadTo(servers[1].redis.port);
  way.cut();
}

const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };
const failed: Outcome = { outcome: 'failed', code: 'server_error', status: 500 };

async function start(line: Awaited<ReturnType<typeof open>>, more: Partial<DeliveryWorkerOptions> = {}) {
  const replication = openReplication(way.url, 1);
  const redis = connectConsumer(way.url, () => {});
  const worker = line.start({ redis, lockMs: 1_000, replication, ...more });
  closing.push(async () => {
    await worker.close();
    redis.disconnect();
    replication.close();
  });
  return worker;
}

test('a settlement that only the old master has ends nothing at the new one', async () => {
  await begin();
  let attempts = 0;
  let isOver = false;
  const line = await open(async (deliveries) => {
    attempts += 1;
    if (attempts === 1) {
      await promote();
      way.afterAnswer(/settled|ended/, () => {
        changeOver();
        isOver = true;
      });
    }
    return deliveries.map((_, index): Outcome => (index < 10 ? refused : { outcome: 'delivered' }));
  });
  await line.write(100);
  await start(line);
  // Until then it is the old master that is asked, which has it settled.
  await waitFor(() => isOver, { what: 'the new master' });
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 90, dead: 10, difference: 0 });
  // More where the machine is so busy that a lock runs out.
  expect(attempts).toBeGreaterThanOrEqual(2);
});

/** A destination where customers' subscriptions are looked up, and what it was sent. */
function api() {
  const subscriptions = { of: 'sub_1' };
  const sent: string[] = [];
  const answers: Outcome[] = [];
  /** As the worker does: what the job says is made sure of, anything else is looked up and kept. */
  const attempt: DeliveryWorkerOptions['attempt'] = async (deliveries, _how, keep) => {
    const found = new Map<number, Resolved>();
    const subscription = (delivery: StoredDelivery, index: number) => {
      if (delivery.resolved) return delivery.resolved.subscription;
      found.set(index, { customer: 'c', subscription: subscriptions.of });
      return subscriptions.of;
    };
    const events = deliveries.map(
      (delivery, index) => `${delivery.event.messageId} ${subscription(delivery, index)}`,
    );
    const isKept = await keep(found).catch(() => false);
    if (!isKept) return deliveries.map(() => ({ ...failed, code: 'connection' }));
    sent.push(...events);
    const answer = answers.shift();
    return answer ? deliveries.map(() => answer) : delivered(deliveries);
  };
  return { subscriptions, sent, answers, attempt };
}

test('what was looked up is not sent while only the old master has it', async () => {
  await begin();
  const { subscriptions, sent, attempt } = api();
  const line = await open(async (...given) => {
    if (subscriptions.of === 'sub_1') {
      await promote();
      way.afterAnswer(/settled/, () => {
        changeOver();
        subscriptions.of = 'sub_2';
      });
    }
    return attempt(...given);
  });
  await line.write(100);
  // The new master has no replica yet: it gets the old one.
  await start(line);
  await waitFor(() => subscriptions.of === 'sub_2', { what: 'the change' });
  await servers[0].connect().call('REPLICAOF', '127.0.0.1', String(servers[1].redis.port));
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(new Set(sent.map((each) => each.split(' ')[1]))).toEqual(new Set(['sub_2']));
  expect(sent).toHaveLength(100);
});

test('a look-up whose wait failed is not sent later either, before a replica has it', async () => {
  await begin();
  const { subscriptions, sent, attempt } = api();
  let attempts = 0;
  const line = await open(async (...given) => {
    attempts += 1;
    if (attempts === 1) await promote();
    return attempt(...given);
  });
  await line.write(100);
  await start(line);
  await waitFor(() => attempts >= 4, { what: 'it to be tried again' });
  expect(sent).toEqual([]);
  subscriptions.of = 'sub_2';
  changeOver();
  await servers[0].connect().call('REPLICAOF', '127.0.0.1', String(servers[1].redis.port));
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(new Set(sent.map((each) => each.split(' ')[1]))).toEqual(new Set(['sub_2']));
});

test('what was looked up and sent is sent the same again by the new master', async () => {
  await begin();
  const { subscriptions, sent, answers, attempt } = api();
  answers.push(failed);
  let isOver = false;
  const line = await open(async (...given) => {
    const outcomes = await attempt(...given);
    if (subscriptions.of === 'sub_1' && sent.length > 0) {
      subscriptions.of = 'sub_2';
      await promote();
      way.afterAnswer(/settled|ended/, () => {
        changeOver();
        isOver = true;
      });
    }
    return outcomes;
  });
  await line.write(100);
  await start(line);
  await waitFor(() => isOver, { what: 'the new master' });
  await servers[0].connect().call('REPLICAOF', '127.0.0.1', String(servers[1].redis.port));
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(sent.length).toBeGreaterThanOrEqual(200);
  expect(new Set(sent.map((each) => each.split(' ')[1]))).toEqual(new Set(['sub_1']));
});

test('a job is not sent by other rules than it names while only the old master knows of them', async () => {
  await begin();
  let attempts = 0;
  const problems: string[] = [];
  const line = await open(async (deliveries) => {
    attempts += 1;
    return delivered(deliveries);
  });
  await line.write(100);
  await promote();
  await start(line, { rules: 'v2', onProblem: (code) => problems.push(code) });
  await waitFor(async () => (await line.account()).jobs.delayed > 0, { what: 'it to be put back' });
  expect(attempts).toBe(0);
  changeOver();
  await servers[0].connect().call('REPLICAOF', '127.0.0.1', String(servers[1].redis.port));
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(attempts).toBe(1);
  expect(problems).not.toContain('job_failed');
});
