import { afterEach, expect, test } from '@jest/globals';
import { type SuiteRedis, useSentinels, waitFor } from '@meterbridge/testing';
import { useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';
import { lostOf, type SteadyLoad, startSteadyLoad } from './steady-load.js';

const sentinels = useSentinels();
const stacks = useStack(sentinels as unknown as SuiteRedis);
let load: SteadyLoad | undefined;
afterEach(() => load?.abandon());

async function openUnderLoad() {
  const stack = await stacks.open({ config: `${CONFIG}redis: { replicas: 1 }\n` });
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

test('the Sentinels hand over as they are told to: nothing is lost, although the old master goes on for a while', async () => {
  const { stack, running, more } = await openUnderLoad();
  await sentinels.failOver();
  await more(300, 'answers after the failover');
  await running.end();
  const { lago, hyperline } = await stack.settled(running.answered.length, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  expect(lostOf(stack.sandbox, running.answered)).toEqual([]);
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
  expect((await stack.cli('check')).output).toContain('a master by the word of Sentinels');
});

test('the master is killed: the Sentinels promote its replica, and nothing is lost that a replica had to have', async () => {
  const { stack, running, more } = await openUnderLoad();
  const master = await sentinels.master();
  await master.kill('SIGKILL');
  await sentinels.moved(master);
  // Until there is a replica again, nothing is answered 200.
  await master.restart();
  await more(300, 'answers after the failover');
  await running.end();
  const { lago, hyperline } = await stack.settled(running.answered.length, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  expect(lostOf(stack.sandbox, running.answered)).toEqual([]);
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
});
