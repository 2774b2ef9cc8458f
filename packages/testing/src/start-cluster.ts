import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { Redis } from 'ioredis';
import { findPortWithBus } from './free-port.js';
import { waitFor } from './wait-for.js';

/** A Redis Cluster: every key is in one slot of 16,384, and each master has as many of them. */
export type LocalCluster = {
  readonly url: string;
  /** Masters of the beginning, then a replica for each where there are any. */
  readonly nodes: readonly LocalRedis[];
  /** A client of one node alone. */
  connectTo(node: LocalRedis): Redis;
  /** The servers of each range of slots, by the word of a living node: its master first, then its replicas. */
  holders(): Promise<{ from: number; to: number; nodes: LocalRedis[] }[]>;
  stop(): Promise<void>;
};

const SLOTS = 16_384;
/** Found down after so long, a master is replaced within about as long again. */
const NODE_TIMEOUT_MS = 1_500;

/** Starts a cluster of our own, on the loopback only. It ends as each of its servers does. */
export async function startCluster({ masters = 3, hasReplicas = false } = {}): Promise<LocalCluster> {
  const clients = new Map<LocalRedis, Redis>();
  const connectTo = (node: LocalRedis) => {
    const client = clients.get(node) ?? new Redis(node.url, { maxRetriesPerRequest: null });
    client.on('error', () => {});
    clients.set(node, client);
    return client;
  };
  const nodes = await Promise.all(Array.from({ length: hasReplicas ? 2 * masters : masters }, startNode));
  await joinNodes(nodes, masters, connectTo);
  return {
    url: `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    connectTo,
    async holders() {
      const living = await Promise.any(
        nodes.map((node) =>
          connectTo(node)
            .ping()
            .then(() => node),
        ),
      );
      const ranges = await connectTo(living).cluster('SLOTS');
      return ranges.map(([from, to, ...holders]) => ({
        from,
        to,
        nodes: holders.map(([, port]) => nodes.find((node) => node.port === port)!),
      }));
    },
    async stop() {
      for (const client of clients.values()) client.disconnect();
      await Promise.all(nodes.map((node) => node.stop()));
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
    const master = all[index - masters]!;
    await node.cluster('REPLICATE', (await master.cluster('MYID')) as string);
    await waitFor(async () => (await master.info('replication')).includes('state=online'), {
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
