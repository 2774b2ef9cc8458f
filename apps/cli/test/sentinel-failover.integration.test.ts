import { afterEach, expect, test } from '@jest/globals';
import { type SuiteRedis, useSentinels, waitFor } from '@meterbridge/testing';
import { expectEachOnce, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';
import { lostOf, type SteadyLoad, startSteadyLoad } from './steady-load.js';

const sentinels = useSentinels();
const stacks = useStack(sentinels as unknown as SuiteRedis);
let load: SteadyLoad | undefined;
afterEach(() => load?.end());

async function openUnderLoad() {
  const stack = await stacks.open({ config: CONFIG });
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

test('the Sentinels hand over as they are told to: everybody goes on, nothing is lost', async () => {
  const { stack, running, more } = await openUnderLoad();
  await sentinels.failOver();
  await more(300, 'answers after the failover');
  await running.end();
  const { lago, hyperline } = await stack.settled(running.answered.length, 60_000);
  expect([lago, hyperline]).toMatchObject([{ difference: 0 }, { difference: 0 }]);
  expectEachOnce(
    stack.sandbox,
    running.answered.map(({ messageId }) => messageId),
  );
  expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
  expect((await stack.cli('check')).output).toContain('a master by the word of Sentinels');
});

test('the master is killed: the Sentinels promote its replica, nothing older than a second is lost', async () => {
  const { stack, running, more } = await openUnderLoad();
  const master = await sentinels.master();
  const killedAt = Date.now();
  await master.kill('SIGKILL');
  await waitFor(async () => (await sentinels.master()) !== master, {
    what: 'the failover',
    timeoutMs: 40_000,
  });
  await more(300, 'answers after the failover');
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
