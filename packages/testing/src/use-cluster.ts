import { afterAll, beforeAll } from '@jest/globals';
import type { LocalRedis } from '@meterbridge/local-redis';
import { Cluster, type Redis } from 'ioredis';
import { type LocalCluster, startCluster } from './start-cluster.js';
import type { SuiteRedis } from './use-redis.js';

/** A suite's Redis Cluster. */
export type SuiteCluster = Pick<SuiteRedis, 'url' | 'connect'> &
  Pick<LocalCluster, 'nodes' | 'connectTo'> & {
    /** Which node has the slot of this key now, and one that replicates it. */
    ofKey(key: string): Promise<{ master: LocalRedis; replica: LocalRedis | undefined }>;
  };

/** Call at the top of a test file, as `useRedis`. `connect` gives a cluster's client, whose FLUSHALL empties all. */
export function useCluster({ masters = 3, hasReplicas = false } = {}): SuiteCluster {
  let started: LocalCluster | undefined;
  const running = (): LocalCluster => {
    if (!started) throw new Error('useCluster: the cluster is there from beforeAll on');
    return started;
  };
  const clients: Cluster[] = [];

  beforeAll(async () => {
    started = await startCluster({ masters, hasReplicas });
  });

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await started?.stop();
  });

  return {
    get url() {
      return running().url;
    },
    get nodes() {
      return running().nodes;
    },
    connectTo: (node) => running().connectTo(node),
    connect() {
      const cluster = new Cluster(running().nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
      cluster.on('error', () => {});
      clients.push(cluster);
      cluster.flushall = (async () => {
        await Promise.all(cluster.nodes('master').map((master) => master.flushall()));
        return 'OK';
      }) as Cluster['flushall'];
      return cluster as unknown as Redis;
    },
    async ofKey(key) {
      const { connectTo, holders, nodes } = running();
      const ranges = await holders();
      const living = await Promise.any(nodes.map((node) => connectTo(node).cluster('KEYSLOT', key)));
      const slot = living as number;
      const [master, replica] = ranges.find(({ from, to }) => from <= slot && slot <= to)!.nodes;
      return { master: master!, replica };
    },
  };
}
