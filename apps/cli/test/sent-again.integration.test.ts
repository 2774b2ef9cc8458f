import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { ReplayPlan, ReplaySummary } from '@meterbridge/operations';
import { useRedis, waitFor } from '@meterbridge/testing';
import { writeArchive } from '../../../packages/operations/test/archive.js';
import { makeTracks, type Track } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** A rule as it was first, wrongly. */
const WRONG_CODE = CONFIG.replace('code: api_call', 'code: api_cal').replace(
  'eventType: event',
  'eventType: { value: calls }',
);
const byAccount = (path: string) =>
  CONFIG.replace(/subscription: \[.*\]/, `subscription: ${path}`).replace(
    'customer: [context.groupId, userId]\n        eventType: event',
    `customer: ${path}\n        eventType: event`,
  );
/** No event can be mapped by it, at neither API. */
const broken = (config: string) =>
  config
    .replace('path: properties.tokens,', 'path: properties.nowhere,')
    .replace(
      'record: { "*": properties }',
      'record: { "*": properties, n: { path: properties.nowhere, as: number } }',
    );

const COUNT = 5;
const tracks = () =>
  makeTracks(COUNT, {
    properties: { tokens: 3, model: 'small', subscription_id: 'sub-1', a: 'a-1', b: 'b-1' },
  });

/** Settles these events with a configuration. */
async function send(stack: Stack, config: string, events: Track[], accepted: number): Promise<void> {
  await stack.writeConfig(config);
  await stack.settle(events, accepted);
}

/**
 * Events that are at both APIs by the first rules, that died when they came again, and that lie in an archive as well;
 * the rules are the mended ones now, and a worker runs.
 */
async function openMended(first: string, mended: string) {
  const stack = await stacks.open({ config: first });
  const events = tracks();
  await send(stack, first, events, COUNT);
  await send(stack, broken(mended), events, 2 * COUNT);
  expect(await stack.account()).toMatchObject({ delivered: COUNT, dead: COUNT });
  await stack.writeConfig(mended);
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  const archived = events.map((event) => ({ ...event, receivedAt: new Date().toISOString() }));
  await writeArchive(join(folder, 'again.ndjson'), archived);
  const worker = await stack.startReady('worker');
  return { ...stack, worker };
}

const WAYS = {
  backfill: ['backfill', 'again.ndjson'],
  replay: ['dead-letters', 'replay', '--all', '--wait'],
} as const;

/** Refused whatever is said but the number, and then nothing was queued. */
async function expectRefused(stack: Stack, way: keyof typeof WAYS, words: RegExp[]): Promise<void> {
  const before = [await stack.account('lago'), await stack.account('hyperline')];
  for (const said of [['--yes'], ['--yes', '--send-again', '4'], ['--yes', '--json']]) {
    const { code, output } = await stack.cli(...WAYS[way], ...said);
    expect(code).toBe(1);
    for (const word of words) expect(output).toMatch(word);
    expect(output).toMatch(/Nothing was done\. To send them nevertheless, say their number: --send-again 10/);
  }
  const dry = await stack.cli(...WAYS[way], '--dry-run');
  expect(dry.code).toBe(0);
  for (const word of words) expect(dry.output).toMatch(word);
  expect([await stack.account('lago'), await stack.account('hyperline')]).toEqual(before);
}

async function sendAgain(stack: Stack, way: keyof typeof WAYS, count: number): Promise<string> {
  const { code, output } = await stack.cli(...WAYS[way], '--yes', '--send-again', String(count));
  expect([code, output]).toEqual([0, expect.any(String)]);
  await stack.settled(way === 'replay' ? 2 * COUNT : 3 * COUNT);
  return output;
}

const billed = (stack: Stack, api: 'lago' | 'hyperline') =>
  [...stack.sandbox[api].ledger.entries()].map(({ owner, code }) => `${owner} ${code}`);
const times = (...each: string[]) => each.flatMap((text) => Array<string>(COUNT).fill(text));

