import { masterOfKey, mastersOf, serversOf, slotOfKey } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { queueKeys, readsOf, shardNames } from './keys.js';
import type { RedisFinding } from './redis-safety.js';

/**
 * What kind of Redis it is, and where the shards of each destination lie on it. @param shards as configured
 */
export async function inspectTopology(
  redis: Redis,
  destinations: readonly string[],
  shards: number,
): Promise<RedisFinding[]> {
  if (!redis.isCluster) return [await describeServer(redis), ...describeShards(shards)];
  const masters = mastersOf(redis).length;
  const replicas = serversOf(redis).length - masters;
  const detail = `Redis Cluster, ${count(masters, 'master')}, ${count(replicas, 'replica')}`;
  const places = await Promise.all(destinations.map((name) => placeShards(redis, name, shards, masters)));
  return [{ what: 'kind', level: 'ok', detail }, ...places];
}

async function describeServer(redis: Redis): Promise<RedisFinding> {
  const info = await redis.info('replication');
  const replicas = Number(/^connected_slaves:(\d+)/m.exec(info)?.[1] ?? 0);
  const kind = redis.options.sentinels ? 'a master by the word of Sentinels' : 'one server';
  return { what: 'kind', level: 'ok', detail: `${kind}, ${count(replicas, 'replica')}` };
}

function describeShards(shards: number): RedisFinding[] {
  return shards === 1 ? [] : [{ what: 'shards', level: 'ok', detail: `${shards} on one master` }];
}

async function placeShards(
  redis: Redis,
  destination: string,
  shards: number,
  masters: number,
): Promise<RedisFinding> {
  const names = shardNames(destination, shards);
  for (const name of [...names, readsOf(destination)]) {
    const { prefix: _prefix, job, bull, ...keys } = queueKeys(name);
    const slots = [...Object.values(keys), job('1'), bull('wait')].map((key) => slotOfKey(redis, key));
    if (new Set(await Promise.all(slots)).size > 1) {
      return { what: 'shards', level: 'refuse', detail: `${name}: its keys lie in several slots` };
    }
  }
  const byMaster = new Map<string, number>();
  for (const name of names) {
    const master = await masterOfKey(redis, queueKeys(name).ledger);
    byMaster.set(master, (byMaster.get(master) ?? 0) + 1);
  }
  const said = [...byMaster].map(([master, number]) => `${number} on ${master}`).toSorted();
  const detail = `${destination}: ${said.join(', ')}`;
  if (byMaster.size >= masters) return { what: 'shards', level: 'ok', detail };
  const idle = count(masters - byMaster.size, 'master');
  return {
    what: 'shards',
    level: 'warn',
    detail: `${detail}. ${idle} of ${masters} carry nothing of it: raise \`redis.shards\` (${shards})`,
  };
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}
