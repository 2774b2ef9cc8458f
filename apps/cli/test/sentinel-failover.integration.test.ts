import { expect, test } from '@jest/globals';
import { useSentinels } from '@meterbridge/testing';
import { useStackUnderLoad } from './stack-under-load.js';

const sentinels = useSentinels();
const open = useStackUnderLoad(sentinels);

test('the Sentinels hand over as they are told to: nothing is lost, although the old master goes on for a while', async () => {
  const { stack, more, expectNothingLost } = await open('{ replicas: 1 }');
  await sentinels.failOver();
  // Until the old master is a replica, nothing is answered 200.
  await more(300, 'answers after the failover');
  await expectNothingLost();
  expect((await stack.cli('check')).output).toContain('a master by the word of Sentinels, 1 replica');
});

test('the master is killed: the Sentinels promote its replica, and nothing is lost that a replica had to have', async () => {
  const { more, expectNothingLost } = await open('{ replicas: 1 }');
  const master = await sentinels.master();
  await master.kill('SIGKILL');
  await sentinels.moved(master);
  await master.restart();
  await more(300, 'answers after the failover');
  await expectNothingLost();
});
