import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookAtGate } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, upLogOf, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG, HYPERLINE_KEY } from './stack-config.js';
import { withoutPersistence } from './unsafe-redis.js';

const suite = useRedis();
const stacks = useStack(suite);

/** `npm start` on the suite's Redis, with ports that no other test has, and without the variables of these names. */
async function openWithout(...names: string[]): Promise<Stack> {
  const stack = await stacks.open();
  for (const name of names) delete stack.env[name];
  await stack.choosePorts();
  return stack;
}

async function receiverOf(up: RunningProcess): Promise<string> {
  const url = () => /Receiver: (http:\S+)/.exec(up.output())?.[1];
  await waitFor(() => url() && up.output().includes('Worker: '), { what: 'the stack' });
  return url()!;
}

async function stop(up: RunningProcess): Promise<void> {
  up.signal('SIGTERM');
  expect(await up.exited).toEqual({ code: 0, signal: null });
}

test('beside a real API no write key is made up: it says which is missing, and ends', async () => {
  const stack = await openWithout('SEGMENT_WRITE_KEY');
  const { code, output } = await stack.cli('up');
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('sources[0].writeKey: the environment variable SEGMENT_WRITE_KEY is not set'),
  ]);
  expect(output).not.toContain('demo-write-key');

  stack.env.SEGMENT_WRITE_KEY = 'change-me';
  const guessed = await stack.cli('up');
  expect([guessed.code, guessed.output]).toEqual([1, expect.stringContaining('(from SEGMENT_WRITE_KEY)')]);
});

test('beside a real API what has no key is held, and goes out once it has one', async () => {
  const stack = await openWithout('HYPERLINE_API_KEY');
  const up = stack.start('cli', ['up']);
  const receiver = await receiverOf(up);
  expect(up.output()).toContain('hyperline is held: its API key is not set');
  expect(up.output()).not.toContain('Sandbox');
  await sendAll(receiver, makeTracks(30));
  await waitFor(async () => (await stack.account('lago')).delivered === 30, { what: 'the other one' });
  expect(await stack.account('hyperline')).toMatchObject({ accepted: 30, inFlight: 30, dead: 0 });
  expect(stack.sandbox.hyperline.inspect().byStatus).toEqual({});
  const counts = 'held: hyperline · accepted 60 · delivered 30 · filtered 0 · dead 0 · in flight 30';
  await waitFor(() => up.output().includes(counts), { what: 'the counts' });
  const resumed = await stack.cli('resume', 'hyperline');
  expect([resumed.code, resumed.output]).toEqual([1, expect.stringContaining('hyperline has no API key')]);
  expect((await stack.cli('status')).output).toMatch(/Set it in\s+\.env/);
  await stack.writeConfig('sources: []');
  await waitFor(() => /"name":"up".*"msg":"config.refused"/.test(upLogOf(stack)), {
    what: 'its word in the log',
  });
  const keyless = await stack.cli('resume', 'hyperline');
  expect([keyless.code, keyless.output]).toEqual([1, expect.stringContaining('hyperline has no API key')]);
  const broken = await stack.cli('dead-letters', 'replay', '--all', '--yes');
  expect([broken.code, broken.output]).toEqual([
    1,
    expect.stringMatching(/Nothing was done\. What runs here goes on/),
  ]);
  await stack.writeConfig(CONFIG);
  await stop(up);

  stack.env.HYPERLINE_API_KEY = HYPERLINE_KEY;
  const again = stack.start('cli', ['up']);
  await receiverOf(again);
  expect((await stack.settled(30)).hyperline).toMatchObject({ delivered: 30, dead: 0, difference: 0 });
  await stop(again);

  // What a person holds is let go by a person.
  expect(await stack.cli('hold', 'hyperline', '--reason', 'a test')).toMatchObject({ code: 0 });
  const third = stack.start('cli', ['up']);
  await receiverOf(third);
  expect((await lookAtGate('hyperline', stack.redis)).handHold).toMatchObject({ reason: 'a test' });
  await stop(third);
});

test('without any key the sandbox stands in for all, and the known write key is taken from here alone', async () => {
  const stack = await openWithout('LAGO_API_KEY', 'HYPERLINE_API_KEY', 'SEGMENT_WRITE_KEY');
  const up = stack.start('cli', ['up']);
  const receiver = await receiverOf(up);
  expect(up.output()).toContain('stands in for LAGO and HYPERLINE');
  expect(up.output()).toContain('Write key: demo-write-key, taken from this machine alone');
  expect((await fetch(`${receiver}/readyz`)).status).toBe(200);
  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (outside)
    await expect(fetch(`http://${outside.address}:${new URL(receiver).port}/readyz`)).rejects.toThrow();
  await stop(up);
});

test('what the sandbox was sent lies apart: no API ever gets it once there is a key', async () => {
  const stack = await openWithout('REDIS_URL', 'LAGO_API_KEY', 'HYPERLINE_API_KEY', 'SEGMENT_WRITE_KEY');
  const data = (name: string) =>
    existsSync(join(dirname(stack.env.METERBRIDGE_CONFIG!), '.meterbridge', name));
  const up = stack.start('cli', ['up']);
  await receiverOf(up);
  // Written once it is found by commands in other terminals.
  await waitFor(() => up.output().includes('Point a Segment client'), { what: 'its last word' });
  expect(up.output()).not.toContain('maxmemory');
  expect((await stack.cli('status')).output).toMatch(/Redis memory: \d+ MB of/);
  const second = await stack.cli('up');
  expect([second.code, second.output]).toEqual([
    1,
    expect.stringMatching(/`meterbridge up` runs in this folder already \(process \d+\)/),
  ]);
  const checked = await stack.cli('check');
  expect(checked.output).toContain('Ready, and running.');
  expect(checked.output).toContain('the sandbox stands in');
  expect(checked.output).not.toMatch(/^!/m);
  const env = join(dirname(stack.env.METERBRIDGE_CONFIG!), '.env');
  await writeFile(env, 'LAGO_API_KEY=\n');
  for (const command of ['check', 'status']) {
    expect((await stack.cli(command)).output).toMatch(/\.env: saved since/);
  }
  await stop(up);
  expect([data('sandbox-redis'), data('redis')]).toEqual([true, false]);
});

