import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { openReplication, type Replication } from '../src/index.js';
import { type RedisWay, useRedisWays } from './redis-way.js';

const closing = useClosing();
const openWay = useRedisWays();
/** A master and its replica, and another pair that has the same. */
const servers = [useRedis(), useRedis(), useRedis(), useRedis()] as const;
const KEY = 'meterbridge:{test}:job';

let way: RedisWay;
let replication: Replication;

beforeAll(async () => {
  for (const [master, replica] of [servers.slice(0, 2), servers.slice(2)]) {
    await replica!.connect().call('REPLICAOF', '127.0.0.1', String(master!.redis.port));
    await master!.connect().hset(KEY, 'rev', 'mine');
    await waitFor(async () => (await master!.connect().wait(1, 100)) === 1, { what: 'the replica' });
  }
});

beforeEach(async () => {
  way = await openWay(servers[0].redis.port);
  replication = openReplication(way.url, 1);
  closing.push(() => replication.close());
  await waitFor(() => replication.confirm(KEY, 'rev', 'mine'), { what: 'the connection' });
});

test('what is there and on the replica is confirmed', async () => {
  expect(await replication.confirm(KEY, 'rev', 'mine')).toBe(true);
});

test.each([
  ['another value', KEY, 'other'],
  ['nothing', 'meterbridge:{test}:none', 'mine'],
])('where the server has %s, it says so and writes nothing', async (_what, key, value) => {
  const before = await servers[0].connect().hgetall(key);
  expect(await replication.confirm(key, 'rev', value)).toBe(false);
  expect(await servers[0].connect().hgetall(key)).toEqual(before);
});

test('a replica that is silent has nothing', async () => {
  await servers[1].redis.kill('SIGSTOP');
  try {
    const confirmed = replication.confirm(KEY, 'rev', 'mine');
    await expect(confirmed).rejects.toMatchObject({
      code: 'not_replicated',
      message: '0 of 1 replicas have it',
    });
  } finally {
    await servers[1].redis.kill('SIGCONT');
  }
});

test('a wait is not asked again of another server, where it would prove nothing', async () => {
  await servers[1].redis.kill('SIGSTOP');
  try {
    way.afterAnswer(/^:1\r\n/, () => {
      way.leadTo(servers[2].redis.port);
      way.cut();
    });
    await expect(replication.confirm(KEY, 'rev', 'mine')).rejects.toThrow();
    // The other pair has it, and says so once it is asked for all of it.
    await waitFor(() => replication.confirm(KEY, 'rev', 'mine'), { what: 'the other server' });
  } finally {
    await servers[1].redis.kill('SIGCONT');
  }
});
