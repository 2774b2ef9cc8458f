import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { sourceActivityKeys } from '../src/activity/activity-keys.js';
import { readRuleActivity, readSeenPaths, readUntakenNames } from '../src/activity/read-activity.js';
import { recordRules, recordSource, type SourceReport } from '../src/activity/record-activity.js';

const suite = useRedis();
let redis: Redis;

const [MINUTE, DAY] = [60_000, 86_400_000];
const today = () => Math.floor(Date.now() / DAY);
const KEY = 'meterbridge:{lago}:rule-activity';

beforeAll(() => {
  redis = suite.connect();
});

afterEach(async () => {
  await redis.flushall();
});

let number = 0;
const taken = (rule: string, count: number, firstAt: number, lastAt = firstAt, reporter = 'a') =>
  recordRules(redis, 'lago', [{ rule, taken: count, firstAt, lastAt }], { reporter, number: ++number });
const calls = async () => (await readRuleActivity(redis, 'lago')).get('calls');

const NOTHING: SourceReport = { source: 'backend', untaken: [], taken: [], paths: [], sampled: 0 };
const saw = (report: Partial<SourceReport>, { reporter = 'a', rules = 'v1' } = {}) =>
  recordSource(redis, { ...NOTHING, ...report }, { reporter, number: ++number, rules });
const untaken = (name: string, events: number, lastAt = Date.now()) => ({ name, events, lastAt });
const names = async () => (await readUntakenNames(redis, 'backend', Date.now())).names;

test('adds up what rules took, with the last time and the longest gap', async () => {
  const at = Date.now() - 10 * MINUTE;
  await taken('calls', 5, at, at + MINUTE);
  expect(await calls()).toEqual({
    days: [{ day: today(), taken: 5, longestGapMs: 0 }],
    lastTakenAt: at + MINUTE,
  });
  await taken('calls', 2, at + 6 * MINUTE);
  await taken('calls', 1, at + 8 * MINUTE);
  expect(await calls()).toEqual({
    days: [{ day: today(), taken: 8, longestGapMs: 5 * MINUTE }],
    lastTakenAt: at + 8 * MINUTE,
  });
  expect(await redis.ttl(KEY)).toBeGreaterThan(14 * 86_400);
});

test('reports of two processes may come in any order', async () => {
  const at = Date.now() - 10 * MINUTE;
  await taken('calls', 1, at + MINUTE, at + 2 * MINUTE, 'a');
  await taken('calls', 1, at, at + MINUTE, 'b');
  expect(await calls()).toEqual({
    days: [{ day: today(), taken: 2, longestGapMs: 0 }],
    lastTakenAt: at + 2 * MINUTE,
  });
});

test('a report that is sent again is not added again', async () => {
  const report = [{ rule: 'calls', taken: 3, firstAt: Date.now(), lastAt: Date.now() }];
  for (const reporter of ['a', 'a', 'b']) await recordRules(redis, 'lago', report, { reporter, number: 7 });
  expect((await calls())?.days[0]?.taken).toBe(6);
  const source = { ...NOTHING, untaken: [untaken('track A', 2)], sampled: 1 };
  for (const reporter of ['a', 'a', 'b'])
    await recordSource(redis, source, { reporter, number: 7, rules: 'v1' });
  expect(await names()).toMatchObject([{ events: 4 }]);
  expect((await readSeenPaths(redis, 'backend', Date.now())).sampled).toBe(2);
});

test('a time that is not yet is now: a clock that was ahead hides no silence', async () => {
  const before = Date.now();
  await redis.hset(KEY, 'calls/last', before + 5 * DAY);
  await taken('calls', 1, before + 2 * DAY);
  const { lastTakenAt } = (await calls())!;
  expect(lastTakenAt).toBeGreaterThanOrEqual(before);
  expect(lastTakenAt).toBeLessThanOrEqual(Date.now());
});

