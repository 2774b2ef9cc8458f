import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import {
  type Answered,
  makeTracks,
  postBatch,
  sendUntilTaken,
  type Track,
} from '../../cli/test/retrying-client.js';
import { expectEachOnce, useStack } from '../../cli/test/run-stack.js';
import { CONFIG } from '../../cli/test/stack-config.js';
import { withoutPersistence } from '../../cli/test/unsafe-redis.js';

const suite = useRedis();
const stacks = useStack(suite);

/** What a client is promised, with a little for what stands around it; and much more where the machine is that busy. */
async function withinASecondMs(url: string): Promise<number> {
  const durations: number[] = [];
  for (let asked = 0; asked < 10; asked += 1) {
    const began = performance.now();
    await (await fetch(`${url}/healthz`)).text();
    durations.push(performance.now() - began);
  }
  return 2_500 + 5 * Math.max(...durations);
}

const CLIENTS = 6;
/** Half a minute at least. */
const MOST_TRIES = 300;

/** Clients that send one batch after another, each until it is taken, for as long as they are let. */
function startClients(receiverUrl: string) {
  const sent: Track[] = [];
  /** Every one as it comes. */
  const answers: Answered[] = [];
  let isOver = false;
  const isTaken = async (batch: Track[]) => {
    const answered = await postBatch(receiverUrl, batch);
    answers.push(answered);
    return answered.status === 200;
  };
  const run = async () => {
    while (!isOver) {
      const batch = makeTracks(10);
      sent.push(...batch);
      for (let tries = 1; !(await isTaken(batch)); tries += 1) {
        if (tries > MOST_TRIES) throw new Error('never taken');
        await sleep(100);
      }
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, run));
  return {
    sent,
    answers,
    statuses: () => new Set(answers.map(({ status }) => status)),
    async finish() {
      isOver = true;
      await running;
    },
  };
}

test('Redis killed in the middle of a flow: what was answered 200 is delivered once, the rest is answered 503 and sent again', async () => {
  const stack = await stacks.open();
  const [receiver, worker] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  const clients = startClients(receiver.url);
  await waitFor(() => stack.sandbox.lago.ledger.size > 200, { what: 'deliveries before the crash' });

  await suite.redis.kill('SIGKILL');
  try {
    await waitFor(() => clients.statuses().has(503), { what: 'a client that is refused' });
    for (const { url } of [receiver, worker]) {
      await waitFor(async () => (await fetch(`${url}/readyz`)).status === 503, { what: 'not to be ready' });
    }
    expect((await fetch(`${receiver.url}/healthz`)).status).toBe(200);
    // Long enough for every client to be refused, some of them more than once.
    const refused = () => clients.answers.filter(({ status }) => status === 503).length;
    await waitFor(() => refused() >= 2 * CLIENTS, { what: 'the other clients to be refused' });
  } finally {
    await suite.redis.restart();
  }
  const before = stack.sandbox.lago.ledger.size;
  await waitFor(() => stack.sandbox.lago.ledger.size > before + 200, {
    what: 'deliveries after it',
  });
  await clients.finish();

  expect([...clients.statuses()].toSorted()).toEqual([200, 503]);
  const slowest = Math.max(...clients.answers.map(({ durationMs }) => durationMs));
  expect(slowest).toBeLessThan(await withinASecondMs(receiver.url));
  // A job that Redis gave out in the moment it died is in nobody's hand; it comes back when its lock ends.
  await stack.settled(clients.sent.length, 5_000).catch(async () => {
    await expireLocks(stack.redis);
    await stack.startReady('worker');
  });
  const { lago, hyperline } = await stack.settled(clients.sent.length);
  expect(lago).toMatchObject({ difference: 0, dead: 0 });
  expect(hyperline).toMatchObject({ difference: 0, dead: 0 });
  expectEachOnce(
    stack.sandbox,
    clients.sent.map(({ messageId }) => messageId),
  );
});

test('Redis frozen: every request is answered 503 within a second, and taken once it goes on', async () => {
  const stack = await stacks.open();
  const { url } = await stack.startReady('receiver');
  await sendUntilTaken(url, makeTracks(1));
  const sent = Array.from({ length: 12 }, () => makeTracks(5));
  let refused: Answered[];
  await suite.redis.kill('SIGSTOP');
  try {
    // Spread over more than a second, so that some come while the write of others hangs.
    refused = await Promise.all(
      sent.map(async (batch, index) => {
        await sleep(index * 130);
        return postBatch(url, batch);
      }),
    );
  } finally {
    await suite.redis.kill('SIGCONT');
  }
  expect(refused.map(({ status }) => status)).toEqual(sent.map(() => 503));
  expect(Math.max(...refused.map(({ durationMs }) => durationMs))).toBeLessThan(await withinASecondMs(url));

  const answers = await Promise.all(sent.map((batch) => sendUntilTaken(url, batch)));
  expect(answers.every((each) => each.length < 10)).toBe(true);
  await stack.startReady('worker');
  const { lago } = await stack.settled(61);
  // What timed out may have been stored all the same: accepted twice, delivered once.
  expect(lago).toMatchObject({ difference: 0, dead: 0, delivered: 61 });
  expect(stack.sandbox.lago.ledger.size).toBe(61);
});

test('Redis not there at all: the receiver listens, answers 503, and takes events once it comes', async () => {
  const stack = await stacks.open();
  await suite.redis.kill('SIGKILL');
  let url: string;
  try {
    url = await stack.start('receiver').url();
    const answered = await postBatch(url, makeTracks(1));
    expect(answered).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    expect(JSON.parse(answered.text)).toMatchObject({ success: false, code: 'store_unavailable' });
    expect(answered.durationMs).toBeLessThan(await withinASecondMs(url));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  } finally {
    await suite.redis.restart();
  }
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { what: 'a ready receiver' });
  expect((await postBatch(url, makeTracks(1))).status).toBe(200);
});

test('refuses a Redis that could lose what was acknowledged, unless the configuration allows it', async () => {
  const stack = await stacks.open();
  await withoutPersistence(stack.redis, async () => {
    const refused = stack.start('receiver');
    expect(await refused.exited).toEqual({ code: 1, signal: null });
    expect(refused.output()).toContain('Set `appendonly yes`');
    expect(refused.output()).toContain('allowDataLoss: true');
    await stack.writeConfig(`${CONFIG}\nredis: { allowDataLoss: true }\n`);
    const allowed = await stack.startReady('receiver');
    // What a process has logged comes through a pipe, and later than its answers.
    await waitFor(() => allowed.process.output().includes('redis.unsafe'), { what: 'the warning' });
    expect((await postBatch(allowed.url, makeTracks(1))).status).toBe(200);
  });
});

test('turns away one that was made unsafe while it was gone', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await withoutPersistence(stack.redis, async () => {
    await stack.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(await receiver.process.exited).toEqual({ code: 1, signal: null });
    expect(receiver.process.output()).toContain('Set `appendonly yes`');
  });
});
