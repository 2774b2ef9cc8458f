import { afterEach, expect, test } from '@jest/globals';
import { type SuiteRedis, useCluster, waitFor } from '@meterbridge/testing';
import { expectEachOnce, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';
import { lostOf, type SteadyLoad, startSteadyLoad } from './steady-load.js';

const cluster = useCluster({ masters: 3, hasReplicas: true });
const stacks = useStack(cluster as unknown as SuiteRedis);
let load: SteadyLoad | undefined;
afterEach(() => load?.abandon());

/** A key of the first shard: there lie the gate and the limiter, too. */
const FIRST = 'meterbridge:{lago}:ledger';

async function openUnderLoad(replicas: number) {
  const stack = await stacks.open({ config: `${CONFIG}redis: { shards: 4, replicas: ${replicas} }\n` });
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
  const { stack, running, more } = await openUnderLoad(0);
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

test('a master of the cluster is killed: its replica takes over, and nothing is lost that a replica had to have', async () => {
  const { stack, running, more } = await openUnderLoad(1);
  const { master, replica } = await cluster.ofKey(FIRST);
  await master.kill('SIGKILL');
  await waitFor(async () => (await cluster.ofKey(FIRST)).master === replica, {
    what: 'the failover',
    timeoutMs: 30_000,
  });
  // It comes back as a replica: until then its shards answer nothing, and the others take their turns.
  await master.restart();
  await more(300, 'answers after the failover');
  await running.end();
  const { lago, hyperline } = await stack.settled(running.answered.length, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  expect(lostOf(stack.sandbox, running.answered)).toEqual([]);
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
});
