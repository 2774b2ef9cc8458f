import { expect, test } from '@jest/globals';
import type { PlaceStatus, Status } from '@meterbridge/operations';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis({ maxMemoryBytes: 256 * 1_048_576 });
const stacks = useStack(suite);

async function status(stack: Stack): Promise<{ lago: PlaceStatus; hyperline: PlaceStatus; all: Status }> {
  const { code, output } = await stack.cli('status', '--json');
  expect(code).toBe(0);
  const all = JSON.parse(output) as Status;
  const place = (name: string) => all.places.find(({ destination }) => destination === name)!;
  return { lago: place('lago'), hyperline: place('hyperline'), all };
}

test('says what waits, what was delivered, who works, and what Redis uses', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(250));
  await sendAll(receiver.url, makeTracks(3, { type: 'unheard of' }));
  const waiting = await status(stack);
  expect(waiting.lago).toMatchObject({
    accepted: 250,
    delivered: 0,
    inFlight: 250,
    dead: 0,
    gate: { state: 'closed', waitUntil: null, holds: [] },
    requestLimit: 200,
    requestsPerSecond: 0,
    drainSeconds: null,
    workers: 0,
    isConfigured: true,
  });
  expect(waiting.lago.jobs.waiting).toBeGreaterThan(0);
  expect(waiting.lago.oldestAgeMs).toBeGreaterThan(0);
  expect(waiting.all.places.find(({ destination }) => destination === 'receiver')).toMatchObject({ dead: 3 });
  expect(waiting.all.redis).toMatchObject({
    limitBytes: 256 * 1_048_576,
    guardBytes: Math.round(256 * 1_048_576 * 0.8),
  });
  expect(waiting.all.redis.usedBytes).toBeGreaterThan(500_000);

  const workers = [await stack.startReady('worker'), await stack.startReady('worker')];
  await stack.settled(250);
  const done = await status(stack);
  expect(done.lago).toMatchObject({ delivered: 250, inFlight: 0, workers: 2, drainSeconds: 0 });
  expect(done.lago.oldestAgeMs).toBeNull();

  const table = await stack.cli('status');
  expect(table.code).toBe(0);
  expect(table.output).toMatch(/lago +0 +0 +0 +– +– +250 +0 +sending +0 of 200 +2$/m);
  expect(table.output).toMatch(/Redis memory: \d+ MB of 256 MB/);
  for (const { process } of workers) process.signal('SIGTERM');
  await Promise.all(workers.map(({ process }) => process.exited));
  expect((await status(stack)).lago.workers).toBe(0);
});

test('tells the pace, what of the limit is used, and when it will be drained', async () => {
  const stack = await stacks.open({
    config: CONFIG.replace('requestsPerSecond: 200', 'requestsPerSecond: 5'),
  });
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const tracks = makeTracks(9_000);
  await sendAll(receiver.url, tracks, 500);
  const seen = await waitFor(
    async () => {
      const { lago } = await status(stack);
      return lago.outPerSecond > 0 && lago.drainSeconds !== null && lago.inFlight > 0 ? lago : undefined;
    },
    { what: 'a pace' },
  );
  expect(seen!.requestsPerSecond).toBeGreaterThan(0);
  expect(seen!.requestsPerSecond).toBeLessThanOrEqual(5);
  expect(seen!.drainSeconds).toBeGreaterThan(0);
});

test('says who holds a destination and why, and which one nobody takes any more', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(10));
  await stack.cli('hold', 'lago', '--reason', 'wrong mapping deployed');
  const { lago, hyperline } = await status(stack);
  expect(lago.gate).toMatchObject({
    state: 'held',
    waitUntil: null,
    holds: [{ by: 'hand', reason: 'wrong mapping deployed', who: expect.stringContaining('@') }],
  });
  expect(hyperline.gate).toMatchObject({ state: 'closed', holds: [] });
  await stack.writeConfig(CONFIG.replace(/ {2}- name: lago[\s\S]*(?= {2}- name: hyperline)/, ''));
  const { output } = await stack.cli('status');
  expect(output).toMatch(
    /lago: held by .+@.+ since .+Z: wrong mapping deployed. Let it go: meterbridge resume lago/,
  );
  expect(output).toContain('lago: is not configured any more');
  expect(output).toContain('hyperline: no worker is connected');
});

test('--watch looks again and again until it is ended; a Redis that goes away ends it', async () => {
  const stack = await stacks.open();
  const watching = stack.start('cli', ['status', '--watch', '--json']);
  await waitFor(() => watching.output().trim().split('\n').length >= 3, { what: 'three looks' });
  const looks = watching
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Status);
  expect(looks[1]!.at).toBeGreaterThan(looks[0]!.at);
  watching.signal('SIGINT');
  await watching.exited;

  const another = stack.start('cli', ['status', '--watch', '--json']);
  await waitFor(() => another.output().includes('\n'), { what: 'a look' });
  await suite.redis.kill('SIGKILL');
  expect(await another.exited).toMatchObject({ code: 1 });
  expect(another.output()).toContain('Redis does not answer');
  await suite.redis.restart();
});
