import { expect, test } from '@jest/globals';
import { parseConfig } from '@meterbridge/config';
import type { Letter, LetterEntry } from '@meterbridge/operations';
import { createReplay, RECEIVER, ReplayLane, readDeadLetters } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { compilePipeline } from '../../../packages/operations/src/pipeline/pipeline.js';
import { Batch } from '../../../packages/operations/src/replay/batch.js';
import { compileJudge } from '../../../packages/operations/src/replay/judge-letter.js';
import { streamIdOf } from '../../../packages/operations/src/replay/lane.js';
import { makeTracks, sendAll, type Track } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** No API holds up what is about interruptions: none has a limit. */
const FAST = CONFIG.replaceAll(/requestsPerSecond: \d+/g, 'requestsPerSecond: unlimited');
const WRONG = `${FAST}\nreceiver: { maxEventAgeDays: 1 }\n`;
const MENDED = FAST.replace('as: number }', 'as: number, default: 0 }');

const KILLS = 10;

/** Letters of Lago that map by now, and letters of the receiver that are Segment events by now. */
async function openMended(ofLago: number, ofReceiver: number): Promise<{ stack: Stack; tracks: Track[] }> {
  const old = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const unmapped = makeTracks(ofLago, { properties: { model: 'small', subscription_id: 'sub-1' } });
  const late = makeTracks(ofReceiver, { timestamp: old });
  const stack = await stacks.open({ config: WRONG });
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  await sendAll(receiver.url, [...unmapped, ...late], 500);
  await stack.settled(ofLago, 60_000);
  expect([(await stack.account()).dead, (await stack.account('receiver')).dead]).toEqual([
    ofLago,
    ofReceiver,
  ]);
  for (const { process } of [receiver, worker]) {
    process.signal('SIGTERM');
    expect(await process.exited).toMatchObject({ code: 0 });
  }
  await stack.writeConfig(MENDED);
  return { stack, tracks: [...unmapped, ...late] };
}

type Shown = { state: string; replayed: number; inFlight: number; delivered: number; deadAgain: object[] };

async function show(stack: Stack, id = '1'): Promise<Shown> {
  return JSON.parse((await stack.cli('replays', 'show', id, '--json')).output) as Shown;
}

/** Letters that are put back by now, wherever they lay. */
async function putBack(stack: Stack, of: number): Promise<number> {
  const [lago, receiver] = await Promise.all([stack.account(), stack.account('receiver')]);
  return of - lago.dead - receiver.dead;
}

/** Until so many are put back; false where the command has ended before. */
async function reached(stack: Stack, running: RunningProcess, of: number, letters: number): Promise<boolean> {
  let isOver = false;
  void running.exited.then(() => {
    isOver = true;
  });
  await waitFor(async () => isOver || (await putBack(stack, of)) >= letters, {
    what: 'the replay to go on',
    timeoutMs: 60_000,
  });
  return !isOver;
}

/** Lets the seconds pass in Redis after which a replay of which nobody hears is interrupted. */
async function expireHolder(stack: Stack, id = '1'): Promise<void> {
  await stack.redis.del(`meterbridge:{replays}:${id}:holder`);
}

test('killed again and again while a worker delivers, it loses nothing and doubles nothing', async () => {
  const [ofLago, ofReceiver] = [6_000, 2_000];
  const all = ofLago + ofReceiver;
  const { stack, tracks } = await openMended(ofLago, ofReceiver);
  await stack.startReady('worker');

  const begin = ['dead-letters', 'replay', '--all', '--yes', '--rate', '3000'];
  let kills = 0;
  for (; kills < KILLS; kills += 1) {
    const before = await putBack(stack, all);
    const running = stack.start('cli', kills === 0 ? begin : ['replays', 'resume', '1']);
    // Somewhere behind its next steps, at whatever moment that is for it.
    const until = before + 1 + Math.floor(Math.random() * 200);
    if (!(await reached(stack, running, all, until))) break;
    running.signal('SIGKILL');
    expect(await running.exited).toMatchObject({ signal: 'SIGKILL' });
    await expireHolder(stack);
    for (const name of ['lago', 'receiver']) expect((await stack.account(name)).difference).toBe(0);
  }
  expect(kills).toBeGreaterThan(KILLS / 2);
  expect((await show(stack)).state).toMatch(/interrupted|done/);
  const last = await stack.cli('replays', 'resume', '1', '--wait', '--json');
  expect(last).toMatchObject({ code: 0 });
  const { replay } = JSON.parse(last.output) as { replay: object };
  expect(replay).toMatchObject({
    state: 'done',
    replayed: all,
    left: {},
    deliveries: ofLago + 2 * ofReceiver,
    delivered: ofLago + 2 * ofReceiver,
    deadAgain: [],
  });
  expect(await stack.account('receiver')).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
  for (const name of ['lago', 'hyperline']) {
    const account = await stack.account(name);
    expect(account).toMatchObject({ accepted: all, delivered: all, duplicate: 0, dead: 0, difference: 0 });
  }
  // Once on the wire, not only once on the bill.
  expectEachOnce(
    stack.sandbox,
    tracks.map(({ messageId }) => messageId),
  );
  for (const api of [stack.sandbox.lago, stack.sandbox.hyperline]) {
    expect(api.ledger.counts()).toEqual({ keys: all, storedAgain: 0, refusedAgain: 0, changed: 0 });
  }
  expect(await stack.cli('audit')).toMatchObject({ code: 0 });
}, 300_000);

