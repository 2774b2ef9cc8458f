import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookAtGate } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { expectEachOnce, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const idsOf = (tracks: { messageId: string }[]) => tracks.map(({ messageId }) => messageId);

test('what is held by hand is not sent, over restarts of workers, and all of it once it is resumed', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const first = await stack.startReady('worker');
  const before = makeTracks(50);
  await sendAll(receiver.url, before);
  await stack.settled(50);

  const held = await stack.cli('hold', 'lago', '--reason', 'wrong mapping deployed');
  expect([held.code, held.output]).toEqual([0, expect.stringContaining('meterbridge resume lago')]);
  await waitFor(
    () => /"reason":"wrong mapping deployed".*"msg":"destination.held"/.test(first.process.output()),
    {
      what: 'the worker to see it',
    },
  );
  const by = (await lookAtGate('lago', stack.redis)).handHold!.by;
  expect(by).toMatch(/.+@.+/);
  expect(first.process.output()).not.toContain(`"by"`);

  const during = makeTracks(300);
  await sendAll(receiver.url, during);
  // The other destination shows that the worker has had its time with them.
  await waitFor(async () => (await stack.account('hyperline')).delivered === 350, { what: 'the other one' });
  expect(await stack.account()).toMatchObject({ accepted: 350, delivered: 50, inFlight: 300 });
  const metrics = async (url: string) => (await fetch(`${url}/metrics`)).text();
  expect(await metrics(first.url)).toContain('breaker_state{destination="lago",state="held"} 1');
  expect(await metrics(first.url)).toContain('breaker_state{destination="hyperline",state="held"} 0');

  first.process.signal('SIGTERM');
  expect(await first.process.exited).toMatchObject({ code: 0 });
  const next = await stack.startReady('worker');
  await waitFor(() => next.process.output().includes('destination.held'), { what: 'the next one to see it' });
  const after = makeTracks(20);
  await sendAll(receiver.url, after);
  await waitFor(async () => (await stack.account('hyperline')).delivered === 370, { what: 'the other one' });
  expect(stack.sandbox.lago.ledger.counts().keys).toBe(50);

  const resumed = await stack.cli('resume', 'lago');
  expect(resumed.code).toBe(0);
  expect(resumed.output).toContain(`held by ${by} since`);
  expect(resumed.output).toContain('wrong mapping deployed');
  const { lago } = await stack.settled(370);
  expect(lago).toMatchObject({ accepted: 370, delivered: 370, duplicate: 0, dead: 0, difference: 0 });
  expectEachOnce(stack.sandbox, idsOf([...before, ...during, ...after]));
  await waitFor(() => next.process.output().includes('destination.resumed'), { what: 'the word of it' });
  expect((await stack.cli('resume', 'lago')).output).toContain('lago is not held');
});

test('what is held while a wrong mapping is live dies of nothing, and is mapped by the mended one', async () => {
  const wrong = CONFIG.replace('path: properties.tokens', 'path: properties.token_count');
  const stack = await stacks.open({ config: wrong });
  const receiver = await stack.startReady('receiver');
  const first = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(20));
  await waitFor(async () => (await stack.account()).dead === 20, { what: 'what dies before anybody knows' });

  expect(await stack.cli('hold', 'lago', '--reason', 'wrong mapping')).toMatchObject({ code: 0 });
  await waitFor(() => first.process.output().includes('destination.held'), { what: 'the worker to see it' });
  const during = makeTracks(1_200);
  await sendAll(receiver.url, during);
  // The other destination shows that the worker has had its time with them.
  await waitFor(async () => (await stack.account('hyperline')).delivered === 1_220, {
    what: 'the other one',
  });
  expect(await stack.account()).toMatchObject({ dead: 20, delivered: 0, inFlight: 1_200, difference: 0 });

  first.process.signal('SIGTERM');
  expect(await first.process.exited).toMatchObject({ code: 0 });
  expect(await stack.account()).toMatchObject({ dead: 20, inFlight: 1_200, difference: 0 });
  await stack.writeConfig(CONFIG);
  await stack.startReady('worker');
  expect(await stack.cli('resume', 'lago')).toMatchObject({ code: 0 });
  await waitFor(async () => (await stack.account()).delivered === 1_200, { what: 'the deliveries' });
  expect(await stack.account()).toMatchObject({ dead: 20, duplicate: 0, inFlight: 0, difference: 0 });
  expect([...stack.sandbox.lago.ledger.entries()].map(({ id }) => id).toSorted()).toEqual(
    idsOf(during).toSorted(),
  );
});

test('resume ends a hold by a refused key at once, and the key proves itself', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const key = stack.env.LAGO_API_KEY;
  stack.env.LAGO_API_KEY = 'a-key-of-long-ago';
  const wrong = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(10));
  await waitFor(async () => (await lookAtGate('lago', stack.redis)).hold, { what: 'the hold' });
  wrong.process.signal('SIGTERM');
  await wrong.process.exited;

  stack.env.LAGO_API_KEY = key;
  await stack.startReady('worker');
  const resumed = await stack.cli('resume', 'lago', '--json');
  expect(JSON.parse(resumed.output)).toMatchObject({
    destination: 'lago',
    ended: { byHand: null, byAnswer: { code: 'unauthorized' } },
  });
  // Without it, the next probe would be a minute away.
  expect((await stack.settled(10)).lago).toMatchObject({ delivered: 10, dead: 0 });
});

test('where no replica has it, nobody is told that it is done', async () => {
  const stack = await stacks.open({ config: `${CONFIG}\nredis: { replicas: 1 }\n` });
  const file = join(dirname(stack.env.METERBRIDGE_CONFIG!), 'letters.ndjson');
  const at = new Date().toISOString();
  const letter = { source: 'backend', reason: 'too_old', detail: 'too old', raw: {}, receivedAt: at };
  await writeFile(file, `${JSON.stringify({ id: 'receiver/1-0', at, cell: '400000/backend', letter })}\n`);
  const discard = ['dead-letters', 'discard', '--all', '--because', 'a test', '--yes'];
  for (const args of [
    ['hold', 'lago', '--reason', 'x'],
    ['resume', 'lago'],
    ['dead-letters', 'import', file],
    discard,
    // Said again, when nothing is left.
    discard,
  ]) {
    const { code, output } = await stack.cli(...args);
    expect([code, output]).toEqual([1, expect.stringMatching(/^Redis has it, but 0 of 1 replicas /m)]);
  }
});

test('refuses a destination that there is not, and a hold without a word why', async () => {
  const stack = await stacks.open();
  for (const [args, code, said] of [
    [['hold', 'lgao', '--reason', 'x'], 1, 'no destination lgao; there are lago, hyperline'],
    [['resume', 'lgao'], 1, 'no destination lgao'],
    [['hold', 'lago'], 2, '--reason'],
    [['hold', 'lago', '--reason', ' '], 1, 'say why'],
  ] as const) {
    const refused = await stack.cli(...args);
    expect([refused.code, refused.output]).toEqual([code, expect.stringContaining(said)]);
  }
  expect((await lookAtGate('lago', stack.redis)).handHold).toBeNull();
});
