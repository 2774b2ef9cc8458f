import { expect, test } from '@jest/globals';
import { deliveriesOf, readDeadLetters, walkJobs } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { loadFunction } from './segment-function.js';
import { CONFIG } from './stack-config.js';

const SECRET = 'function-secret-51aa';
/** An event without tokens dies at both destinations. */
const NEEDS_TOKENS = CONFIG.replace(
  'record: { "*": properties }',
  'record: { tokens: { path: properties.tokens, as: number } }',
);
const WITH_CALLS = `${NEEDS_TOKENS.replace(
  '    privacy:',
  `    functionSecret: \${SEGMENT_FUNCTION_SECRET}\n    deleteCalls: forget\n    privacy:`,
)}\nprivacyKey: 0123456789abcdef0123456789abcdef\n`;
const ANN = { userId: 'ann-4711' };
const UNMAPPED = { properties: { model: 'small', subscription_id: 'sub-1' } };
/** Jobs of each destination: more than a worker has in hand, so that some wait. */
const JOBS = 60;
const DEAD = 5;

const suite = useRedis();
const stacks = useStack(suite);

async function isKept({ redis }: Stack): Promise<boolean> {
  for await (const job of walkJobs(redis)) {
    if (deliveriesOf(job).some(({ event }) => event.userId === ANN.userId)) return true;
  }
  for (const name of ['lago', 'hyperline', 'receiver']) {
    for await (const { json } of readDeadLetters(name, redis)) if (json.includes(ANN.userId)) return true;
  }
  for (const key of await redis.keys('meterbridge:{forget-requests}:*')) {
    if ((await redis.type(key)) !== 'hash') continue;
    if (JSON.stringify(await redis.hgetall(key)).includes(ANN.userId)) return true;
  }
  return false;
}

test('a signed call has the person forgotten by workers, of which one is killed in the middle', async () => {
  const stack = await stacks.open({ config: WITH_CALLS });
  stack.env.SEGMENT_FUNCTION_SECRET = SECRET;
  const receiver = await stack.startReady('receiver');
  const settings = { endpoint: `${receiver.url}/webhooks/segment/backend`, secret: SECRET };

  const first = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(DEAD, { ...ANN, ...UNMAPPED }));
  await waitFor(async () => (await stack.account('lago')).dead === DEAD, { what: 'dead letters' });
  await waitFor(async () => (await stack.account('hyperline')).dead === DEAD, { what: 'dead letters' });
  first.process.signal('SIGTERM');
  await first.process.exited;
  for (let job = 0; job < JOBS; job++) {
    await postBatch(receiver.url, [...makeTracks(1, ANN), ...makeTracks(1)]);
  }
  for (const name of ['lago', 'hyperline']) await stack.cli('hold', name, '--reason', 'a test');

  const call = { type: 'suppress', messageId: 'call-1', ...ANN };
  // By a write key it is refused; its letter goes with the person.
  expect((await postBatch(receiver.url, [call])).text).toContain('deleteCalls: forget');
  const { onDelete } = loadFunction();
  expect(await onDelete(call, settings)).toBeUndefined();
  expect(await onDelete(call, settings)).toBeUndefined();
  const status = await stack.cli('status');
  expect(status.output).toContain('1 call asks to forget a person and is not done');

  const killed = stack.start('worker');
  const discarded = async () =>
    (await stack.account('lago')).discarded + (await stack.account('hyperline')).discarded;
  await waitFor(async () => (await discarded()) > 0, { what: 'the first to be forgotten' });
  killed.signal('SIGKILL');
  await killed.exited;
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });

  const second = await stack.startReady('worker');
  const metrics = async () => (await fetch(`${second.url}/metrics`)).text();
  const inHand = 'meterbridge_forget_requests_open{why="in_hand"} 1';
  await waitFor(async () => (await metrics()).includes(inHand), {
    what: 'a turn that finds jobs in the hand of a held destination',
  });
  const waits = await stack.cli('status');
  expect(waits.output.replaceAll(/\s+/g, ' ')).toContain(
    'tried again, since a worker has events of the person',
  );
  for (const name of ['lago', 'hyperline']) await stack.cli('resume', name);
  await waitFor(async () => (await metrics()).includes('meterbridge_forget_turns_total{result="done"} 1'), {
    what: 'the run to be done',
  });
  expect(await isKept(stack)).toBe(false);
  const all = 2 * JOBS + DEAD;
  for (const { delivered, discarded, ...account } of Object.values(await stack.settled(all))) {
    expect(account).toMatchObject({ accepted: all, dead: 0, difference: 0 });
    expect(delivered + discarded).toBe(all);
    // What a worker had in hand at the resume may have been delivered.
    expect(discarded).toBeGreaterThanOrEqual(DEAD);
  }
  expect(await stack.account('receiver')).toMatchObject({ dead: 0, discarded: 1, difference: 0 });

  // Later events of the person are refused, and the call is known again.
  await postBatch(receiver.url, makeTracks(2, ANN));
  expect(await stack.account('receiver')).toMatchObject({ notKept: 2, difference: 0 });
  expect(await onDelete(call, settings)).toBeUndefined();
  const records = await stack.cli('dead-letters', 'discards', '--json');
  expect(records.output).toContain('"by":"a call of backend"');
  const said = [receiver, second].map(({ process }) => process.output());
  for (const text of [...said, killed.output(), records.output, (await stack.cli('status')).output]) {
    expect(text).not.toContain(ANN.userId);
    expect(text).not.toContain('asks to forget');
  }
});
