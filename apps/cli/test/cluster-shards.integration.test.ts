import { afterEach, expect, test } from '@jest/globals';
import { type SuiteRedis, useCluster, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG } from './stack-config.js';
import { startSteadyLoad } from './steady-load.js';

const cluster = useCluster({ masters: 3 });
const stacks = useStack(cluster as unknown as SuiteRedis);
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end().catch(() => {});
});

const withShards = (shards: number, config = CONFIG) => `${config}redis: { shards: ${shards} }\n`;
const namesOf = (destination: string, shards: number) =>
  Array.from({ length: shards }, (_, number) => (number === 0 ? destination : `${destination}@${number}`));

async function acceptedBy(stack: Stack, shards: string[]): Promise<number[]> {
  const counts = shards.map((shard) => stack.redis.hget(`meterbridge:{${shard}}:ledger`, 'accepted'));
  return (await Promise.all(counts)).map(Number);
}

async function end(process: RunningProcess): Promise<void> {
  process.signal('SIGTERM');
  expect((await process.exited).code).toBe(0);
}

test('six shards over three masters: evenly filled, drained by two workers, one destination to people', async () => {
  const stack = await stacks.open({ config: withShards(6) });
  const receiver = await stack.startReady('receiver');
  const workers = [await stack.startReady('worker'), await stack.startReady('worker')];
  const good = makeTracks(1_500);
  const bad = makeTracks(60, { properties: { tokens: 'many', model: 'small', subscription_id: 'sub-1' } });
  const halves = [0, 1].map((half) => [...good, ...bad].filter((_, index) => index % 2 === half));
  await Promise.all(halves.map((half) => sendAll(receiver.url, half, 10)));
  const { lago, hyperline } = await stack.settled(1_560);
  expect(lago).toMatchObject({ accepted: 1_560, dead: 60, delivered: 1_500, difference: 0 });
  expect(hyperline).toMatchObject({ accepted: 1_560, dead: 0, delivered: 1_560, difference: 0 });

  // Each of the workers has taken its part.
  for (const { process } of workers) expect(process.output()).toContain('"msg":"delivery.attempted"');
  const shards = await acceptedBy(stack, namesOf('lago', 6));
  expect(shards.reduce((sum, each) => sum + each)).toBe(1_560);
  expect(Math.min(...shards)).toBeGreaterThan(1_560 / 6 / 3);
  const masters = await Promise.all(
    namesOf('lago', 6).map((name) => cluster.ofKey(`meterbridge:{${name}}:ledger`)),
  );
  expect(new Set(masters.map(({ master }) => master.port)).size).toBe(3);

  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });
  const statusOf = async () => JSON.parse((await stack.cli('status', '--json')).output);
  // Receivers report every five seconds what rules took, of all shards together.
  await waitFor(async () => (await statusOf()).rules[0].taken === 1_560, {
    what: 'the rule to have taken all',
  });
  expect(receiver.process.output()).not.toContain('activity.not_reported');
  const status = await statusOf();
  const places = status.places.map(({ destination, dead, workers }: Record<string, unknown>) => [
    destination,
    dead,
    workers,
  ]);
  expect(places).toEqual([
    ['lago', 60, 2],
    ['hyperline', 0, 2],
    ['receiver', 0, null],
  ]);
  const check = await stack.cli('check');
  expect(check.output).toContain('Redis Cluster');
  expect(check.code).toBe(0);

  const listed = (await stack.cli('dead-letters', 'list', '--json')).output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(listed).toHaveLength(60);
  const ids: string[] = listed.map(({ id }) => id);
  expect(new Set(ids.map((id) => id.split('/')[0])).size).toBeGreaterThan(2);
  const times = ids.map((id) => Number(id.split('/')[1]!.split('-')[0]));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  const groups = (await stack.cli('dead-letters', 'list', '--by', 'destination', '--json')).output;
  expect(JSON.parse(groups)).toMatchObject({ destination: 'lago', letters: 60 });
  // In pages: each begins behind the last of the one before.
  const pages: string[] = [];
  for (let after: string[] = []; pages.length < 60; after = ['--after', pages.at(-1)!]) {
    const page = await stack.cli('dead-letters', 'list', '--json', '--newest', '--limit', '25', ...after);
    pages.push(
      ...page.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    );
  }
  expect(pages).toEqual(ids.toReversed());

  const numbered = ids.find((id) => id.includes('@'))!;
  expect((await stack.cli('dead-letters', 'show', numbered)).output).toContain('properties.tokens');
  const discarded = await stack.cli(
    'dead-letters',
    'discard',
    ...ids.slice(0, 10),
    '--because',
    'a test',
    '--yes',
  );
  expect(discarded.output).toContain('10 discarded');
  const discards = (await stack.cli('dead-letters', 'discards', '--json')).output.trim().split('\n');
  expect(discards.map((line) => JSON.parse(line))).toMatchObject([{ destination: 'lago', letters: 10 }]);

  // Other workers with a rule that takes what the first could not map.
  await Promise.all(workers.map(({ process }) => end(process)));
  await stack.writeConfig(
    withShards(6, CONFIG.replace('{ path: properties.tokens, as: number }', 'properties.tokens')),
  );
  await stack.startReady('worker');
  const replayed = await stack.cli('dead-letters', 'replay', '--all', '--yes', '--wait', '--json');
  expect(replayed.code).toBe(0);
  expect(JSON.parse(replayed.output).replay).toMatchObject({
    replayed: 50,
    deliveries: 50,
    inFlight: 0,
    deadAgain: [],
  });
  expect(await stack.account()).toMatchObject({ delivered: 1_550, dead: 0, discarded: 10, difference: 0 });
  expect((await stack.cli('audit')).code).toBe(0);
});

test('shards that are changed from two to four to one under load: nothing is lost or twice, old ones are drained', async () => {
  const stack = await stacks.open({ config: withShards(2) });
  const receivers = [await stack.startReady('receiver'), await stack.startReady('receiver')];
  // One that is never told of another number, and one that comes and goes.
  await stack.startReady('worker');
  const second = await stack.startReady('worker');
  const load = startSteadyLoad(() => receivers.map(({ url }) => url));
  ending.push(load.abandon);
  const untilWritten = (shards: string[], events: number) =>
    waitFor(async () => Math.min(...(await acceptedBy(stack, shards))) >= events, {
      what: `${shards} to be written to`,
    });
  const restartReceivers = async (shards: number) => {
    await stack.writeConfig(withShards(shards));
    for (const [index, { process }] of [...receivers].entries()) {
      const next = await stack.startReady('receiver');
      receivers[index] = next;
      await end(process);
    }
  };
  await untilWritten(namesOf('lago', 2), 50);
  await restartReceivers(4);
  await end(second.process);
  await untilWritten(namesOf('lago', 4), 50);
  await stack.startReady('worker');
  await restartReceivers(1);
  const [, ...others] = await acceptedBy(stack, namesOf('lago', 4));
  const before = load.answered.length;
  await waitFor(() => load.answered.length > before + 200, { what: 'more to be answered' });
  await load.end();
  const ids = load.answered.map(({ messageId }) => messageId);
  const { lago, hyperline } = await stack.settled(ids.length);
  expect([lago, hyperline]).toMatchObject([
    { difference: 0, dead: 0 },
    { difference: 0, dead: 0 },
  ]);
  expectEachOnce(stack.sandbox, ids);
  // Nobody wrote to the others after both receivers had gone over to one.
  expect((await acceptedBy(stack, namesOf('lago', 4))).slice(1)).toEqual(others);
  expect((await stack.cli('audit')).code).toBe(0);
});
