import { readFileSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findFreePort, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { makeTracks, postBatch, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const follower = useRedis();
const stacks = useStack(suite);

const LOOKS = [['status'], ['audit'], ['dead-letters', 'list'], ['replays', 'list'], ['check']];
const WRITES = [
  ['hold', 'lago', '--reason', 'a test'],
  ['resume', 'lago'],
  ['replays', 'stop', '1-1'],
  ['dead-letters', 'discard', '--all', '--because', 'a test', '--yes'],
];

/** A fault that was expected is a line for people, and nothing that only its author could read. */
function expectWords(output: string, words: RegExp): void {
  expect(output).toMatch(words);
  expect(output).not.toMatch(/^ +at |node:internal|hunter2|\[object/m);
}

async function runAll(stack: Stack, commands: string[][]) {
  const ended = [];
  for (const args of commands) ended.push({ args, ...(await stack.cli(...args)) });
  return ended;
}

const REFUSED_LOGIN = /Redis refuses the login: WRONGPASS [^\n]*\. Look at [^\n]*\n/;

test('a login that Redis refuses is a sentence in its words, from every program, and shows no password', async () => {
  const stack = await stacks.open();
  stack.env.REDIS_URL = suite.url.replace('//', '//someone:hunter2hunter2@');
  const receiver = stack.start('receiver');
  const worker = stack.start('worker');
  for (const { code, output } of await runAll(stack, [...LOOKS, ...WRITES.slice(0, 2)])) {
    expect(code).toBe(1);
    expectWords(output, REFUSED_LOGIN);
  }
  expect(await worker.exited).toMatchObject({ code: 1 });
  expectWords(worker.output(), REFUSED_LOGIN);
  // It listens all the same: senders give up on a closed port sooner.
  const lost = /"server":"127\.0\.0\.1:\d+","reason":"WRONGPASS [^\n]*"msg":"redis.lost"/;
  await waitFor(() => lost.test(receiver.output()), { what: 'the reason in the log' });
  expect(receiver.output()).not.toContain('hunter2');
});

test('without a Redis at its start a process says once where it looks for one and why it fails', async () => {
  const stack = await stacks.open();
  const port = await findFreePort();
  stack.env.REDIS_URL = `redis://:hunter2hunter2@127.0.0.1:${port}`;
  const programs = (['receiver', 'worker'] as const).map((app) => stack.start(app));
  const { code, output } = await stack.cli('status');
  expect(code).toBe(1);
  expect(output).toMatch(/^Waiting for Redis at [^\n]+ …\nRedis does not answer/);
  expect(output).not.toContain('hunter2');
  const count = (text: string, output: string) => output.split(text).length - 1;
  for (const { output } of programs) {
    // Of each connection that could not be made.
    await waitFor(() => count('"redis.error"', output()) > 10, { what: 'some tries to connect' });
    expect(count('"redis.lost"', output())).toBe(1);
    expect(output()).toMatch(new RegExp(`"server":"127\\.0\\.0\\.1:${port}","reason":"[^"]*ECONNREFUSED`));
    expect(output()).not.toContain('hunter2');
  }
});

test('a password that is not encoded is named as that, and not shown', async () => {
  const stack = await stacks.open();
  stack.env.REDIS_URL = suite.url.replace('//', '//:hunter2/hunter2@');
  const programs = (['receiver', 'worker'] as const).map((app) => stack.start(app));
  const outputs = (await runAll(stack, LOOKS)).map(({ output }) => output);
  for (const program of programs) {
    expect(await program.exited).toMatchObject({ code: 1 });
    outputs.push(program.output());
  }
  for (const output of outputs) expectWords(output, /percent-encoded: \/ is %2F/);
});

test('what writes says that Redis is a replica, and ends', async () => {
  const stack = await stacks.open();
  const replica = follower.connect();
  await replica.call('REPLICAOF', '127.0.0.1', String(suite.redis.port));
  await waitFor(async () => /master_link_status:up/.test(await replica.info('replication')), {
    what: 'the replica',
  });
  stack.env.REDIS_URL = follower.url;
  try {
    for (const { args, code, output } of await runAll(stack, [...WRITES, ['check']])) {
      // Of a replay that is not there nothing is written.
      if (args[0] === 'replays') continue;
      expect([args, code]).toEqual([args, 1]);
      expectWords(output, /Redis is read-only: READONLY /);
    }
  } finally {
    await replica.call('REPLICAOF', 'NO', 'ONE');
  }
});

/** Makes Redis refuse every write, as after a snapshot that failed: the file's place is taken by a folder. */
async function withFailingSnapshots(redis: Redis, act: () => Promise<void>): Promise<void> {
  const [, folder] = (await redis.config('GET', 'dir')) as [string, string];
  const inTheWay = join(folder, 'dump.rdb');
  await mkdir(inTheWay);
  await redis.config('SET', 'save', '3600 1000000');
  try {
    await redis.bgsave();
    await waitFor(async () => /rdb_last_bgsave_status:err/.test(await redis.info('persistence')), {
      what: 'the snapshot to fail',
    });
    await act();
  } finally {
    await redis.config('SET', 'save', '');
    await rmdir(inTheWay);
  }
}

test('a Redis that takes no write: not ready, and the reason in log, status and check', async () => {
  const stack = await stacks.open();
  const programs = [await stack.startReady('receiver'), await stack.startReady('worker')];
  let late!: RunningProcess;
  await withFailingSnapshots(stack.redis, async () => {
    for (const { url, process } of programs) {
      await waitFor(async () => (await fetch(`${url}/readyz`)).status === 503, { what: 'not to be ready' });
      expect(await (await fetch(`${url}/readyz`)).text()).toContain('MISCONF');
      await waitFor(() => /"reason":"[^"]*MISCONF[^\n]*"msg":"redis.refused"/.test(process.output()), {
        what: 'the reason in the log',
      });
    }
    expect((await postBatch(programs[0]!.url, makeTracks(1))).status).toBe(503);
    late = stack.start('worker');
    await waitFor(() => late.output().includes('"redis.refused"'), { what: 'a worker that waits' });
    const [status, check, hold] = await runAll(stack, [['status'], ['check'], WRITES[0]!]);
    expect([status!.code, check!.code, hold!.code]).toEqual([0, 1, 1]);
    for (const { output } of [status!, check!, hold!]) expectWords(output, /Redis takes no write: MISCONF /);
    expect(check!.output).toContain('✓ Redis persistence');
  });
  for (const { url } of programs) {
    await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { what: 'to be ready again' });
  }
  expect(await late.url()).toMatch(/^http/);
  await sendAll(programs[0]!.url, makeTracks(1));
  expect((await stack.settled(1)).lago).toMatchObject({ delivered: 1, difference: 0 });
});

/** What docs/configuration.md gives to a user of its own. */
function documentedRights(): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
  return /^ACL SETUSER meterbridge on >password (.*)$/m.exec(text)![1]!.split(' ');
}

