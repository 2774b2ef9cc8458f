import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { Cluster, Redis } from 'ioredis';
import { findPortWithBus } from './free-port.js';
import type { SuiteRedis } from './use-redis.js';
import { waitFor } from './wait-for.js';

/** A suite's Redis Cluster: every key is in one slot of 16,384, and each master has as many of them. */
export type SuiteCluster = Pick<SuiteRedis, 'url' | 'connect'> & {
  /** Masters of the beginning, then a replica for each where there are any. */
  readonly nodes: readonly LocalRedis[];
  /** Which node has the slot of this key now, and one that replicates it. */
  ofKey(key: string): Promise<{ master: LocalRedis; replica: LocalRedis | undefined }>;
  /** A client of one node alone. */
  connectTo(node: LocalRedis): Redis;
};

const SLOTS = 16_384;
const START_TIMEOUT_MS = 120_000;
/** Found down after so long, a master is replaced within about as long again. */
const NODE_TIMEOUT_MS = 1_500;

/** Call at the top of a test file, as `useRedis`. `connect` gives a cluster's client, whose FLUSHALL empties all. */
export function useCluster({ masters = 3, hasReplicas = false } = {}): SuiteCluster {
  let nodes: LocalRedis[] = [];
  const clients: { disconnect(): void }[] = [];
  const keep = <Client extends Redis | Cluster>(client: Client): Client => {
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const direct = new Map<LocalRedis, Redis>();
  const connectTo = (node: LocalRedis) => {
    const client = direct.get(node) ?? keep(new Redis(node.url, { maxRetriesPerRequest: null }));
    direct.set(node, client);
    return client;
  };

  beforeAll(async () => {
    nodes = await Promise.all(Array.from({ length: hasReplicas ? 2 * masters : masters }, startNode));
    await joinNodes(nodes, masters, connectTo);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  return {
    get url() {
      return `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
    },
    get nodes() {
      return nodes;
    },
    connectTo,
    connect() {
      const cluster = keep(new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port }))));
      cluster.flushall = (async () => {
        await Promise.all(cluster.nodes('master').map((master) => master.flushall()));
        return 'OK';
      }) as Cluster['flushall'];
      return cluster as unknown as Redis;
    },
    async ofKey(key) {
      const living = await Promise.any(
        nodes.map((node) =>
          connectTo(node)
            .ping()
            .then(() => node),
        ),
      );
      const look = connectTo(living);
      const slot = (await look.cluster('KEYSLOT', key)) as number;
      const ranges = await look.cluster('SLOTS');
      const [, , ...holders] = ranges.find(([from, to]) => from <= slot && slot <= to)!;
      const [master, replica] = holders.map(([, port]) => nodes.find((node) => node.port === port)!);
      return { master: master!, replica };
    },
  };
}

async function startNode(): Promise<LocalRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbridge-test-cluster-'));
  return startLocalRedis({
    dataDir,
    ephemeral: true,
    port: await findPortWithBus(),
    settings: {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': String(NODE_TIMEOUT_MS),
      'repl-diskless-sync-delay': '0',
    },
  });
}

/** What `redis-cli --cluster create` does: slots for the masters, everybody meets, replicas choose. */
async function joinNodes(
  nodes: readonly LocalRedis[],
  masters: number,
  connectTo: (node: LocalRedis) => Redis,
): Promise<void> {
  const all = nodes.map(connectTo);
  const [first, ...others] = all;
  for (const [index, node] of all.entries()) {
    await node.cluster('SET-CONFIG-EPOCH', index + 1);
    if (index >= masters) continue;
    const [from, to] = [index, index + 1].map((part) => Math.round((part * SLOTS) / masters));
    await node.cluster('ADDSLOTS', ...Array.from({ length: to! - from! }, (_, slot) => from! + slot));
  }
  for (const node of others) await first!.cluster('MEET', '127.0.0.1', node.options.port!);
  const untilAll = (what: string, isSo: (node: Redis) => Promise<boolean>) =>
    waitFor(async () => (await Promise.all(all.map(isSo))).every(Boolean), { what });
  const knows = async (node: Redis) => String(await node.cluster('INFO'));
  await untilAll('the nodes to meet', async (node) =>
    (await knows(node)).includes(`cluster_known_nodes:${nodes.length}\r`),
  );
  for (const [index, node] of all.entries()) {
    if (index < masters) continue;
    await node.cluster('REPLICATE', (await all[index - masters]!.cluster('MYID')) as string);
    await waitFor(async () => (await node.info('replication')).includes('master_link_status:up'), {
      what: 'a replica',
    });
  }
  await untilAll('the cluster', async (node) => (await knows(node)).includes('cluster_state:ok'));
  // Each has to have heard of the replicas of the others.
  await untilAll('the replicas to be known', async (node) => {
    const ranges = (await node.cluster('SLOTS')) as unknown[][];
    return (
      ranges.length === masters && ranges.every(({ length }) => length === (nodes.length > masters ? 4 : 3))
    );
  });
}
