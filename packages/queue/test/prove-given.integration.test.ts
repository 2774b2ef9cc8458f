import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { ShardReplay, shardReplayKeys } from '../src/replay/shard-replay.js';
import { anEvent, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

test("a lane that was not given the receiver's letters proves none, one that was proves those and writes it anew", async () => {
  const { redis, producer, destination } = await open();
  const lane = new ShardReplay(destination, 'r1', redis);
  const [progressKey] = shardReplayKeys(destination, 'r1');
  const proves = (...names: string[]) => lane.proveRejections(names, producer, 0);
  expect(await proves('receiver/1-0 d1')).toBe(false);
  expect(await redis.exists(progressKey)).toBe(0);

  const delivery = { rule: 'usage', source: 'backend', event: anEvent(), hour: 7 };
  const rejections = ['receiver/1-0 d1', 'receiver/2-0 d2'];
  expect(await lane.apply({ deliveries: [delivery, delivery], rejections })).toBe(true);
  const writes = async () =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec(await redis.info('persistence'))![1]);
  const before = await writes();
  expect(await proves('receiver/2-0 d2', 'receiver/1-0 d1')).toBe(true);
  // A wait behind it is about this write, and so about all before.
  expect(await writes()).toBeGreaterThan(before);
  expect(await proves('receiver/2-0 d2')).toBe(true);
  expect(await proves('receiver/2-0 d2', 'receiver/3-0 d3')).toBe(false);
  expect(await proves('receiver/2-0 another')).toBe(false);
  await lane.close();
});