test("killed between two destinations of the receiver's letters, it gives neither of them twice", async () => {
  const all = 700;
  const { stack, tracks } = await openMended(0, all);
  await stack.startReady('worker');
  const parsed = parseConfig(MENDED, stack.env);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const judge = compileJudge(compilePipeline(parsed.config));
  // What a process has done that is killed there: the first three hundred are on the queue of one of two.
  const batch = new Batch('');
  const letters: LetterEntry[] = [];
  for await (const entry of readDeadLetters<Letter>(RECEIVER, stack.redis)) letters.push(entry);
  for (const entry of letters.slice(0, 300)) batch.add(entry, judge(entry, '1'), false);
  const id = await createReplay(stack.redis, 'killed', {
    by: 'a test',
    what: { filter: {}, pace: {}, includeFailing: false, planned: all },
    lanes: [{ destination: RECEIVER, through: streamIdOf(letters.at(-1)!) }],
  });
  const lane = new ReplayLane('lago', id, stack.redis);
  expect(await lane.take(batch.addStep('lago', new Set(), 400_000)!)).toBe(true);
  await lane.close();
  await expireHolder(stack, id);
  expect((await show(stack, id)).state).toBe('interrupted');

  expect(await stack.cli('replays', 'resume', id, '--wait')).toMatchObject({ code: 0 });
  for (const name of ['lago', 'hyperline']) {
    const account = await stack.account(name);
    expect(account).toMatchObject({ accepted: all, delivered: all, duplicate: 0, difference: 0 });
  }
  expectEachOnce(
    stack.sandbox,
    tracks.map(({ messageId }) => messageId),
  );
  expect(await stack.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
}, 120_000);

test('is stopped from another terminal, by a signal, and goes on from there', async () => {
  const all = 600;
  const { stack } = await openMended(all, 0);
  const running = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '20']);
  expect(await reached(stack, running, all, 1)).toBe(true);
  expect(await show(stack)).toMatchObject({ state: 'running' });
  const busy = await stack.cli('replays', 'resume', '1');
  expect(busy).toMatchObject({ code: 1, output: expect.stringContaining('is running') });

  const stopped = await stack.cli('replays', 'stop', '1');
  expect(stopped).toMatchObject({ code: 0, output: expect.stringContaining('Replay 1 was stopped') });
  expect(await running.exited).toMatchObject({ code: 1 });
  expect(running.output()).toContain('meterbridge replays resume 1');
  const before = await putBack(stack, all);
  expect(before).toBeLessThan(all);

  const again = stack.start('cli', ['replays', 'resume', '1']);
  await waitFor(async () => (await putBack(stack, all)) > before, {
    what: 'the next step',
    timeoutMs: 60_000,
  });
  again.signal('SIGINT');
  expect(await again.exited).toMatchObject({ code: 1 });
  expect(again.output()).toContain('Replay 1 was stopped');
  const replayed = await putBack(stack, all);
  expect(await show(stack)).toMatchObject({ state: 'stopped', replayed, inFlight: replayed, delivered: 0 });

  // What dies meanwhile is not of this replay, though it is of the same reason.
  await stack.writeConfig(WRONG);
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(7, { properties: { model: 'small', subscription_id: 'sub-1' } }));
  const worker = await stack.startReady('worker');
  await waitFor(async () => (await stack.account()).inFlight === 0, {
    what: 'a worker that fails all of them',
  });
  worker.process.signal('SIGTERM');
  await worker.process.exited;
  const dead = (await stack.account()).dead;
  expect(dead).toBe(all + 7);
  expect((await show(stack)).deadAgain).toEqual([
    { destination: 'lago', reason: 'unmapped', letters: replayed },
  ]);

  await stack.writeConfig(MENDED);
  const end = await stack.cli('replays', 'resume', '1', '--no-wait');
  expect(end).toMatchObject({ code: 0, output: expect.stringContaining('Replay 1 is done') });
  expect(await stack.account()).toMatchObject({
    inFlight: all - replayed,
    dead: replayed + 7,
    difference: 0,
  });
  expect(await show(stack)).toMatchObject({ state: 'done', replayed: all });
}, 300_000);

test('a Redis that is killed under it is waited for, and each letter goes once', async () => {
  const all = 2_000;
  const { stack } = await openMended(all - 500, 500);
  const running = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '300']);
  for (const part of [0.1, 0.6]) {
    expect(await reached(stack, running, all, part * all)).toBe(true);
    await suite.redis.kill('SIGKILL');
    await suite.redis.restart();
  }
  expect(await running.exited).toMatchObject({ code: 0 });
  expect(await show(stack)).toMatchObject({ state: 'done', replayed: all });
  for (const name of ['lago', 'hyperline']) {
    expect(await stack.account(name)).toMatchObject({ accepted: all, dead: 0, difference: 0 });
  }
});