describe.each(['backfill', 'replay'] as const)('by %s', (way) => {
  test('a mended code is refused with the way out, and goes by its number', async () => {
    const stack = await openMended(WRONG_CODE, CONFIG);
    await expectRefused(stack, way, [
      /lago: 5 under another code: they would count as duplicates and never be billed under this one/,
      /A mended code needs a new transactionIdSuffix .* stays billed there/,
      /hyperline: 5 under another event type: they would be billed twice/,
    ]);
    const output = await sendAgain(stack, way, 2 * COUNT);
    // Lago keeps the first code; Hyperline bills both types.
    expect(billed(stack, 'lago')).toEqual(times('sub-1 api_cal'));
    expect(billed(stack, 'hyperline').sort()).toEqual(times('acct-1 API Call', 'acct-1 calls'));
    expect(await stack.account()).toMatchObject({ delivered: COUNT, duplicate: COUNT, difference: 0 });
    if (way === 'replay') {
      expect(output).toMatch(/ 5 {2}delivered\n +5 {2}there already: counted as duplicates/);
    }
  });

  test('with a new suffix a mended code is billed, once', async () => {
    const stack = await openMended(
      WRONG_CODE,
      WRONG_CODE.replace('code: api_cal', 'code: api_call\n        transactionIdSuffix: ":2"'),
    );
    const { code, output } = await stack.cli(...WAYS[way], '--yes');
    expect(code).toBe(0);
    expect(output).toMatch(/ 0 {2}lago: there already, of 5 that it was asked about/);
    expect(output).toMatch(/ 5 {2}hyperline: there already, the same, of 5 that it was asked about/);
    await stack.settled(way === 'replay' ? 2 * COUNT : 3 * COUNT);
    expect(billed(stack, 'lago').sort()).toEqual(times('sub-1 api_cal', 'sub-1 api_call'));
    expect(billed(stack, 'hyperline')).toEqual(times('acct-1 calls'));
  });

  test('a mended subscription or customer is refused, and goes by its number', async () => {
    const stack = await openMended(byAccount('properties.a'), byAccount('properties.b'));
    await expectRefused(stack, way, [
      /lago: 5 under another subscription: they would be billed twice/,
      /hyperline: 5 of another customer: their usage would be taken away/,
    ]);
    expect(billed(stack, 'lago')).toEqual(times('a-1 api_call'));
    await sendAgain(stack, way, 2 * COUNT);
    expect(billed(stack, 'lago').sort()).toEqual(times('a-1 api_call', 'b-1 api_call'));
    expect(billed(stack, 'hyperline')).toEqual(times('b-1 API Call'));
  });
});

test('an edit asks as a replay does', async () => {
  const stack = await openMended(byAccount('properties.a'), byAccount('properties.b'));
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  stack.env.TMPDIR = folder;
  stack.env.EDITOR = join(folder, 'editor.sh');
  await writeFile(stack.env.EDITOR, `#!/bin/sh\nsed -i 's/"small"/"large"/' "$1"\n`, { mode: 0o755 });
  const list = await stack.cli('dead-letters', 'list', '--json', '--destination', 'lago', '--limit', '1');
  const { id } = JSON.parse(list.output) as { id: string };
  const refused = await stack.cli('dead-letters', 'edit', id, '--yes');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/lago: 1 under another subscription: they would be billed twice/);
  expect(refused.output).toMatch(/--send-again 1\nYour text is in /);
  expect(await stack.account()).toMatchObject({ dead: COUNT });
  expect(await stack.cli('dead-letters', 'edit', id, '--yes', '--send-again', '1')).toMatchObject({
    code: 0,
  });
  await stack.settled(2 * COUNT);
  expect(await stack.account()).toMatchObject({ dead: COUNT - 1, delivered: COUNT + 1, difference: 0 });
});

test('a replay that goes on under other rules is asked for anew', async () => {
  const stack = await openMended(byAccount('properties.a'), byAccount('properties.a'));
  const replay = ['dead-letters', 'replay', '--destination', 'lago', '--yes', '--rate', '1'];
  const running = stack.start('cli', replay);
  const left = async () => (await stack.account()).dead;
  await waitFor(async () => (await left()) < COUNT, { what: 'the first of them' });
  // Without a worker nothing more of it goes, however long a command takes to start.
  stack.worker.process.signal('SIGTERM');
  expect(await stack.worker.process.exited).toMatchObject({ code: 0 });
  expect(await stack.cli('replays', 'stop', '1')).toMatchObject({ code: 0 });
  expect(await running.exited).toMatchObject({ code: 1 });
  const rest = await left();
  expect(rest).toBeGreaterThan(0);

  await stack.writeConfig(byAccount('properties.b'));
  const refused = await stack.cli('replays', 'resume', '1', '--yes');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/under another subscription: they would be billed twice/);
  expect(refused.output).toContain(`--send-again ${rest}`);
  expect(await left()).toBe(rest);
  // Back to the rules of its plan, nothing is in the way.
  await stack.writeConfig(byAccount('properties.a'));
  await stack.startReady('worker');
  expect(await stack.cli('replays', 'resume', '1', '--no-wait')).toMatchObject({ code: 0 });
  await stack.settled(2 * COUNT);
  expect(billed(stack, 'lago')).toEqual(times('a-1 api_call'));
  expect(await stack.account()).toMatchObject({ delivered: COUNT, duplicate: COUNT, dead: 0, difference: 0 });
});

