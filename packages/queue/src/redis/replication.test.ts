import { expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { prepareWait } from './replication.js';

/** A cluster's client that knows of two servers, each with one replica, and which of them has all slots. */
function aCluster() {
  const asked: string[] = [];
  const server = (host: string) => ({
    options: { host, port: 1 },
    wait: async () => {
      asked.push(host);
      return 1;
    },
  });
  const servers = [server('old'), server('new')];
  const cluster = {
    isCluster: true,
    slots: { 7: ['old:1'] },
    cluster: async () => 7,
    nodes: () => servers,
  };
  return { asked, cluster, redis: cluster as unknown as Redis };
}

test('a wait is for the server that the write was sent to', async () => {
  const { asked, redis } = aCluster();
  const untilReplicated = await prepareWait(redis, 'meterbridge:{a}:x', 1);
  await untilReplicated();
  expect(asked).toEqual(['old']);
});

test('a wait fails where the client has learned of another server meanwhile: it would prove nothing', async () => {
  const { asked, cluster, redis } = aCluster();
  const untilReplicated = await prepareWait(redis, 'meterbridge:{a}:x', 1);
  cluster.slots[7] = ['new:1'];
  await expect(untilReplicated()).rejects.toMatchObject({ code: 'not_replicated' });
  expect(asked).toEqual([]);
});