test('forgets days that are too old, and rules that took nothing since', async () => {
  await redis.hset(KEY, {
    [`calls/${today() - 15}/taken`]: 9,
    [`calls/${today() - 15}/gap`]: 9,
    [`calls/${today() - 14}/taken`]: 4,
    [`removed/${today() - 15}/taken`]: 9,
    'removed/last': Date.now() - 15 * DAY,
    [`renamed/${today() - 3}/taken`]: 9,
    'renamed/last': Date.now() - 3 * DAY,
  });
  await taken('calls', 1, Date.now());
  const kept = await readRuleActivity(redis, 'lago');
  expect(kept.get('calls')?.days).toEqual([
    { day: today() - 14, taken: 4, longestGapMs: 0 },
    { day: today(), taken: 1, longestGapMs: 0 },
  ]);
  expect([...kept.keys()].toSorted()).toEqual(['calls', 'renamed']);
});

test('adds up the names that no rule takes, the most frequent first', async () => {
  const at = Date.now() - MINUTE;
  await saw({ untaken: [untaken('track API Calls', 2, at), untaken('page', 3, at)] });
  await saw({ untaken: [untaken('track API Calls', 4, at + 1)] });
  expect(await names()).toEqual([
    { name: 'track API Calls', events: 6, lastAt: at + 1 },
    { name: 'page', events: 3, lastAt: at },
  ]);
});

test('a name that a rule takes goes, whichever process saw it, until the rules change', async () => {
  await saw({ untaken: [untaken('track A', 5)] }, { reporter: 'a' });
  await saw({ taken: ['track A'] }, { reporter: 'b' });
  expect(await names()).toEqual([]);
  await saw({ untaken: [untaken('track A', 5)] }, { reporter: 'a' });
  expect(await names()).toEqual([]);
  await saw({ untaken: [untaken('track A', 1)] }, { reporter: 'c', rules: 'v2' });
  expect(await names()).toMatchObject([{ name: 'track A', events: 1 }]);
});

test('keeps a thousand names, in which the frequent ones stay and a new one has a chance', async () => {
  await saw({ untaken: [untaken('track frequent', 1_000)] });
  for (let round = 0; round < 5; round++) {
    const madeUp = Array.from({ length: 900 }, (_, index) => untaken(`track ${round}-${index}`, 1));
    await saw({ untaken: [...madeUp, untaken('track late', 10)] });
  }
  const found = await readUntakenNames(redis, 'backend', Date.now());
  expect(found.count).toBe(1_000);
  expect(found.names).toHaveLength(100);
  expect(found.names[0]).toMatchObject({ name: 'track frequent', events: 1_000 });
  expect(found.names[1]).toMatchObject({ name: 'track late', events: 50 });
  // What it took over is not counted as its own.
  await saw({ untaken: [untaken('track newest', 20)] });
  const newest = (await names()).find(({ name }) => name === 'track newest');
  expect(newest).toMatchObject({ events: 20 });
});

test('forgets names and paths that are not seen any more', async () => {
  const { seen, paths, samples } = sourceActivityKeys('backend');
  await saw({
    untaken: [untaken('track old', 5), untaken('track new', 5)],
    paths: ['properties.a'],
    sampled: 1,
  });
  await redis.hset(seen, 'track old', `${Date.now() - 15 * DAY} 0`);
  await redis.zadd(paths, Date.now() - 15 * DAY, 'properties.old');
  expect((await names()).map(({ name }) => name)).toEqual(['track new']);
  expect([...(await readSeenPaths(redis, 'backend', Date.now())).paths]).toEqual(['properties.a']);
  await redis.hset(samples, 'hour', 1);
  await saw({ untaken: [untaken('track new', 1)], paths: ['properties.a'], sampled: 1 });
  expect((await readUntakenNames(redis, 'backend', Date.now())).count).toBe(1);
  expect(await redis.zrevrange(paths, 0, -1)).toEqual(['properties.a']);
  for (const key of [seen, paths, samples]) expect(await redis.ttl(key)).toBeGreaterThan(13 * 86_400);
});

test('says so where there are more paths than are kept', async () => {
  for (let round = 0; round < 3; round++) {
    await saw({
      paths: Array.from({ length: 500 }, (_, index) => `properties.p${round}_${index}`),
      sampled: 1,
    });
  }
  const { paths } = await readSeenPaths(redis, 'backend', Date.now());
  expect(paths.size).toBeLessThanOrEqual(1_000);
  expect(paths.has('*')).toBe(true);
});
