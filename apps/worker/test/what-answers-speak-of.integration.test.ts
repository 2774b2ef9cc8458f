import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { lookAtGate, readDeadLetters } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import { LAGO_KEY } from '../../cli/test/stack-config.js';
import { isHeld, probeNow } from './held-destination.js';
import { untilSettled } from './until-settled.js';

const suite = useRedis();
const stacks = useStack(suite);

/** Who is named, and who is looked up; what fails alone for four seconds is a dead letter. */
const CONFIG = `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
retry: { failsAloneAfterMinutes: 0.07 }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    timeoutMs: 5000
    limit: { requestsPerSecond: 200, concurrency: 4 }
    rules:
      - name: calls
        when: event = "API Call"
        code: api_call
        subscription: { value: sub-named }
        properties: { note: { path: properties.note, default: none } }
      - name: seats
        when: event = "Seat"
        code: seats
        subscription: { lookup: customer, customer: userId }
`;

const HTML = '<html><head><title>403 Forbidden</title></head><body>nginx</body></html>';
const HOSTILE = "' OR 1=1 --";

const open = () =>
  stacks.open({
    config: CONFIG,
    sandbox: {
      lago: {
        apiKey: LAGO_KEY,
        store: 'postgres',
        knownSubscriptions: ['u1', 'u2', HOSTILE].map((customer) => ({
          external_id: `sub-of-${customer}`,
          external_customer_id: customer,
        })),
      },
    },
  });

const noted = (track: Track, note: string): Track => ({
  ...track,
  properties: { ...(track.properties as object), note },
});
const stored = (stack: Stack) => new Set([...stack.sandbox.lago.ledger.entries()].map(({ id }) => id));

async function letters(stack: Stack): Promise<DeadLetter[]> {
  const all: DeadLetter[] = [];
  for await (const { letter } of readDeadLetters<DeadLetter>('lago', stack.redis)) all.push(letter);
  return all;
}

async function untilDead(stack: Stack, count: number): Promise<DeadLetter[]> {
  await waitFor(async () => (await stack.account()).dead >= count, { what: 'the dead' });
  return letters(stack);
}

/** Good ones that go on, ten times a second, until the work is done. */
async function beside<T>(url: string, work: Promise<T>): Promise<{ done: T; sent: Track[] }> {
  const sent: Track[] = [];
  let isDone = false;
  const going = (async () => {
    while (!isDone) {
      const more = makeTracks(5);
      await sendAll(url, more);
      sent.push(...more);
      await sleep(100);
    }
  })();
  const done = await work.finally(() => {
    isDone = true;
  });
  await going;
  return { done, sent };
}

test('one event that a firewall stops dies of it; its neighbours are delivered, and nothing is held', async () => {
  const stack = await open();
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { containsText: '<script>' },
    respond: { status: 403, headers: { 'content-type': 'text/html' }, body: HTML },
  });
  const tracks = makeTracks(2_000).map((track, at) => (at === 777 ? noted(track, '<script>') : track));
  await sendAll(receiver.url, tracks);
  const { done, sent } = await beside(receiver.url, untilDead(stack, 1));
  expect(done).toMatchObject([
    {
      reason: 'refused',
      event: { messageId: tracks[777]!.messageId },
      tries: { lastStatus: 403, lastDetail: expect.stringContaining('others were accepted') },
    },
  ]);
  const lago = await untilSettled(stack, 2_000 + sent.length);
  expect(lago).toMatchObject({ delivered: 1_999 + sent.length, dead: 1, difference: 0 });
  expect(stored(stack).size).toBe(1_999 + sent.length);
  expect(await lookAtGate('lago', stack.redis)).toMatchObject({ hold: null });
});

test('twenty events that an API fails on leave all that come after them alone, and end as dead letters', async () => {
  const stack = await open();
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { containsText: '<boom>' },
    respond: { status: 500, body: 'oops' },
  });
  const bad = makeTracks(20).map((track) => noted(track, '<boom>'));
  await sendAll(receiver.url, bad);
  const { done, sent } = await beside(receiver.url, untilDead(stack, 20));
  expect(done.map(({ reason }) => reason)).toEqual(Array(20).fill('fails_alone'));
  expect(done[0]).toMatchObject({
    sentUnder: expect.any(String),
    usage: { body: expect.stringContaining('<boom>') },
  });
  const lago = await untilSettled(stack, 20 + sent.length);
  expect(lago).toMatchObject({ delivered: sent.length, dead: 20, difference: 0 });
  expect(stored(stack)).toEqual(new Set(sent.map(({ messageId }) => messageId)));
});

