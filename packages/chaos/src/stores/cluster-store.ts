import type { LocalRedis } from '@meterbridge/local-redis';
import { startCluster } from '@meterbridge/testing/start-cluster';
import { waitFor } from '@meterbridge/testing/wait-for';
import { Cluster, type Redis } from 'ioredis';

/** A Redis Cluster. Its processes reach each node by itself: nothing of their traffic passes through a link. */
export type ClusterStore = {
  readonly kind: 'cluster';
  readonly url: string;
  /** Of a node: links lead there, and nobody uses them. */
  readonly port: number;
  readonly look: Redis;
  /** Each master of now with the replica that would take over. */
  pairs(): Promise<{ master: LocalRedis; replica: LocalRedis }[]>;
  connectTo(node: LocalRedis): Redis;
  /** Waits until each master has a replica that has all. */
  untilWhole(): Promise<void>;
  close(): Promise<void>;
};

const MASTERS = 3;
/** A dead node is started again and has to be heard of by the others. */
const WHOLE_WITHIN_MS = 60_000;

export async function openCluster(): Promise<ClusterStore> {
  const cluster = await startCluster({ masters: MASTERS, hasReplicas: true });
  const { connectTo } = cluster;
  const look = new Cluster(
    cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: { maxRetriesPerRequest: null }, slotsRefreshInterval: 1_000 },
  );
  look.on('error', () => {});
  const holders = async () => (await cluster.holders()).map(({ nodes }) => nodes);
  return {
    kind: 'cluster',
    url: cluster.url,
    port: cluster.nodes[0]!.port,
    look: look as unknown as Redis,
    pairs: async () => (await holders()).map(([master, replica]) => ({ master: master!, replica: replica! })),
    connectTo,
    async untilWhole() {
      const isWhole = async () => {
        const all = await holders();
        const online = await Promise.all(
          all.map(async ([master, replica]) =>
            (await connectTo(master!).info('replication')).includes(`port=${replica?.port},state=online`),
          ),
        );
        return all.length === MASTERS && online.every(Boolean);
      };
      await waitFor(isWhole, { what: 'the cluster to be whole', timeoutMs: WHOLE_WITHIN_MS });
    },
    async close() {
      look.disconnect();
      await cluster.stop();
    },
  };
}
