import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { findFreePort, useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { expectEachOnce, useStack } from '../../cli/test/run-stack.js';
import { CONFIG } from '../../cli/test/stack-config.js';
import { withoutPersistence } from '../../cli/test/unsafe-redis.js';
import { isHeld, probeNow } from './held-destination.js';

const suite = useRedis();
const stacks = useStack(suite);

const idsOf = (tracks: { messageId: string }[]) => tracks.map(({ messageId }) => messageId);

/** Has a receiver take these, ten a request; resolves to the median of its answers' times. */
async function usualAnswerMs(url: string, tracks: readonly Track[]): Promise<number> {
  const durations: number[] = [];
  for (let at = 0; at < tracks.length; at += 10) {
    const answered = await postBatch(url, tracks.slice(at, at + 10));
    expect(answered.status).toBe(200);
    durations.push(answered.durationMs);
  }
  return durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)]!;
}

test('a key that is refused holds the destination: nothing is dead, the other goes on, and senders notice nothing', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(1_000);
  const before = await usualAnswerMs(receiver.url, tracks.slice(0, 500));
  stack.sandbox.lago.faults.add({
    times: 'always',
    respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
  });
  const worker = await stack.startReady('worker');
  const metrics = async () => (await fetch(`${worker.url}/metrics`)).text();
  await waitFor(
    async () => (await metrics()).includes('meterbridge_breaker_state{destination="lago",state="held"} 1'),
    { what: 'the hold in the metrics' },
  );

  expect(await usualAnswerMs(receiver.url, tracks.slice(500))).toBeLessThan(10 * before);
  await waitFor(() => stack.sandbox.hyperline.ledger.size === tracks.length, { what: 'Hyperline to go on' });
  // Those of the first 500 events may have been on their way together; of the others none went out.
  expect(stack.sandbox.lago.inspect().requests).toBeLessThanOrEqual(5);
  expect(await stack.account('lago')).toMatchObject({ dead: 0, inFlight: 1_000, difference: 0 });
  expect(await metrics()).toContain('meterbridge_deliveries_in_flight{destination="lago"} 1000');
  expect(await metrics()).toContain('meterbridge_breaker_state{destination="hyperline",state="closed"} 1');

  stack.sandbox.lago.faults.clear();
  await probeNow(stack, 'lago');
  const { lago } = await stack.settled(tracks.length);
  expect(lago).toMatchObject({ difference: 0, dead: 0, delivered: tracks.length });
  expectEachOnce(stack.sandbox, idsOf(tracks));
});

test('Redis full in the middle of deliveries: nothing is lost, and the worker goes on once there is room', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 100 } });
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(2_000);
  await sendAll(receiver.url, tracks);
  const worker = await stack.startReady('worker');
  await waitFor(() => stack.sandbox.lago.ledger.size >= 200, { what: 'the first deliveries' });
  await stack.redis.config('SET', 'maxmemory', '1000000');
  try {
    await waitFor(() => worker.process.output().includes('OOM'), { what: 'a settlement to be refused' });
  } finally {
    await stack.redis.config('SET', 'maxmemory', '0');
  }
  const { lago, hyperline } = await stack.settled(tracks.length);
  expect([lago, hyperline]).toMatchObject([
    { difference: 0, dead: 0 },
    { difference: 0, dead: 0 },
  ]);
  expectEachOnce(stack.sandbox, idsOf(tracks));
});

test('a held destination drains at once, and the next worker holds it from its first moment', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  // Events only: a worker that starts reads something else as well.
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { method: 'POST' },
    respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
  });
  await sendAll(receiver.url, makeTracks(1_000));
  const first = await stack.startReady('worker');
  await waitFor(() => isHeld(stack, 'lago'), { what: 'the hold' });
  first.process.signal('SIGTERM');
  expect(await first.process.exited).toEqual({ code: 0, signal: null });
  expect(await stack.account()).toMatchObject({
    dead: 0,
    inFlight: 1_000,
    difference: 0,
    jobs: { active: 0, delayed: 0 },
  });

  const { fired } = stack.sandbox.lago.faults;
  const second = await stack.startReady('worker');
  await waitFor(async () => (await stack.account()).jobs.active > 0, { what: 'jobs in hand' });
  await sleep(500);
  expect(stack.sandbox.lago.faults.fired).toBe(fired);
  expect(await (await fetch(`${second.url}/metrics`)).text()).toContain(
    'meterbridge_breaker_state{destination="lago",state="held"} 1',
  );
});

test('Redis frozen for a while: a scrape does not hang, and the worker goes on', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 50 } });
  const [receiver, worker] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  const tracks = makeTracks(1_000);
  await sendAll(receiver.url, tracks.slice(0, 500));
  await suite.redis.kill('SIGSTOP');
  try {
    // A scrape must not hang with Redis, which goes on only after it.
    expect((await fetch(`${worker.url}/metrics`)).status).toBe(200);
    expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
  } finally {
    await suite.redis.kill('SIGCONT');
  }
  await sendAll(receiver.url, tracks.slice(500));
  const { lago } = await stack.settled(tracks.length);
  expect(lago).toMatchObject({ difference: 0, dead: 0, delivered: tracks.length });
  expectEachOnce(stack.sandbox, idsOf(tracks));
});

test('waits for a Redis that is not there yet, and can be told to stop meanwhile', async () => {
  const stack = await stacks.open();
  await suite.redis.kill('SIGKILL');
  try {
    stack.env.WORKER_PORT = String(await findFreePort());
    const worker = stack.start('worker');
    const url = `http://127.0.0.1:${stack.env.WORKER_PORT}`;
    await waitFor(async () => (await fetch(`${url}/healthz`)).ok, { what: 'the worker to answer' });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    worker.signal('SIGTERM');
    // A drain that takes long is cut, and ends with 1.
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  } finally {
    await suite.redis.restart();
  }
});

test('refuses a Redis that could lose what was acknowledged, unless the configuration allows it', async () => {
  const stack = await stacks.open();
  await withoutPersistence(stack.redis, async () => {
    const refused = stack.start('worker');
    expect(await refused.exited).toEqual({ code: 1, signal: null });
    expect(refused.output()).toContain('Set `appendonly yes`');
    expect(refused.output()).toContain('allowDataLoss: true');
    await stack.writeConfig(`${CONFIG}\nredis: { allowDataLoss: true }\n`);
    const allowed = await stack.startReady('worker');
    expect(allowed.process.output()).toContain('redis.unsafe');
  });
});
