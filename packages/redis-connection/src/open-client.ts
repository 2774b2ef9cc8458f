import {
  Cluster,
  type ClusterNode,
  type ClusterOptions,
  Redis,
  type RedisOptions,
  SentinelConnector,
} from 'ioredis';
import { answerWithoutInfo } from './answer-without-info.js';
import { type RedisAddress, readRedisAddress } from './redis-address.js';
import { readTlsFiles, type TlsFiles, type TlsOptions } from './tls-files.js';

/** How often the nodes of a cluster are asked which of them has what: after a failover, or more nodes. */
const LOOK_AT_SLOTS_EVERY_MS = 5_000;
/** A Sentinel that says nothing for so long is passed over for the next. */
const SENTINEL_ANSWERS_WITHIN_MS = 1_000;
/**
 * How long a connection has to end that was told to. ioredis waits for that also where it is closed already, and keeps
 * the process alive meanwhile: two seconds, where nothing else is said.
 */
const ENDS_WITHIN_MS = 300;

export type ClientOptions = {
  /** Of each connection to a server, whatever it is one of. */
  connection: RedisOptions & { replyMapping?: 'legacy' };
  /** Beside those, of a cluster's client. */
  cluster?: ClusterOptions;
};

type LegacyReplies = ClusterOptions & { redisOptions?: { replyMapping?: 'legacy' } };

/** What makes clients; their own classes, for those who need other ones. */
export type ClientClasses = {
  Redis: typeof Redis;
  Cluster: new (nodes: ClusterNode[], options?: LegacyReplies) => Cluster;
};

/**
 * A client for the kind of Redis that the URL names, as `readRedisAddress` reads it. Opens at once.
 *
 * A Redis Cluster's client has the type of any other: it takes the same commands, where all keys of one are of
 * one slot. What only one server can answer is asked through `mastersOf` and `serversOf`.
 * @throws TypeError for a URL that is none, and for files of TLS that cannot be used
 */
export function openClient(
  url: string,
  { connection, cluster = {} }: ClientOptions,
  classes: ClientClasses = { Redis, Cluster },
): Redis {
  const read = readRedisAddress(url);
  if (!read.ok) throw new TypeError(read.problem);
  return answerWithoutInfo(createClient(read.address, openTls(read.tls), { connection, cluster }, classes));
}

function createClient(
  address: RedisAddress,
  tls: TlsOptions | undefined,
  { connection: given, cluster }: ClientOptions,
  classes: ClientClasses,
): Redis {
  const connection = { disconnectTimeout: ENDS_WITHIN_MS, ...given };
  switch (address.kind) {
    case 'single':
      return new classes.Redis(address.url, { ...connection, tls });
    case 'sentinel':
      return new classes.Redis({ ...connection, ...sentinelOptions(address, tls) });
    case 'cluster': {
      const { retryStrategy: _none, reconnectOnError: _neither, ...each } = connection;
      return new classes.Cluster(address.nodes, {
        slotsRefreshInterval: LOOK_AT_SLOTS_EVERY_MS,
        // Names stay names until a connection is made: certificates are of names, and addresses change.
        dnsLookup: (name, found) => found(null, name),
        ...cluster,
        redisOptions: { ...each, ...accessOptions(address, tls) },
      }) as unknown as Redis;
    }
  }
}

type Access = Extract<RedisAddress, { kind: 'cluster' }>;

function accessOptions(
  { username, password, isTls }: Pick<Access, 'username' | 'password' | 'isTls'>,
  tls: TlsOptions = {},
) {
  return {
    username,
    password,
    tls: isTls ? tls : undefined,
  };
}

function openTls(files: TlsFiles | undefined): TlsOptions | undefined {
  if (files === undefined) return undefined;
  const read = readTlsFiles(files);
  if (read.ok) return read.options;
  throw new TypeError(read.problems.map(({ name, what }) => `${name} ${what}`).join('; '));
}

/**
 * Once it looks for a master, it no longer heeds what an earlier search subscribed to. A switch that is announced
 * meanwhile would break off the search, and ioredis 6.0.0 then ends the client for ever without a word: who waits on
 * it waits for good.
 */
class LastingConnector extends SentinelConnector {
  override connect(...given: Parameters<SentinelConnector['connect']>) {
    // biome-ignore lint/complexity/useLiteralKeys: it is private, and only so reached
    const earlier = this['failoverDetector'] as { cleanup(): void } | null;
    earlier?.cleanup();
    return super.connect(...given);
  }
}

function sentinelOptions(
  address: Extract<RedisAddress, { kind: 'sentinel' }>,
  tls: TlsOptions = {},
): RedisOptions {
  const { sentinels, master, sentinelPassword } = address;
  return {
    sentinels,
    name: master,
    Connector: LastingConnector as NonNullable<RedisOptions['Connector']>,
    sentinelCommandTimeout: SENTINEL_ANSWERS_WITHIN_MS,
    // The old master goes on as one for some ten seconds, and what it takes meanwhile is lost: it is left at once.
    failoverDetector: true,
    ...accessOptions(address, tls),
    sentinelPassword,
    sentinelTLS: address.isTls ? tls : undefined,
    enableTLSForSentinelMode: address.isTls,
  };
}
