import { afterEach, expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import { type DeadLetterEntry, readDeadLetters } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { expectEachOnce, type Stack, useStack } from '../../cli/test/run-stack.js';
import { isHeld, probeNow } from './held-destination.js';
import { type KillingProxy, startKillingProxy } from './killing-proxy.js';

const suite = useRedis();
const stacks = useStack(suite);
const proxies: KillingProxy[] = [];
afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.close())));

const idsOf = (tracks: { messageId: string }[]) => tracks.map(({ messageId }) => messageId);

/** Half a minute is what a worker has to live for before it tries one delivery alone again: it is older. */
const AGED =
  '--import data:text/javascript,const{now}=performance;performance.now=()=>now.call(performance)+30000';

/** A worker whose requests to Lago pass a wire that kills it when one holds the poison. */
async function startVulnerable(stack: Stack, poison: string) {
  const proxy = await startKillingProxy(stack.sandbox.lago.url, poison);
  proxies.push(proxy);
  stack.env.LAGO_API_URL = proxy.url;
  const worker = stack.start('worker');
  proxy.aim(worker.pid);
  return worker;
}

test('a poison among 3,500 in hand is convicted within the crashes promised, it alone, and the rest is delivered', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 20 } });
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(3_500);
  const poison = tracks[1_737]!.messageId;
  await sendAll(receiver.url, tracks);
  stack.env.NODE_OPTIONS = AGED;

  const settled = async () => {
    const accounts = await Promise.all([stack.account('lago'), stack.account('hyperline')]);
    return accounts.every(({ inFlight }) => inFlight === 0);
  };
  let crashes = 0;
  for (let isDone = false; !isDone; ) {
    const worker = await startVulnerable(stack, `"${poison}"`);
    let isGone = false;
    void worker.exited.then(() => {
      isGone = true;
    });
    await waitFor(
      async () => {
        isDone = await settled();
        return isDone || isGone;
      },
      { what: 'an end' },
    );
    if (isDone) continue;
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
    crashes += 1;
    expect(crashes).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(100)) + 5);
    await expireLocks(stack.redis);
  }

  expect(crashes).toBeGreaterThanOrEqual(6);
  const letters: DeadLetterEntry<StoredDelivery>[] = [];
  for await (const entry of readDeadLetters<StoredDelivery>('lago', stack.redis)) letters.push(entry);
  expect(letters.map(({ letter }) => letter)).toMatchObject([
    { reason: 'poison', event: { messageId: poison } },
  ]);
  const [lago, hyperline] = await Promise.all([stack.account('lago'), stack.account('hyperline')]);
  expect(lago).toMatchObject({ difference: 0, dead: 1, jobs: { failed: 0 } });
  expect(hyperline).toMatchObject({ difference: 0, dead: 0, jobs: { failed: 0 } });
  const idsIn = (api: Stack['sandbox']['lago'] | Stack['sandbox']['hyperline']) =>
    [...api.ledger.entries()].map(({ id }) => id).toSorted();
  expect(idsIn(stack.sandbox.lago)).toEqual(
    idsOf(tracks)
      .filter((id) => id !== poison)
      .toSorted(),
  );
  expect(idsIn(stack.sandbox.hyperline)).toEqual(idsOf(tracks).toSorted());
});

test('workers killed one after the other, while one API hangs and the other refuses the key, convict nobody', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const { lago, hyperline } = stack.sandbox;
  // Events only: a worker that starts reads something else as well.
  lago.faults.add({ times: 'always', match: { method: 'POST' }, hang: true });
  hyperline.faults.add({
    times: 'always',
    respond: { status: 401, body: { message: 'Missing authentication token' } },
  });
  // One job each: whatever is begun, it is the same.
  const tracks = makeTracks(2);
  await sendAll(receiver.url, tracks);

  for (let round = 0; round < 8; round += 1) {
    const { fired } = lago.faults;
    const { process } = await stack.startReady('worker');
    // It was sent and hangs; or nobody is old enough to try it.
    await waitFor(async () => lago.faults.fired > fired || (await stack.account('lago')).jobs.delayed === 1, {
      what: 'the worker to take it',
    });
    await waitFor(() => isHeld(stack, 'hyperline'), { what: 'the hold' });
    await waitFor(async () => (await stack.account('hyperline')).jobs.active === 1, { what: 'it in hand' });
    process.signal('SIGKILL');
    await process.exited;
    await expireLocks(stack.redis);
  }
  // The first time, as a whole, one of two: then it takes an older worker.
  expect(lago.faults.fired).toBe(3);

  lago.faults.clear();
  hyperline.faults.clear();
  await probeNow(stack, 'hyperline');
  await stack.startReady('worker');
  const accounts = await stack.settled(tracks.length);
  expect(accounts).toMatchObject({
    lago: { dead: 0, difference: 0 },
    hyperline: { dead: 0, difference: 0 },
  });
  expectEachOnce(stack.sandbox, idsOf(tracks));
});

test('told to stop while jobs of a crashed worker wait for their turn and their gate, it hands them back at once', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 1_000 } });
  const receiver = await stack.startReady('receiver');
  stack.sandbox.hyperline.faults.add({
    times: 'always',
    respond: { status: 401, body: { message: 'Missing authentication token' } },
  });
  // Nothing of the first worker's is done, however long the hold takes to be seen.
  stack.sandbox.lago.faults.add({ times: 'always', hang: true });
  const tracks = makeTracks(300);
  await sendAll(receiver.url, tracks, 20);
  const first = await stack.startReady('worker');
  await waitFor(() => isHeld(stack, 'hyperline'), { what: 'the hold' });
  first.process.signal('SIGKILL');
  await first.process.exited;
  stack.sandbox.lago.faults.clear();
  expect(await expireLocks(stack.redis)).toBeGreaterThan(10);

  const { faults } = stack.sandbox.lago;
  const { fired } = faults;
  // No trouble: so that events are counted, and not what a worker reads at its start.
  faults.add({ times: 'always', match: { method: 'POST' }, delayMs: 1 });
  const second = await stack.startReady('worker');
  await waitFor(() => faults.fired > fired, { what: 'a trial' });
  second.process.signal('SIGTERM');
  // A drain that takes long is cut, and ends with 1.
  expect(await second.process.exited).toEqual({ code: 0, signal: null });
  for (const destination of ['lago', 'hyperline']) {
    const { jobs, dead, difference } = await stack.account(destination);
    expect({ jobs, dead, difference }).toMatchObject({
      jobs: { active: 0, delayed: 0, failed: 0 },
      dead: 0,
      difference: 0,
    });
    for (const id of await stack.redis.lrange(`meterbridge:{${destination}}:deliveries:wait`, 0, -1)) {
      const data = JSON.parse(
        (await stack.redis.hget(`meterbridge:{${destination}}:deliveries:${id}`, 'data'))!,
      );
      expect(data.isolation?.trial?.begun ?? false).toBe(false);
    }
  }
});
