import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import { CONFIG, PHONE } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const MENDED = CONFIG.replace('as: number }', 'as: number, default: 0 }');
const idsOf = (tracks: { messageId: string }[]) => tracks.map(({ messageId }) => messageId);

/** A stack in which `count` events could not be mapped for Lago; receiver and worker are gone again. */
async function openWithDeadLetters(count: number): Promise<{ stack: Stack; ids: string[] }> {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  const tracks = makeTracks(count, {
    properties: { model: 'small', subscription_id: 'sub-1' },
    traits: { phone: PHONE },
  });
  await sendAll(receiver.url, tracks, 500);
  await stack.settled(count);
  for (const { process } of [receiver, worker]) {
    process.signal('SIGTERM');
    expect(await process.exited).toMatchObject({ code: 0 });
  }
  return { stack, ids: idsOf(tracks) };
}

test('check is all green, and names the destination whose key is refused', async () => {
  const stack = await stacks.open();
  const green = await stack.cli('check');
  expect(green.output).not.toContain('✗');
  expect(green.output.match(/✓/g)!.length).toBeGreaterThanOrEqual(6);
  expect(green.code).toBe(0);

  stack.env.HYPERLINE_API_KEY = 'another-key-entirely';
  const red = await stack.cli('check', '--json');
  expect(red.code).toBe(1);
  const failed = (JSON.parse(red.output) as { level: string; what: string; detail: string }[]).filter(
    ({ level }) => level === 'fail',
  );
  expect(failed).toEqual([
    expect.objectContaining({
      what: expect.stringContaining('hyperline'),
      detail: expect.stringContaining('key'),
    }),
  ]);
  expect(red.output).not.toContain('another-key-entirely');
});

test('every problem of a configuration is printed at once, by whatever reads it, and nothing starts', async () => {
  const broken = CONFIG.replace('type = "track" and event = "API Call"', 'type = ')
    .replace('batchSize: 500', 'batchSize: many')
    .replace('privacy:', 'privaci:');
  const stack = await stacks.open({ config: broken });
  delete stack.env.LAGO_API_KEY;
  stack.env.LOG_LEVEL = 'loud';
  const outputs = await Promise.all(
    (['receiver', 'worker', 'cli'] as const).map(async (app) => {
      const started = stack.start(app, app === 'cli' ? ['check'] : []);
      expect(await started.exited).toEqual({ code: 1, signal: null });
      return started.output();
    }),
  );
  for (const output of outputs) {
    for (const problem of ['privaci', 'rules[0].when', 'batchSize', 'LAGO_API_KEY', 'LOG_LEVEL']) {
      expect(output).toContain(problem);
    }
  }
});

test('dead letters are listed, shown, and delivered by a replay once the configuration is mended', async () => {
  const { stack, ids } = await openWithDeadLetters(60);
  const listed = await stack.cli('dead-letters', 'list', '--json');
  expect(listed.code).toBe(0);
  const letters = listed.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(letters).toHaveLength(60);
  expect(new Set(letters.map(({ reason, rule }) => `${reason} ${rule}`))).toEqual(
    new Set(['unmapped api-calls']),
  );
  expect(letters[0]!.detail).toContain('properties.tokens');

  const shown = await stack.cli('dead-letters', 'show', letters[0]!.id!, '--json');
  const { letter } = JSON.parse(shown.output) as { letter: { event: Record<string, unknown> } };
  expect(letter.event).toMatchObject({ messageId: ids[0], event: 'API Call', traits: { phone: '+***' } });
  expect((await stack.cli('dead-letters', 'show', letters[0]!.id!)).output).toContain('unmapped');
  expect((await stack.cli('dead-letters', 'show', 'lago/1-1')).code).toBe(1);
  expect((await stack.cli('dead-letters', 'list')).output).toContain('60  lago  unmapped');

  // Before anything is mended they come back, with their history.
  await stack.startReady('worker');
  expect(
    (await stack.cli('dead-letters', 'replay', letters[0]!.id!, '--include-failing', '--yes')).code,
  ).toBe(0);
  await waitFor(async () => (await stack.account()).dead === 60, { what: 'the letter to be back' });
  const again = await stack.cli('dead-letters', 'list', '--json');
  const newest = JSON.parse(again.output.trim().split('\n').at(-1)!) as { id: string };
  expect((await stack.cli('dead-letters', 'show', newest.id)).output).toMatch(/before: +unmapped/);
});

test('a replay with the configuration of now delivers them, and the account adds up', async () => {
  const { stack, ids } = await openWithDeadLetters(60);
  await stack.writeConfig(MENDED);
  const resume = await stack.startHeld();
  const replayed = await stack.cli('dead-letters', 'replay', '--reason', 'unmapped', '--yes', '--json');
  expect(JSON.parse(replayed.output)).toMatchObject({
    replay: { state: 'done', replayed: 60, inFlight: 60 },
  });
  expect(await stack.account()).toMatchObject({ accepted: 60, dead: 0, inFlight: 60, difference: 0 });
  await resume();
  const { lago } = await stack.settled(60);
  expect(lago).toMatchObject({ accepted: 60, delivered: 60, dead: 0, difference: 0, deadByReason: {} });
  expectEachOnce(stack.sandbox, ids);
  expect((await stack.cli('dead-letters', 'list')).output).toContain('No dead letters.');
});

test('a replay whose command is killed goes on: its workers run it', async () => {
  const { stack, ids } = await openWithDeadLetters(6_000);
  await stack.writeConfig(MENDED);
  await stack.startReady('worker');
  const killed = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '2000']);
  await waitFor(async () => (await stack.account()).dead < ids.length, { what: 'the replay to begin' });
  killed.signal('SIGKILL');
  expect(await killed.exited).toMatchObject({ signal: 'SIGKILL' });
  const half = await stack.account();
  expect(half).toMatchObject({ accepted: ids.length, difference: 0 });
  expect(half.dead).toBeGreaterThan(0);
  await waitFor(async () => (await stack.account()).dead === 0, {
    what: 'the replay to come to its end',
  });
  const { lago } = await stack.settled(ids.length);
  expect(lago).toMatchObject({ accepted: ids.length, delivered: ids.length, dead: 0, difference: 0 });
  expectEachOnce(stack.sandbox, ids);
});