test('events that Lago has no room for die with their size as the likely reason', async () => {
  const stack = await open();
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  const large = new Set([3, 50, 120, 121, 299]);
  const tracks = makeTracks(300).map((track, at) =>
    large.has(at) ? noted(track, randomBytes(2_000).toString('hex')) : track,
  );
  await sendAll(receiver.url, tracks);
  const { done, sent } = await beside(receiver.url, untilDead(stack, 5));
  for (const { reason, tries } of done) {
    expect(reason).toBe('fails_alone');
    expect(tries.lastDetail).toMatch(/fails on this event alone: HTTP 500.*its size is the likely reason/);
  }
  const lago = await untilSettled(stack, 300 + sent.length);
  expect(lago).toMatchObject({ delivered: 295 + sent.length, dead: 5, difference: 0 });
});

test.each([
  ['a page of nginx with 400', { status: 400, body: '<html><h1>400 Bad Request</h1></html>' }],
  [
    'a gateway that knows no such path',
    { status: 404, body: { message: 'Cannot POST /api/v1/events/batch' } },
  ],
])('%s to every request holds the destination, and nothing dies', async (_what, respond) => {
  const stack = await open();
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  stack.sandbox.lago.faults.add({ times: 'always', respond });
  const tracks = makeTracks(1_000);
  await sendAll(receiver.url, tracks);
  await waitFor(() => isHeld(stack, 'lago'), { what: 'the hold' });
  const { requests } = stack.sandbox.lago.inspect();
  expect(requests).toBeLessThan(60);
  expect((await lookAtGate('lago', stack.redis)).hold).toMatchObject({ code: 'refused_all' });
  expect((await stack.cli('status')).output).toContain(`HTTP ${respond.status}`);
  // One probe more finds it as it was, and kills nothing.
  const before = stack.sandbox.lago.inspect().requests;
  await probeNow(stack, 'lago');
  await waitFor(() => stack.sandbox.lago.inspect().requests > before, { what: 'a probe' });
  expect(await stack.account()).toMatchObject({ dead: 0, inFlight: 1_000 });
  stack.sandbox.lago.faults.clear();
  await waitFor(
    async () => {
      if (await isHeld(stack, 'lago')) await probeNow(stack, 'lago');
      return !(await isHeld(stack, 'lago'));
    },
    { what: 'a probe that opens it' },
  );
  const lago = await untilSettled(stack, 1_000);
  expect(lago).toMatchObject({ delivered: 1_000, dead: 0, difference: 0 });
});

test('a firewall that stops one read keeps no other customer from being read', async () => {
  const stack = await open();
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { containsText: '%27%20OR' },
    respond: { status: 403, body: HTML },
  });
  const seats = makeTracks(400, { event: 'Seat' }).map((track, at) => ({
    ...track,
    userId: at === 123 ? HOSTILE : `u${1 + (at % 2)}`,
  }));
  await sendAll(receiver.url, seats);
  await waitFor(() => stored(stack).size === 399, { what: 'the others' });
  await waitFor(async () => (await stack.account()).delivered === 399, { what: 'their settlement' });
  expect((await lookAtGate('lago:reads', stack.redis)).hold).toBeNull();
  stack.sandbox.lago.faults.clear();
  const lago = await untilSettled(stack, 400);
  expect(lago).toMatchObject({ delivered: 400, dead: 0, difference: 0 });
});

test('what is answered is settled, while another of its job waits for a read that is held', async () => {
  const stack = await open();
  const receiver = await stack.startReady('receiver');
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/subscriptions' },
    respond: { status: 403, body: { status: 403, error: 'Forbidden', code: 'read_action_not_allowed' } },
  });
  const named = makeTracks(20);
  const [seat] = makeTracks(1, { event: 'Seat', userId: 'u1' });
  const [nobody] = makeTracks(1, { event: 'Seat', userId: undefined, anonymousId: 'a' });
  await sendAll(receiver.url, [...named, seat!, nobody!]);
  const worker = await stack.startReady('worker');
  await waitFor(() => isHeld(stack, 'lago:reads'), { what: 'the hold' });
  await waitFor(async () => (await stack.account()).delivered === 20, {
    what: 'the settlement',
  });
  expect(await stack.account()).toMatchObject({ delivered: 20, dead: 1, inFlight: 1, difference: 0 });
  worker.process.signal('SIGKILL');
  await worker.process.exited;
  expect(await stack.account()).toMatchObject({ delivered: 20, duplicate: 0, inFlight: 1, difference: 0 });
});
