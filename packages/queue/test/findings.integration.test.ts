import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import {
  connectProducer,
  countOpenFindings,
  findingId,
  keepFindings,
  MAX_FINDINGS,
  type NewFinding,
  readFindings,
  readResolvedFindings,
  readStoreTime,
  resolveFinding,
  waiveFinding,
} from '../src/index.js';

const suite = useRedis();
const clients: Redis[] = [];
afterAll(() => {
  for (const client of clients) client.disconnect();
});
beforeEach(() => suite.connect().flushall());

const finding = (usageId: string, kind = 'unknown_code'): NewFinding => ({
  kind,
  usageId,
  detail: 'no metric has this code',
});
const ids = (findings: { usageId: string }[]) => findings.map(({ usageId }) => usageId);

test('a finding that comes again changes nothing but its last sight', async () => {
  const redis = suite.connect();
  expect(await keepFindings(redis, 'lago', [finding('a'), finding('b')])).toEqual({ added: 2, notKept: 0 });
  const first = await readFindings(redis, 'lago');
  expect(first).toHaveLength(2);
  const one = first.find(({ usageId }) => usageId === 'a');
  expect(one).toEqual({ ...finding('a'), id: findingId(finding('a')), at: one!.at, seen: one!.at });
  await waitForNextMs(redis, one!.seen);
  const other = { ...finding('a'), detail: 'another sentence' };
  expect(await keepFindings(redis, 'lago', [other, finding('c')])).toEqual({ added: 1, notKept: 0 });
  const again = (await readFindings(redis, 'lago')).find(({ usageId }) => usageId === 'a')!;
  expect(again).toEqual({ ...one, seen: again.seen });
  expect(again.seen).toBeGreaterThan(one!.seen);
  expect(await readFindings(redis, 'other')).toEqual([]);
  expect(await countOpenFindings(redis, 'lago')).toEqual(new Map([['unknown_code', 3]]));
});

test('the same usage event may have a finding of each kind, and of each owner', async () => {
  const redis = suite.connect();
  const found = [finding('a'), finding('a', 'bad_value'), { ...finding('a'), owner: 'x' }];
  await keepFindings(redis, 'lago', found);
  expect(await readFindings(redis, 'lago')).toHaveLength(3);
});

test('a report that comes again adds nothing, not even what was resolved meanwhile', async () => {
  const redis = suite.connect();
  const found = Array.from({ length: 1_200 }, (_, index) => finding(`id-${index}`));
  expect(await keepFindings(redis, 'lago', found, { report: 'r' })).toEqual({ added: 1_200, notKept: 0 });
  await resolveFinding(redis, 'lago', findingId(found[700]!), { by: 'ops', at: 5 });
  expect(await keepFindings(redis, 'lago', found, { report: 'r' })).toEqual({ added: 0, notKept: 0 });
  expect(await readFindings(redis, 'lago')).toHaveLength(1_199);
  // Another report about the same: it is not put right.
  expect(await keepFindings(redis, 'lago', found, { report: 's' })).toEqual({ added: 1, notKept: 0 });
  expect(await redis.pttl('meterbridge:{lago}:findings:report:s:250')).toBeGreaterThan(0);
});

test('one that somebody lets stand is open no more, and stays so when it comes again', async () => {
  const redis = suite.connect();
  await keepFindings(redis, 'lago', [finding('a'), finding('b')]);
  const id = findingId(finding('a'));
  const waived = { by: 'ops', because: 'a test of ours \ud800', at: 1_796_000_000_123 };
  expect(await waiveFinding(redis, 'lago', id, waived)).toBe(true);
  expect(await waiveFinding(redis, 'lago', id, { ...waived, by: 'ops2' })).toBe(true);
  expect(await waiveFinding(redis, 'lago', 'nope', waived)).toBe(false);
  await keepFindings(redis, 'lago', [finding('a')]);
  const kept = (await readFindings(redis, 'lago')).find((each) => each.id === id)!;
  expect(kept.waived).toEqual({ by: 'ops2', because: 'a test of ours \ufffd', at: 1_796_000_000_123 });
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(1);
  expect(await resolveFinding(redis, 'lago', id, { by: 'ops', at: 9 })).toBe(true);
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(1);
});

