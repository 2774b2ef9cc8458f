import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const KEY = '0123456789abcdef0123456789abcdef';
const WITH_KEY = `${CONFIG}\nprivacyKey: ${KEY}\n`;
const ANN = { userId: 'ann-4711' };
/** Requests one after the other, so that each is a job or nearly. */
const JOBS = 60;

async function fill(stack: Stack): Promise<void> {
  const receiver = await stack.startReady('receiver');
  for (let job = 0; job < JOBS; job++) {
    await postBatch(receiver.url, [...makeTracks(1, ANN), ...makeTracks(1)]);
  }
  await sendAll(receiver.url, makeTracks(3, { ...ANN, type: 'unheard of' }));
}

test('killed in the middle and said again: each delivery is forgotten once, all others are delivered', async () => {
  const stack = await stacks.open({ config: WITH_KEY });
  await fill(stack);
  const look = await stack.cli('forget', '--user', ANN.userId, '--dry-run', '--json');
  expect(JSON.parse(look.output)).toEqual({
    found: {
      places: expect.arrayContaining([
        { destination: 'lago', letters: 0, waiting: JOBS, inHand: 0, maybeSent: 0 },
        { destination: 'hyperline', letters: 0, waiting: JOBS, inHand: 0, maybeSent: 0 },
        { destination: 'receiver', letters: 3, waiting: 0, inHand: 0, maybeSent: 0 },
      ]),
      lateUsage: 0,
      subscriptions: 0,
      records: 0,
      isRefused: false,
      unreadable: 0,
      mayBeInReceipts: false,
    },
  });
  expect((await stack.account()).discarded).toBe(0);

  const killed = stack.start('cli', ['forget', '--user', ANN.userId, '--yes']);
  const discarded = async () =>
    (await stack.account('lago')).discarded + (await stack.account('hyperline')).discarded;
  await waitFor(async () => (await discarded()) > 0, { what: 'the first to be forgotten' });
  killed.signal('SIGKILL');
  await killed.exited;
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });

  const again = await stack.cli('forget', '--user', ANN.userId, '--yes');
  expect([again.code, again.output]).toEqual([0, expect.stringContaining('append-only file')]);
  await stack.startReady('worker');
  for (const account of Object.values(await stack.settled(2 * JOBS))) {
    expect(account).toMatchObject({ delivered: JOBS, discarded: JOBS, difference: 0 });
  }
  expect(await stack.account('receiver')).toMatchObject({ dead: 0, discarded: 3, difference: 0 });
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });

  const records = await stack.cli('dead-letters', 'discards', '--json');
  expect(records.output).toContain('"what":"forgotten"');
  expect(records.output).not.toContain(ANN.userId);
  expect(records.output).not.toContain(KEY);
});

test('somebody has to be named, and is found nowhere', async () => {
  const stack = await stacks.open();
  expect(await stack.cli('forget', '--yes')).toMatchObject({ code: 2 });
  const nobody = await stack.cli('forget', '--anonymous', 'a1', '--yes');
  expect([nobody.code, nobody.output]).toEqual([
    0,
    expect.stringMatching(/Nothing of this person is kept[\s\S]*Without a privacyKey/),
  ]);
});
