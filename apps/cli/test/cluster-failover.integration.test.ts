import { afterEach, expect, test } from '@jest/globals';
import { type SuiteRedis, useCluster, waitFor } from '@meterbridge/testing';
import { expectEachOnce, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';
import { lostOf, type SteadyLoad, startSteadyLoad } from './steady-load.js';

const cluster = useCluster({ masters: 3, hasReplicas: true });
const stacks = useStack(cluster as unknown as SuiteRedis);
let load: SteadyLoad | undefined;
afterEach(() => load?.end());

/** A key of the first shard: there lie the gate and the limiter, too. */
const FIRST = 'meterbridge:{lago}:ledger';

async function openUnderLoad() {
  const stack = await stacks.open({ config: `${CONFIG}redis: { shards: 4 }\n` });
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  await stack.startReady('worker');
  const running = startSteadyLoad(() => [receiver.url]);
  load = running;
  const more = (events: number, what: string) => {
    const from = running.answered.length;
    return waitFor(() => running.answered.length >= from + events, { what, timeoutMs: 40_000 });
  };
  await more(200, 'the beginning');
  return { stack, running, more };
}

test('a replica of the cluster takes over as planned: everybody goes on, nothing is lost', async () => {
  const { stack, running, more } = await openUnderLoad();
  const { replica } = await cluster.ofKey(FIRST);
  await cluster.connectTo(replica!).cluster('FAILOVER');
  await waitFor(async () => (await cluster.ofKey(FIRST)).master === replica, { what: 'the failover' });
  await more(300, 'answers after the failover');
  await running.end();
  const { lago, hyperline } = await stack.settled(running.answered.length, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  expectEachOnce(
    stack.sandbox,
    running.answered.map(({ messageId }) => messageId),
  );
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
});

test('a master of the cluster is killed: its replica takes over, nothing older than a second is lost', async () => {
  const { stack, running, more } = await openUnderLoad();
  const { master, replica } = await cluster.ofKey(FIRST);
  const killedAt = Date.now();
  await master.kill('SIGKILL');
  await waitFor(async () => (await cluster.ofKey(FIRST)).master === replica, {
    what: 'the failover',
    timeoutMs: 30_000,
  });
  await more(300, 'answers after the failover');
  // It comes back as a replica, while all goes on.
  await master.restart();
  await more(100, 'answers after its return');
  await running.end();
  const { lago, hyperline } = await stack.settled(1, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  // Replication is asynchronous: what was answered in the last moment may be gone, and nothing else.
  const lost = lostOf(stack.sandbox, running.answered);
  expect(lost.filter(({ at }) => at < killedAt - 1_000 || at > killedAt)).toEqual([]);
  expect([stack.sandbox.lago, stack.sandbox.hyperline].map((api) => api.ledger.counts().changed)).toEqual([
    0, 0,
  ]);
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
});
