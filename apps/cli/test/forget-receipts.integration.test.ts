import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { countReceipts } from '@meterbridge/queue';
import { isForgotten, openReceipts, type Receipt, readManifest, shardFolder } from '@meterbridge/receipts';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

jest.setTimeout(600_000);

const suite = useRedis();
const stacks = useStack(suite);

const KEY = '0123456789abcdef0123456789abcdef';
const ANN = { userId: 'ann-4711' };
const SHARDS = ['lago', 'hyperline'];
const ALWAYS = { from: 0, to: Date.parse('2100-01-01T00:00:00.000Z') };

async function openBooks(): Promise<{ stack: Stack; dir: string }> {
  const stack = await stacks.open({ config: `${CONFIG}\nprivacyKey: ${KEY}\n` });
  const dir = join(stack.env.METERBRIDGE_CONFIG!, '..', 'receipts');
  stack.env.RECEIPTS_DIRECTORY = dir;
  return { stack, dir };
}

/** So many of Ann and as many of somebody else, delivered to each destination. */
async function deliver(stack: Stack, each: number): Promise<void> {
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const [theirs, others] = [makeTracks(each, ANN), makeTracks(each)];
  await sendAll(
    receiver.url,
    theirs.flatMap((track, index) => [track, others[index]!]),
    10,
  );
  await stack.settled(2 * each);
}

async function untilKept(stack: Stack): Promise<void> {
  for (const shard of SHARDS) {
    await waitFor(async () => (await countReceipts(stack.redis, shard)).entries === 0, {
      what: 'all receipts to be on disk',
    });
  }
}

async function usageOf(dir: string, destination: string): Promise<Receipt[]> {
  const books = await openReceipts({ dir, destination });
  const receipts: Receipt[] = [];
  const codes = new Set((await books.countUsage(ALWAYS)).map(({ code }) => code));
  for (const code of codes) for await (const each of books.listUsage(code, ALWAYS)) receipts.push(each);
  await books.close();
  return receipts;
}

/** All usage is there, half of it without a word of whose it was. */
async function expectForgotten(dir: string, each: number): Promise<void> {
  for (const shard of SHARDS) {
    const usage = await usageOf(dir, shard);
    expect(usage).toHaveLength(2 * each);
    expect(usage.filter(isForgotten)).toHaveLength(each);
    expect(JSON.stringify(usage)).not.toContain(ANN.userId);
    const { files } = await readManifest(shardFolder(dir, shard), shard);
    const counted = files.flatMap(({ counts }) => Object.values(counts).flatMap(Object.values));
    expect(counted.reduce((sum, { delivered = 0 }: { delivered?: number }) => sum + delivered, 0)).toBe(
      2 * each,
    );
  }
}

/** Nothing of a person stays in what Redis knows of requests. */
async function expectNothingAsked({ redis }: Stack): Promise<void> {
  for (const key of await redis.keys('meterbridge:{erasures}*')) {
    const held =
      (await redis.type(key)) === 'hash' ? await redis.hgetall(key) : await redis.zrange(key, 0, '-1');
    expect(JSON.stringify(held)).not.toMatch(/4711/);
  }
}

test('receipts of an open hour, on disk or still in Redis, say nothing of a person once forget is done', async () => {
  const { stack, dir } = await openBooks();
  await stack.startReady('archivist');
  await stack.startReady('archivist');
  await deliver(stack, 30);
  const look = await stack.cli('forget', '--user', ANN.userId, '--dry-run');
  expect(look.output).toContain('Receipts of what was delivered may have the person');
  const forgotten = await stack.cli('forget', '--user', ANN.userId, '--yes');
  expect([forgotten.code, forgotten.output]).toEqual([
    0,
    expect.stringMatching(/60 receipts in 2 files blanked/),
  ]);
  await expectForgotten(dir, 30);
  await expectNothingAsked(stack);
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });
});

test('while no archivist runs the request waits and is told, and the next one does it', async () => {
  const { stack, dir } = await openBooks();
  const archivist = await stack.startReady('archivist', { isFresh: true });
  await deliver(stack, 10);
  await untilKept(stack);
  archivist.process.signal('SIGTERM');
  await archivist.process.exited;
  const asked = await stack.cli('forget', '--user', ANN.userId, '--yes');
  expect([asked.code, asked.output]).toEqual([
    1,
    expect.stringMatching(/no archivist runs[\s\S]*The receipts are not done: the request waits/),
  ]);
  const status = await stack.cli('status');
  expect(status.output.replace(/\s+/g, ' ')).toMatch(
    /1 person is to be taken out of the receipts, the oldest for .*: it waits for an archivist, and none runs/,
  );
  await stack.startReady('archivist');
  const isDone = async () => (await stack.redis.zcard('meterbridge:{erasures}:open')) === 0;
  await waitFor(isDone, { what: 'the request to be done', timeoutMs: 60_000 });
  await expectForgotten(dir, 10);
  await expectNothingAsked(stack);
  expect((await stack.cli('status')).output).not.toContain('receipts');
});

const KILLS = 12;
const EACH = 5;

/** Lets the seconds pass after which another archivist may take a killed one's shards. */
async function expireArchives({ redis }: Stack): Promise<void> {
  for (const shard of SHARDS) await redis.del(`meterbridge:{${shard}}:receipts:holder`);
}

test('archivists that are killed while they are at it: all usage stays, and nothing of whom was forgotten', async () => {
  const { stack, dir } = await openBooks();
  const people = Array.from({ length: KILLS }, (_, index) => `person-${index}-4711`);
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const tracks = people.flatMap((userId) => makeTracks(EACH, { userId }));
  await sendAll(receiver.url, tracks, 10);
  await stack.settled(tracks.length);
  const isOpen = async () => (await stack.redis.zcard('meterbridge:{erasures}:open')) > 0;
  const asked: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    // Each kill meets an archivist that has something to do.
    if (!(await isOpen())) {
      asked.push(people[asked.length]!);
      expect(await stack.cli('forget', '--user', asked.at(-1)!, '--yes')).toMatchObject({ code: 1 });
    }
    const archivist = await stack.startReady('archivist', { isFresh: true });
    await setTimeout(Math.random() * 4_000);
    archivist.process.signal('SIGKILL');
    await archivist.process.exited;
    await expireArchives(stack);
  }
  await Promise.all([stack.startReady('archivist'), stack.startReady('archivist')]);
  await waitFor(async () => !(await isOpen()), { what: 'the last request to be done', timeoutMs: 120_000 });
  for (const shard of SHARDS) {
    const usage = await usageOf(dir, shard);
    expect(usage).toHaveLength(tracks.length);
    expect(usage.filter(isForgotten)).toHaveLength(asked.length * EACH);
    const others = tracks.filter(({ userId }) => !asked.includes(userId as string));
    expect(usage.flatMap(({ messageId }) => messageId ?? []).toSorted()).toEqual(
      others.map(({ messageId }) => messageId).toSorted(),
    );
    expect(asked.filter((person) => JSON.stringify(usage).includes(person))).toEqual([]);
  }
  await expectNothingAsked(stack);
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });
});
