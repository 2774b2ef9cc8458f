import { expect, test } from '@jest/globals';
import { type SuiteRedis, useRedis } from '@meterbridge/testing';
import { connectConsumer, type ReplayStep, ShardReplay } from '../src/index.js';
import { makeLines } from './pipeline-line.js';
import { useRedisWays } from './redis-way.js';

const open = makeLines(() => suite as SuiteRedis);
const openWay = useRedisWays();
const suite = useRedis();

const CELL = '400000/backend';

test.each<[string, ReplayStep, object, object]>([
  [
    'letters that were left',
    { left: { 'would fail again': 4, 'taken by no rule': 1 }, from: '1-0', through: '2-0' },
    { left: { 'would fail again': 5, 'taken by no rule': 1 }, position: '2-0' },
    { accepted: 0, filtered: 0, difference: 0 },
  ],
  [
    'events that no rule takes',
    { filtered: { [CELL]: 3 }, from: '1-0', through: '2-0' },
    { left: { 'would fail again': 1 }, position: '2-0' },
    { accepted: 3, filtered: 3, difference: 0 },
  ],
  [
    "the receiver's letters that no rule takes",
    { filtered: { [CELL]: 3 }, rejections: ['receiver/1-0', 'receiver/2-0'] },
    { left: { 'would fail again': 1 }, position: '1-0' },
    { accepted: 3, filtered: 3, difference: 0 },
  ],
])(
  'a step that only counts %s counts them once, sent again after its answer was lost',
  async (_name, step, progress, account) => {
    const line = await open();
    const way = await openWay(suite.redis.port);
    const redis = connectConsumer(way.url, () => {});
    const lane = new ShardReplay(line.destination, 'resent', redis);
    const runs = async () =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(await line.redis.info('commandstats'))?.[1] ?? 0);
    try {
      expect(await lane.apply({ left: { 'would fail again': 1 }, from: '', through: '1-0' })).toBe(true);
      const before = await runs();
      way.swallowAnswers();
      await lane.apply(step);
      // It did reach Redis twice.
      expect((await runs()) - before).toBeGreaterThanOrEqual(2);
      expect(await lane.progress()).toMatchObject(progress);
    } finally {
      await lane.close();
      redis.disconnect();
    }
    expect(await line.account()).toMatchObject(account);
    for (const { difference } of await line.audit()) expect(difference).toBe(0);
  },
);
