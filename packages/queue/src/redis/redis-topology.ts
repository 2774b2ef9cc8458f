import { masterOfKey, mastersOf, slotOfKey } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { queueKeys, readsOf, shardNames } from '../keys/keys.js';
import type { RedisFinding } from './redis-safety.js';
import { countReplicas } from './replication.js';

/**
 * What kind of Redis it is, and where the shards of each destination lie on it.
 * @param shards as configured, as `replicas`
 */
export async function inspectTopology(
  redis: Redis,
  destinations: readonly string[],
  { shards, replicas }: { shards: number; replicas: number },
): Promise<RedisFinding[]> {
  const servers = mastersOf(redis);
  const masters = servers.length;
  const told = await Promise.allSettled(servers.map(countReplicas));
  const each = told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const kind = redis.isCluster
    ? `Redis Cluster, ${count(masters, 'master')}`
    : redis.options.sentinels
      ? 'a master by the word of Sentinels'
      : 'one server';
  const known = each.filter((one) => one !== null);
  const isTold = known.length === each.length;
  const replicasFound = known.reduce((sum, one) => sum + one, 0);
  const found = `${kind}, ${isTold ? count(replicasFound, 'replica') : 'which does not tell its replicas'}`;
  if (each.length < masters) {
    const silent = count(masters - each.length, 'master');
    return [{ what: 'kind', level: 'refuse', detail: `${found}; without an answer: ${silent}` }];
  }
  const first: RedisFinding = isTold
    ? judgeReplicas(found, Math.min(...known), replicas, Boolean(redis.options.sentinels))
    : { what: 'kind', level: 'warn', detail: found };
  if (!redis.isCluster) return [first, ...describeShards(shards)];
  const places = await Promise.all(destinations.map((name) => placeShards(redis, name, shards, masters)));
  return [first, ...places];
}

function judgeReplicas(found: string, fewest: number, replicas: number, hasSentinels: boolean): RedisFinding {
  if (fewest < replicas) {
    const detail = `${found}: a master has fewer than \`redis.replicas\` (${replicas}), and nothing is answered 200`;
    return { what: 'kind', level: 'refuse', detail };
  }
  if (hasSentinels && replicas === 0) {
    const detail = `${found}: a failover loses what was answered 200 last. Set \`redis.replicas\` to the number of replicas`;
    return { what: 'kind', level: 'warn', detail };
  }
  return { what: 'kind', level: 'ok', detail: found };
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
    const { prefix: _prefix, replay, receiptJob, job, bull, ...keys } = queueKeys(name);
    const all = [...Object.values(keys), replay('1'), receiptJob('1'), job('1'), bull('wait')];
    const slots = all.map((key) => slotOfKey(redis, key));
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