test('a resolved one leaves, and is known with who and when; reported later it is a new one', async () => {
  const redis = suite.connect();
  await keepFindings(redis, 'lago', [finding('a'), finding('b')]);
  const id = findingId(finding('a'));
  expect(await resolveFinding(redis, 'lago', id, { by: 'ops', at: 7 })).toBe(true);
  expect(await resolveFinding(redis, 'lago', id, { by: 'ops', at: 8 })).toBe(false);
  expect(ids(await readFindings(redis, 'lago'))).toEqual(['b']);
  expect(await readResolvedFindings(redis, 'lago')).toMatchObject([
    { id, usageId: 'a', resolved: { by: 'ops', at: 7 } },
  ]);
  await keepFindings(redis, 'lago', [finding('a')]);
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(2);
});

test('ids that are no text, or have no end, are kept and told apart', async () => {
  const redis = suite.connect();
  const hostile = ['\u001b[2J', '\u0000', '\ud800', '\ud801', '"}', '', '__proto__', 'x'.repeat(5_000)];
  await keepFindings(
    redis,
    'lago',
    [...hostile, `${'x'.repeat(5_000)}y`].map((id) => finding(id)),
  );
  const found = await readFindings(redis, 'lago');
  expect(found).toHaveLength(9);
  expect(Math.max(...ids(found).map((id) => id.length))).toBe(300);
});

test('beyond the bound findings are counted as one, which comes back when it grows', async () => {
  const redis = suite.connect();
  const filler = Array.from({ length: MAX_FINDINGS - 1 }, (_, index) => [`filler-${index}`, '{}']);
  for (let from = 0; from < filler.length; from += 10_000)
    await redis.hset('meterbridge:{lago}:findings', ...filler.slice(from, from + 10_000).flat());
  const found = ['a', 'b', 'c'].map((id) => finding(id));
  expect(await keepFindings(redis, 'lago', found, { report: 'r' })).toEqual({ added: 3, notKept: 2 });
  await keepFindings(redis, 'lago', found, { report: 'r' });
  const more = async () => (await readFindings(redis, 'lago')).find(({ id }) => id === 'more-unknown_code')!;
  expect(await more()).toMatchObject({ kind: 'unknown_code', usageId: '', more: 2 });
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(3);
  await waiveFinding(redis, 'lago', 'more-unknown_code', { by: 'ops', because: 'known', at: 1 });
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(1);
  await keepFindings(redis, 'lago', [finding('d')]);
  expect(await more()).toMatchObject({ more: 3 });
  expect((await more()).waived).toBeUndefined();
  expect((await countOpenFindings(redis, 'lago')).get('unknown_code')).toBe(4);
});

test('nothing is said to be kept where Redis is away, or too few replicas have it', async () => {
  const redis = connectProducer(suite.url, () => {});
  clients.push(redis);
  await new Promise((resolve) => redis.once('ready', resolve));
  await expect(
    keepFindings(redis, 'lago', [finding('a')], { replicas: 1, report: 'r' }),
  ).rejects.toMatchObject({
    code: 'not_replicated',
  });
  // Known already, and waited for all the same.
  await expect(
    keepFindings(redis, 'lago', [finding('a')], { replicas: 1, report: 'r' }),
  ).rejects.toMatchObject({
    code: 'not_replicated',
  });
  await suite.redis.kill('SIGKILL');
  await expect(keepFindings(redis, 'lago', [finding('a')])).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  await suite.redis.restart();
});

async function waitForNextMs(redis: Redis, at: number): Promise<void> {
  while ((await readStoreTime(redis)) < at + 1);
}
