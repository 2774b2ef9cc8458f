import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, type Track } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** No API holds up what is about interruptions: none has a limit. */
const FAST = CONFIG.replaceAll(/requestsPerSecond: \d+/g, 'requestsPerSecond: unlimited');
const WRONG = `${FAST}\nreceiver: { maxEventAgeDays: 1 }\n`;
const MENDED = FAST.replace('as: number }', 'as: number, default: 0 }');

const KILLS = 4;

/** Letters of Lago that map by now, and letters of the receiver that are Segment events by now. */
async function openMended(ofLago: number, ofReceiver: number): Promise<{ stack: Stack; tracks: Track[] }> {
  const old = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const unmapped = makeTracks(ofLago, { properties: { model: 'small', subscription_id: 'sub-1' } });
  const late = makeTracks(ofReceiver, { timestamp: old });
  const stack = await stacks.open({ config: WRONG });
  await stack.settle([...unmapped, ...late], ofLago);
  expect([(await stack.account()).dead, (await stack.account('receiver')).dead]).toEqual([
    ofLago,
    ofReceiver,
  ]);
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
  });
  return !isOver;
}

/** Lets the seconds pass in Redis after which a replay of whose worker nobody hears is taken by another one. */
async function expireHolder(stack: Stack, id = '1'): Promise<void> {
  await stack.redis.del(`meterbridge:{replays}:${id}:holder`);
}

test('its worker is killed again and again: others go on, nothing is lost and nothing doubled', async () => {
  const [ofLago, ofReceiver] = [1_500, 500];
  const all = ofLago + ofReceiver;
  const { stack, tracks } = await openMended(ofLago, ofReceiver);
  let worker = await stack.startReady('worker');
  const begin = ['dead-letters', 'replay', '--all', '--yes', '--rate', '400', '--wait', '--json'];
  const watching = stack.start('cli', begin);
  let kills = 0;
  for (; kills < KILLS; kills += 1) {
    // Somewhere behind its next steps, at whatever moment that is for it.
    const until = (await putBack(stack, all)) + 1 + Math.floor(Math.random() * 200);
    if (!(await reached(stack, watching, all, until)) || (await putBack(stack, all)) === all) break;
    worker.process.signal('SIGKILL');
    expect(await worker.process.exited).toMatchObject({ signal: 'SIGKILL' });
    await expireHolder(stack);
    for (const name of ['lago', 'receiver']) expect((await stack.account(name)).difference).toBe(0);
    worker = await stack.startReady('worker');
  }
  expect(kills).toBeGreaterThanOrEqual(KILLS / 2);
  expect(await watching.exited).toMatchObject({ code: 0 });
  // That no worker is there is said on the way.
  const report = watching.output();
  const { replay } = JSON.parse(report.slice(report.search(/^{/m))) as { replay: object };
  expect(replay).toMatchObject({
    state: 'done',
    replayed: all,
    left: {},
    deliveries: ofLago + 2 * ofReceiver,
    deadAgain: [],
  });
  expect(await stack.account('receiver')).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
  for (const name of ['lago', 'hyperline']) {
    expect(await stack.account(name)).toMatchObject({ accepted: all, dead: 0, difference: 0 });
  }
  expectEachOnce(
    stack.sandbox,
    tracks.map(({ messageId }) => messageId),
  );
  expect(await stack.cli('audit', '--wait', '60')).toMatchObject({ code: 0 });
});

test('where no worker runs, a command that does not wait ends, and the first worker runs the replay', async () => {
  const { stack } = await openMended(20, 0);
  const { code, output } = await stack.cli('dead-letters', 'replay', '--all', '--yes', '--no-wait');
  expect([code, output]).toEqual([1, expect.stringContaining('No worker runs.')]);
  expect(await show(stack)).toMatchObject({ state: 'waiting', replayed: 0 });
  await stack.startReady('worker');
  await waitFor(async () => (await show(stack)).state === 'done', { what: 'the replay' });
});

test('goes on when its terminal ends, is stopped from another one, and goes on when a person says so', async () => {
  const all = 300;
  const { stack } = await openMended(all, 0);
  expect(await stack.cli('hold', 'lago', '--reason', 'a test')).toMatchObject({ code: 0 });
  const worker = await stack.startReady('worker');
  const watching = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '20']);
  expect(await reached(stack, watching, all, 1)).toBe(true);
  watching.signal('SIGINT');
  expect(await watching.exited).toMatchObject({ code: 1 });
  expect(watching.output()).toContain('The replay goes on.');
  const then = await putBack(stack, all);
  await waitFor(async () => (await putBack(stack, all)) > then, { what: 'the next step' });
  expect(await show(stack)).toMatchObject({ state: 'running' });
  const busy = await stack.cli('replays', 'resume', '1');
  expect(busy).toMatchObject({ code: 1, output: expect.stringContaining('is running') });

  const stopped = await stack.cli('replays', 'stop', '1');
  expect(stopped).toMatchObject({ code: 0, output: expect.stringContaining('Replay 1 was stopped') });
  expect(stopped.output).toContain('meterbridge replays resume 1');
  const replayed = await putBack(stack, all);
  expect(replayed).toBeLessThan(all);
  expect(await show(stack)).toMatchObject({ state: 'stopped', replayed, inFlight: replayed, delivered: 0 });

  // What dies meanwhile is not of this replay, though it is of the same reason.
  worker.process.signal('SIGTERM');
  expect(await worker.process.exited).toMatchObject({ code: 0 });
  await stack.writeConfig(WRONG);
  expect(await stack.cli('resume', 'lago')).toMatchObject({ code: 0 });
  await stack.settle(
    makeTracks(7, { properties: { model: 'small', subscription_id: 'sub-1' } }),
    replayed + 7,
  );
  // What the replay had put back was mapped by the rules of its plan, whatever those of the worker were.
  expect(await stack.account()).toMatchObject({ delivered: replayed, dead: all - replayed + 7 });

  await stack.writeConfig(MENDED);
  await stack.startReady('worker');
  const end = await stack.cli('replays', 'resume', '1', '--no-wait');
  expect(end).toMatchObject({ code: 0, output: expect.stringContaining('Replay 1 is done') });
  expect(await stack.cli('audit', '--wait', '60')).toMatchObject({ code: 0 });
  expect(await stack.account()).toMatchObject({ delivered: all, dead: 7, difference: 0 });
  expect(await show(stack)).toMatchObject({ state: 'done', replayed: all });
});

test('a worker that drains lets go of it, and the next one goes on at once', async () => {
  const all = 200;
  const { stack } = await openMended(all, 0);
  const worker = await stack.startReady('worker');
  const watching = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '60']);
  expect(await reached(stack, watching, all, 1)).toBe(true);
  worker.process.signal('SIGTERM');
  expect(await worker.process.exited).toMatchObject({ code: 0 });
  expect(await show(stack)).toMatchObject({ state: 'waiting' });
  await stack.startReady('worker');
  expect(await watching.exited).toMatchObject({ code: 0 });
  expect(await show(stack)).toMatchObject({ state: 'done', replayed: all });
});

test('a Redis that is killed under it is waited for, and each letter goes once', async () => {
  const all = 900;
  const { stack } = await openMended(all - 300, 300);
  await stack.startReady('worker');
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