test('what a replay delivered and what was there already are told apart', async () => {
  const stack = await stacks.open({ config: WRONG_CODE });
  const events = makeTracks(9);
  await send(stack, WRONG_CODE, events.slice(0, 7), 7);
  await send(stack, broken(CONFIG), events, 16);
  await stack.writeConfig(CONFIG);
  await stack.startReady('worker');
  const replay = ['dead-letters', 'replay', '--destination', 'lago', '--wait', '--json', '--yes'];
  const { code, output } = await stack.cli(...replay, '--send-again', '7');
  const { plan, replay: done } = JSON.parse(output) as { plan: ReplayPlan; replay: ReplaySummary };
  expect(code).toBe(0);
  expect(plan.held).toMatchObject([{ destination: 'lago', asked: 9, otherCode: 7, notAsked: 0 }]);
  expect(done).toMatchObject({
    replayed: 9,
    deliveries: 9,
    delivered: 2,
    duplicate: 7,
    inFlight: 0,
    deadAgain: [],
  });
  expect(await stack.account()).toMatchObject({ delivered: 9, duplicate: 7, dead: 0, difference: 0 });
  const shown = await stack.cli('replays', 'show', done.id);
  expect(shown.output).toMatch(/there: +sent although there already \(--send-again 7\)/);
  expect(shown.output).toMatch(/ 2 {2}delivered\n +7 {2}there already/);
});

describe('an API that cannot be asked', () => {
  test('makes a backfill wait for a yes, and says why', async () => {
    const stack = await stacks.open();
    const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
    await writeArchive(join(folder, 'again.ndjson'), tracks());
    stack.sandbox.lago.faults.add({
      times: 'always',
      match: { method: 'GET' },
      respond: { status: 403, body: { status: 403, error: 'Forbidden' } },
    });
    const refused = await stack.cli('backfill', 'again.ndjson');
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/ 5 {2}lago: not asked: the API key lacks a permission \(HTTP 403\)/);
    expect(refused.output).toMatch(/5 were not asked for: some may be there already\. Say --yes/);
    expect((await stack.account()).accepted).toBe(0);
    const done = await stack.cli('backfill', 'again.ndjson', '--yes', '--json');
    expect(done.code).toBe(0);
    expect(JSON.parse(done.output.slice(done.output.indexOf('{\n')))).toMatchObject({
      state: 'done',
      held: [
        { destination: 'lago', asked: 0, notAsked: 5, problem: expect.stringContaining('403') },
        { destination: 'hyperline', asked: 5, notAsked: 0, same: 0 },
      ],
    });
    expect((await stack.account()).accepted).toBe(5);
  });

  test('does not let the number of what was found pass for the whole', async () => {
    const first = byAccount('properties.a');
    const stack = await stacks.open({ config: first });
    const events = tracks();
    await send(stack, first, events, COUNT);
    await stack.writeConfig(byAccount('properties.b'));
    const archived = events.map((event) => ({ ...event, receivedAt: new Date().toISOString() }));
    await writeArchive(join(dirname(stack.env.METERBRIDGE_CONFIG!), 'again.ndjson'), archived);
    stack.sandbox.lago.faults.add({ times: 'always', match: { method: 'GET' }, respond: { status: 500 } });
    const { code, output } = await stack.cli('backfill', 'again.ndjson', '--yes', '--send-again', '5');
    expect(code).toBe(1);
    expect(output).toMatch(/hyperline: 5 of another customer/);
    expect(output).toMatch(/5 more were not asked for: say --check-all/);
    expect((await stack.account()).accepted).toBe(COUNT);
  });
});

test('the same is no doubt: a backfill says how many are there, and goes on', async () => {
  const stack = await stacks.open();
  const events = tracks();
  await send(stack, CONFIG, events, COUNT);
  const archived = events.map((event) => ({ ...event, receivedAt: new Date().toISOString() }));
  await writeArchive(join(dirname(stack.env.METERBRIDGE_CONFIG!), 'again.ndjson'), archived);
  const dry = await stack.cli('backfill', 'again.ndjson', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    output: expect.stringMatching(/ 5 {2}lago: there already, the same, of 5 that it was asked about/),
  });
  const { code, output } = await stack.cli('backfill', 'again.ndjson');
  expect(code).toBe(0);
  expect(output).toMatch(/ 5 {2}lago: deliveries queued/);
  expect(output).toMatch(/ 5 {2}lago: of those were there before, the same: they count as duplicates/);
});
