import { nameOf, serversOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { readInfo } from './read-info.js';

/** One thing about a Redis that matters to whoever answers 200 on its word. */
export type RedisFinding = {
  what: 'persistence' | 'fsync' | 'eviction' | 'version' | 'memory' | 'kind' | 'shards';
  /** `refuse`: acknowledged events could be lost; `warn`: worth knowing, or the server would not say. */
  level: 'ok' | 'warn' | 'refuse';
  detail: string;
};

/** Thrown where going on would put acknowledged events at risk; the message says what to set. */
export class UnsafeRedisError extends Error {
  override name = 'UnsafeRedisError';
  readonly code = 'unsafe_redis';
}

/**
 * Looks before anything hangs on this Redis. @throws UnsafeRedisError unless the operator has allowed it in
 * so many words
 */
export async function assertDurableRedis(
  redis: Redis,
  allowDataLoss: boolean,
  onFinding: (finding: RedisFinding) => void,
): Promise<void> {
  const findings = (await inspectRedis(redis)).filter(({ level }) => level !== 'ok');
  for (const finding of findings) onFinding(finding);
  const refused = findings.filter(({ level }) => level === 'refuse');
  if (refused.length === 0 || allowDataLoss) return;
  const reasons = refused.map(({ detail }) => detail).join('\n');
  throw new UnsafeRedisError(`${reasons}\nOr say \`redis: { allowDataLoss: true }\` in the configuration.`);
}

/** BullMQ's own minimum; streams and scripts here need nothing newer. */
const MINIMUM_VERSION = [6, 2];

/**
 * Reads how safe a Redis is. Where the server forbids CONFIG (hosted ones do) or INFO, it warns instead. Of a Redis Cluster
 * each server is looked at that answers, replicas as well, since they may be masters tomorrow: the worst is told.
 */
export async function inspectRedis(redis: Redis): Promise<RedisFinding[]> {
  const servers = serversOf(redis);
  const all = await Promise.allSettled(servers.map(inspectServer));
  const known = all.flatMap((each, index) =>
    each.status === 'fulfilled'
      ? [nameFindings(each.value, servers.length > 1 ? servers[index]! : null)]
      : [],
  );
  const [first] = known;
  if (!first)
    throw (all[0] as PromiseRejectedResult | undefined)?.reason ?? new Error('no server is known yet');
  return first.map((_, what) => worstOf(known.map((findings) => findings[what]!)));
}

const WORST = ['refuse', 'warn', 'ok'] as const;

function worstOf(findings: RedisFinding[]): RedisFinding {
  const [worst] = findings.toSorted((one, other) => WORST.indexOf(one.level) - WORST.indexOf(other.level));
  return worst!;
}

/** Of several servers, says of which it is what is not as it should be. */
function nameFindings(findings: RedisFinding[], server: Redis | null): RedisFinding[] {
  if (!server) return findings;
  return findings.map((finding) =>
    finding.level === 'ok' ? finding : { ...finding, detail: `${nameOf(server)}: ${finding.detail}` },
  );
}

async function inspectServer(redis: Redis): Promise<RedisFinding[]> {
  const field = await readInfo(redis);
  const config = await readConfig(redis);
  return [
    judgeVersion(field('valkey_version') || field('redis_version')),
    judgePersistence(config?.appendonly ?? APPENDONLY[field('aof_enabled') ?? '']),
    judgeFsync(config),
    judgeEviction(config?.['maxmemory-policy'] ?? field('maxmemory_policy')),
    judgeMemory(field('maxmemory'), field('used_memory')),
  ];
}

/** INFO's word for it, in that of the configuration. */
const APPENDONLY: Record<string, string> = { '0': 'no', '1': 'yes' };

const SETTINGS = ['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'maxmemory-policy'] as const;

type Settings = Partial<Record<(typeof SETTINGS)[number], string>>;

async function readConfig(redis: Redis): Promise<Settings | null> {
  try {
    const pairs = await Promise.all(SETTINGS.map((name) => redis.config('GET', name)));
    return Object.fromEntries(pairs as [string, string][]);
  } catch {
    return null;
  }
}

function judgeVersion(version: string | undefined): RedisFinding {
  if (!version) {
    const detail = `the server does not tell its version; ${MINIMUM_VERSION.join('.')} or newer is needed`;
    return { what: 'version', level: 'warn', detail };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = MINIMUM_VERSION;
  const enough = major > needMajor || (major === needMajor && minor >= needMinor);
  return enough
    ? { what: 'version', level: 'ok', detail: version }
    : {
        what: 'version',
        level: 'refuse',
        detail: `${version}; ${MINIMUM_VERSION.join('.')} or newer is needed`,
      };
}

function judgePersistence(appendonly: string | undefined): RedisFinding {
  if (appendonly === undefined) {
    const detail = 'the server does not tell its appendonly; `yes` is needed';
    return { what: 'persistence', level: 'warn', detail };
  }
  return appendonly === 'yes'
    ? { what: 'persistence', level: 'ok', detail: 'appendonly yes' }
    : {
        what: 'persistence',
        level: 'refuse',
        detail: 'appendonly is off: a restart loses acknowledged events. Set `appendonly yes`.',
      };
}

function judgeFsync(settings: Settings | null): RedisFinding {
  const { appendfsync, 'no-appendfsync-on-rewrite': notOnRewrite } = settings ?? {};
  if (appendfsync !== undefined && notOnRewrite === 'yes') {
    const detail = `appendfsync ${appendfsync}, but not while the append-only file is rewritten: a power failure can lose the last half minute then. Set \`no-appendfsync-on-rewrite no\` and \`appendfsync always\`.`;
    return { what: 'fsync', level: 'warn', detail };
  }
  if (appendfsync === 'always') return { what: 'fsync', level: 'ok', detail: 'appendfsync always' };
  if (appendfsync === undefined) {
    return {
      what: 'fsync',
      level: 'warn',
      detail: 'the server does not tell its appendfsync; `always` is safe',
    };
  }
  return {
    what: 'fsync',
    level: 'warn',
    detail: `appendfsync ${appendfsync}: a power failure can lose the last second. Set \`appendfsync always\`.`,
  };
}

function judgeEviction(policy: string | undefined): RedisFinding {
  if (policy === 'noeviction') return { what: 'eviction', level: 'ok', detail: 'noeviction' };
  if (!policy) {
    return {
      what: 'eviction',
      level: 'warn',
      detail: 'the server does not tell its maxmemory-policy; `noeviction` is needed',
    };
  }
  return {
    what: 'eviction',
    level: 'refuse',
    detail: `maxmemory-policy ${policy}: Redis would throw events away when full. Set \`maxmemory-policy noeviction\`.`,
  };
}

/** @param maxmemory in bytes, 0 for none; as `used`, undefined where the server does not tell */
function judgeMemory(maxmemory: string | undefined, used: string | undefined): RedisFinding {
  if (used === undefined) {
    const detail = 'the server does not tell its memory: the receiver answers 429 only once it is full';
    return { what: 'memory', level: 'warn', detail };
  }
  const usedMb = Math.round(Number(used) / 1_048_576);
  const limitMb = Math.round(Number(maxmemory ?? 0) / 1_048_576);
  return Number(maxmemory ?? 0) > 0
    ? { what: 'memory', level: 'ok', detail: `${usedMb} MB of ${limitMb} MB` }
    : {
        what: 'memory',
        level: 'warn',
        detail: `${usedMb} MB used, no maxmemory set: Redis could outgrow the machine before the receiver answers 429`,
      };
}