test('a user with the documented rights alone runs the pipeline, and what it may not ask is a warning', async () => {
  const stack = await stacks.open();
  const rights = ['reset', 'on', '>hunter2hunter2', ...documentedRights()];
  await stack.redis.call('ACL', 'SETUSER', 'bridge', ...rights);
  await stack.redis.call('ACL', 'LOG', 'RESET');
  stack.env.REDIS_URL = suite.url.replace('//', '//bridge:hunter2hunter2@');
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(5));
  await sendAll(receiver.url, makeTracks(2, { properties: { model: 'small', subscription_id: 'sub-1' } }));
  expect((await stack.settled(7)).lago).toMatchObject({ delivered: 5, dead: 2, difference: 0 });
  const check = await stack.cli('check');
  expect(check.output).toMatch(/! Redis persistence: the server does not tell its appendonly/);
  expect(check.output).not.toContain('✗');
  await stack.writeConfig(CONFIG.replace('as: number }', 'as: number, default: 0 }'));
  for (const args of [
    ['hold', 'lago', '--reason', 'a test'],
    ['resume', 'lago'],
    ['dead-letters', 'replay', '--all', '--yes'],
    ['audit', '--wait', '20'],
    ['status'],
  ]) {
    const { code, output } = await stack.cli(...args);
    expect([args, code, output]).toEqual([args, 0, expect.not.stringMatching(/NOPERM/)]);
  }
  // What it may not ask it does not deny.
  const forgotten = await stack.cli('forget', '--user', 'nobody', '--yes');
  expect([forgotten.code, forgotten.output]).toEqual([0, expect.stringContaining('(BGREWRITEAOF)')]);
  expect((await stack.settled(7)).lago).toMatchObject({ delivered: 7, dead: 0, difference: 0 });
  expect(stack.sandbox.lago.ledger.size).toBe(7);
  for (const { process } of [receiver, worker]) expect(process.output()).toContain('redis.unsafe');
  // Beside what only warns where it is refused.
  const log = (await stack.redis.call('ACL', 'LOG')) as string[][];
  const refused = log.map((entry) => entry[entry.indexOf('object') + 1]!);
  expect(refused.filter((command) => !/^(info|config|bgrewriteaof)/.test(command))).toEqual([]);
  // What concerns more than its own keys names none, so no pattern of keys keeps it out.
  const bridge = suite.connect({ username: 'bridge', password: 'hunter2hunter2' });
  for (const command of [
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['SWAPDB', '0', '1'],
    ['KEYS', '*'],
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ]) {
    await expect(bridge.call(command[0]!, ...command.slice(1))).rejects.toThrow('NOPERM');
  }
});
