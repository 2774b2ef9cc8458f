import { beforeEach, expect, test } from '@jest/globals';
import { connectConsumer, createReplay, importDeadLetters, readAccount } from '@meterbridge/queue';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { openProducer, watchNewer } from '../src/connect.js';
import {
  countLetters,
  discard,
  exportLetters,
  forgetPerson,
  listReplays,
  type Operations,
  openOperations,
  pageLetters,
  planDiscard,
  planReplay,
  readLetter,
  readReplay,
  stopReplay,
  summarizeLetter,
} from '../src/index.js';
import { configWith } from './config.js';

const closing = useClosing();
const suite = useRedis();
const RUN = { run: '1', what: 'restored', by: 'ops' } as const;
const WORDS = 'written by a newer version: use version 0.9.0 or later';

const aLetter = (number: number) => ({
  id: `lago/${number}-0`,
  reason: 'unmapped',
  bucket: '400000/backend',
  letter: {
    rule: 'calls',
    source: 'backend',
    hour: 400_000,
    reason: 'unmapped',
    event: { messageId: `m${number}`, type: 'track', event: 'API Call', userId: `user-${number}` },
    tries: {
      attempts: 1,
      firstFailedAt: 1,
      lastCode: 'unmapped',
      lastDetail: 'properties.tokens is missing',
    },
  },
});

let redis: Redis;
let ops: Operations;
/** The id of the letter of a newer version, which lies beside two that are not. */
let newerId: string;

beforeEach(async () => {
  redis = connectConsumer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  await redis.flushall();
  await redis.hset('meterbridge:formats', 'dead-letter', '99 0.9.0', 'replay', '99 0.9.0');
  await importDeadLetters('lago', redis, [aLetter(1), aLetter(2), aLetter(3)], RUN);
  const stream = 'meterbridge:{lago}:dead-letters';
  const [[own, fields]] = (await redis.xrangeBuffer(stream, '-', '+', 'COUNT', 1)) as [[Buffer, Buffer[]]];
  newerId = `lago/${await redis.xadd(stream, '*', ...fields, 'format', '99')}`;
  await redis.xdel(stream, own.toString());
  ops = await openOperations(configWith(suite.url), { actor: 'ops', scrub: (text) => text });
  closing.push(() => ops.close());
});

async function expectUntouched(): Promise<void> {
  expect(await readAccount('lago', redis)).toMatchObject({ difference: 0 });
  const { entries } = await pageLetters(ops, { destination: 'lago' }, { limit: 10 });
  expect(entries.map(({ id }) => id)).toContain(newerId);
}

test('a letter of a newer version is listed with its id and the version that reads it, and is not shown', async () => {
  const { entries } = await pageLetters(ops, {}, { limit: 10 });
  expect(entries.map((entry) => summarizeLetter(entry, ops)).find(({ id }) => id === newerId)).toMatchObject({
    reason: 'unmapped',
    source: 'backend',
    detail: WORDS,
  });
  const { groups } = await countLetters(ops, {}, ['reason', 'rule']);
  expect(groups.map(({ key, letters }) => [key.rule, letters])).toEqual([
    ['calls', 2],
    ['', 1],
  ]);
  await expect(readLetter(newerId, ops)).rejects.toThrow(`${newerId}: ${WORDS}`);
});

test('discard and export pass it over with a word', async () => {
  const notices: string[] = [];
  const onNotice = (words: string) => notices.push(words);
  const lines: string[] = [];
  expect(await exportLetters(ops, {}, async (line) => void lines.push(line), { onNotice })).toBe(2);
  const plan = await planDiscard(ops, {}, { onNotice });
  expect(plan.letters).toBe(2);
  expect((await discard(ops, plan, 'a test')).discarded).toBe(2);
  expect(notices).toEqual([`1 letter is not exported: ${WORDS}`, `1 letter is not discarded: ${WORDS}`]);
  await expectUntouched();
  await expect(planDiscard(ops, { ids: [newerId] })).resolves.toMatchObject({ letters: 0 });
});

test('a replay leaves it where it is, and says why', async () => {
  const { plan } = await planReplay(ops, { destination: 'lago' }, { pace: {}, includeFailing: true });
  expect(plan.stay).toMatchObject([{ why: 'written by a newer version', letters: 1 }]);
  await expect(planReplay(ops, { ids: [newerId] }, { pace: {} })).rejects.toThrow(WORDS);
});

test('a person cannot be looked for in it, which is said', async () => {
  const forgotten = await forgetPerson(ops, { userId: 'user-2' });
  expect(forgotten).toMatchObject({ letters: 1, unreadable: 1, rest: null });
  await expectUntouched();
});

test('a replay of a newer version is listed, and left to that', async () => {
  const id = await createReplay(redis, { by: 'ops', what: {}, lanes: [] });
  await redis.hset(`meterbridge:{replays}:${id}`, { format: 99, what: 'in a form of its own' });
  expect(await listReplays(ops)).toMatchObject([
    { newer: { id, state: 'waiting', by: 'ops' }, words: WORDS },
  ]);
  const refused = `replay ${id}: ${WORDS}`;
  await expect(readReplay(ops, id)).rejects.toThrow(refused);
  await expect(stopReplay(ops, id)).rejects.toThrow(refused);
});

test('where the form of the whole is a newer one, nothing is opened', async () => {
  await redis.hset('meterbridge:formats', 'store', '99 0.9.0');
  const config = configWith(suite.url);
  await expect(openOperations(config, { actor: 'ops', scrub: (text) => text })).rejects.toMatchObject({
    code: 'newer_version',
    message: `What lies in Redis was ${WORDS}.`,
  });
});

test('nothing writes where a newer version has changed the form of the whole, however long it has run by then', async () => {
  const newer = watchNewer(redis);
  await redis.hset('meterbridge:formats', 'store', '99 0.9.0');
  await waitFor(() => newer.met() !== null, { what: 'the next look' });
  newer.stop();
  const refused = { code: 'newer_version', message: expect.stringContaining(WORDS) };
  expect(newer.met()).toMatchObject(refused);
  await expect(openProducer(suite.url)).rejects.toMatchObject(refused);
});