test('without any key each source gets a known write key of its own', async () => {
  const stack = await openWithout('LAGO_API_KEY', 'HYPERLINE_API_KEY', 'SEGMENT_WRITE_KEY');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how variables are written
  const more = '  - name: browser\n    writeKey: ${BROWSER_WRITE_KEY}\ndestinations:';
  await stack.writeConfig(CONFIG.replace('destinations:', more));
  stack.env.BROWSER_WRITE_KEY = 'change-me';
  const up = stack.start('cli', ['up']);
  await receiverOf(up);
  expect(up.output()).toContain('Write key: demo-write-key, taken');
  expect(up.output()).toMatch(/Write key: demo-write-key-2, taken[^•]*set\s+BROWSER_WRITE_KEY/);
  await stop(up);
});

test('a signal while it starts ends it as one does later: what it started is waited for', async () => {
  const stack = await openWithout();
  const up = stack.start('cli', ['up']);
  await waitFor(() => upLogOf(stack).includes('receiver.listening'), {
    what: 'its start',
  });
  await stop(up);
  expect(up.output()).toContain('Stopping: ');
});

test('a Redis that can lose data ends it with the reason, and nothing is started', async () => {
  const stack = await openWithout();
  await withoutPersistence(stack.redis, async () => {
    const { code, output } = await stack.cli('up');
    expect([code, output]).toEqual([1, expect.stringContaining('Set `appendonly yes`')]);
    expect(output).not.toMatch(/starting it again|^ +at /m);
  });
});

test('a Redis that is made unsafe while it runs: each reason once, ever longer waits, and on it goes once it is mended', async () => {
  const stack = await openWithout();
  const up = stack.start('cli', ['up']);
  const receiver = await receiverOf(up);
  await withoutPersistence(stack.redis, async () => {
    await stack.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await waitFor(() => up.output().includes('receiver ended (exit code 1); starting it again in 2 s'), {
      what: 'its third wait',
    });
  });
  const reasons = up
    .output()
    .split('\n')
    .filter((line) => line.includes('appendonly is off'));
  expect(reasons).not.toEqual([]);
  expect(reasons).toEqual([...new Set(reasons)]);
  const isReady = async () => (await fetch(`${receiver}/readyz`).catch(() => null))?.status === 200;
  await waitFor(isReady, { what: 'the receiver' });
  await stop(up);
});

test('a port that another program has ends it with a sentence, where it was asked for; else a free one is chosen', async () => {
  const stack = await openWithout();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  stack.env.WORKER_PORT = String(port);
  const { code, output } = await stack.cli('up');
  other.close();
  expect([code, output]).toEqual([
    1,
    expect.stringContaining(`WORKER_PORT=${port}: another program has this port.`),
  ]);
  stack.env.WORKER_PORT = 'none';
  expect((await stack.cli('up')).output).toContain('WORKER_PORT: a port was expected');
});

test('what keeps a Redis of its own from starting is a sentence, without frames', async () => {
  const stack = await openWithout('REDIS_URL');
  const data = join(dirname(stack.env.METERBRIDGE_CONFIG!), '.meterbridge/redis');
  const claim = join(data, 'meterbridge-redis.json');
  await mkdir(data, { recursive: true });
  const expectEnd = async (words: RegExp) => {
    const { code, output } = await stack.cli('up');
    expect([code, output]).toEqual([1, expect.stringMatching(words)]);
    expect(output).not.toMatch(/^ +at |node:internal|LocalRedisError/m);
  };
  const { pid, port } = suite.redis;
  await writeFile(claim, JSON.stringify({ ownerPid: process.pid, server: { pid, port } }));
  await expectEnd(/is in use by the Redis with process id \d+/);
  await writeFile(claim, '');
  await expectEnd(/meterbridge-redis\.json is damaged\./);
  await rm(claim);
  const log = join(data, 'appendonlydir');
  await writeFile(log, 'not a folder');
  await expectEnd(/Redis ended at once/);
  stack.env.PATH = '/nowhere';
  await expectEnd(/redis-server/);
});

test('its terminal is calm: logs go to a file, and each kind of warning is told once', async () => {
  const stack = await openWithout();
  const up = stack.start('cli', ['up']);
  const receiver = await receiverOf(up);
  const untyped = () => sendAll(receiver, makeTracks(3, { type: undefined }));
  await untyped();
  const rejected = /! receiver: event\.rejected, backend missing_type$/gm;
  await waitFor(() => rejected.test(up.output()), { what: 'a warning' });
  await untyped();
  const inLog = () => upLogOf(stack).match(/"msg":"event\.rejected"/g)?.length ?? 0;
  await waitFor(() => inLog() >= 2, { what: 'the log of both' });
  await waitFor(() => up.output().includes('dead 6'), { what: 'the counts' });
  expect(up.output().match(rejected)).toHaveLength(1);
  expect(up.output()).not.toMatch(/^\{/m);
  for (const line of upLogOf(stack).trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  await stop(up);
  const counts = up
    .output()
    .split('\n')
    .filter((line) => line.startsWith('accepted '));
  expect(counts).toEqual([...new Set(counts)]);
});
