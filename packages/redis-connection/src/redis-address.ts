import { type TlsFiles, takeTlsFiles } from './tls-files.js';

/** A server, a Sentinel or a node of a cluster. An IPv6 address has no brackets here. */
export type RedisHost = { host: string; port: number };

/** The credentials of a connection. `isTls`: the scheme began with `rediss`. */
type Access = { username?: string; password?: string; isTls: boolean };

/** Where a Redis is, and of what kind. Holds the password. */
export type RedisAddress =
  | { kind: 'single'; url: string }
  | ({ kind: 'cluster'; nodes: RedisHost[] } & Access)
  | ({ kind: 'sentinel'; sentinels: RedisHost[]; master: string; sentinelPassword?: string } & Access);

export type ReadRedisAddress =
  | { ok: true; address: RedisAddress; tls?: TlsFiles }
  | { ok: false; problem: string };

const DEFAULT_PORT = { cluster: 6379, sentinel: 26379 };

const EXPECTED =
  'a redis://, rediss://, unix://, redis-cluster://, rediss-cluster://, redis-sentinel:// or rediss-sentinel:// URL was expected';

/**
 * Reads where a Redis is:
 *
 * - `redis://[user:password@]host[:port][/database]`, `rediss://…`, `unix://path`: one server
 * - `redis-cluster://[user:password@]host[:port],…`: any of the nodes of a Redis Cluster
 * - `redis-sentinel://[user:password@]host[:port],…/<master name>[?sentinelPassword=…]`: Sentinels
 *
 * The last two begin with `rediss` for TLS, and all three then take files: `?caFile=…&certFile=…&keyFile=…`, and
 * `serverName=…`. What a problem says shows nothing of the text.
 */
export function readRedisAddress(text: string): ReadRedisAddress {
  const taken = takeTlsFiles(text);
  if (!taken) return { ok: false, problem: 'paths behind ? were expected to be percent-encoded' };
  const read = readPlace(taken.rest);
  if (!read.ok || Object.keys(taken.files).length === 0) return read;
  if (text.startsWith('rediss')) return { ...read, tls: taken.files };
  return {
    ok: false,
    problem: 'caFile, certFile, keyFile and serverName are for URLs that begin with rediss',
  };
}

function readPlace(text: string): ReadRedisAddress {
  if (/^unix:\/\//.test(text)) return { ok: true, address: { kind: 'single', url: text } };
  if (/^rediss?:\/\//.test(text)) return readSingle(text);
  const [, tls, kind, login, list, path = '', query = ''] =
    /^redis(s?)-(cluster|sentinel):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^/?]*))?(?:\?(.*))?$/.exec(text) ?? [];
  if (!list || (kind !== 'cluster' && kind !== 'sentinel')) return { ok: false, problem: EXPECTED };
  const hosts = list.split(',').map((each) => readHost(each, DEFAULT_PORT[kind]));
  if (!hosts.every((host) => host !== null)) {
    return { ok: false, problem: 'a list of host:port, divided by commas, was expected' };
  }
  const access = readAccess(login, tls === 's');
  if (!access) return { ok: false, problem: ENCODED };
  if (kind === 'sentinel') return readSentinel(hosts, access, path, query);
  if (path !== '' || query !== '') {
    return { ok: false, problem: 'nothing was expected behind the hosts: a Redis Cluster has one database' };
  }
  return { ok: true, address: { kind, nodes: hosts, ...access } };
}

const ENCODED =
  'user and password were expected to be percent-encoded: / is %2F, ? is %3F, # is %23, % is %25';

/** What a password that is not encoded cuts off would be taken for a path, a query or a port. */
function readSingle(text: string): ReadRedisAddress {
  const [, login, host, path = ''] =
    /^rediss?:\/\/(?:([^/?#]*)@)?([^@/?#]*)((?:\/[^?#]*)?)(?:\?[^@#]*)?$/.exec(text) ?? [];
  if (host === undefined || path.includes('@')) return { ok: false, problem: ENCODED };
  if (!URL.canParse(text) || !/^\/?\d*$/.test(path)) {
    return { ok: false, problem: 'host[:port][/database] was expected behind redis://[user:password@]' };
  }
  return readAccess(login, false)
    ? { ok: true, address: { kind: 'single', url: text } }
    : { ok: false, problem: ENCODED };
}

/** Where a Redis is, for people and logs: hosts and ports, and nothing that is secret. */
export function placeOf(text: string): string {
  const read = readRedisAddress(text);
  if (!read.ok) return 'an address that cannot be read';
  const { address } = read;
  const list = (hosts: RedisHost[]) => hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  switch (address.kind) {
    case 'cluster':
      return `the cluster of ${list(address.nodes)}`;
    case 'sentinel':
      return `the master ${address.master} of the Sentinels ${list(address.sentinels)}`;
    case 'single': {
      if (address.url.startsWith('unix:')) return address.url.replace(/^unix:\/\/|\?.*$/g, '');
      const { hostname, port } = new URL(address.url);
      return `${hostname || 'localhost'}:${port || 6379}`;
    }
  }
}

function readSentinel(sentinels: RedisHost[], access: Access, path: string, query: string): ReadRedisAddress {
  if (path === '') {
    return { ok: false, problem: 'the name that the Sentinels know the master by was expected: …/<name>' };
  }
  const { sentinelPassword, ...others } = Object.fromEntries(new URLSearchParams(query));
  const master = decode(path);
  if (master === null || Object.keys(others).length > 0) {
    return {
      ok: false,
      problem: 'only ?sentinelPassword= and files of TLS were expected behind the name of the master',
    };
  }
  const password = sentinelPassword ? { sentinelPassword } : {};
  return { ok: true, address: { kind: 'sentinel', sentinels, master, ...password, ...access } };
}

function readHost(text: string, defaultPort: number): RedisHost | null {
  const [, host, port = String(defaultPort)] =
    /^(\[[\da-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (!host || Number(port) > 65_535) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function readAccess(login: string | undefined, isTls: boolean): Access | null {
  if (login === undefined || login === '') return { isTls };
  const at = login.indexOf(':');
  const [user, password] = at < 0 ? [login, ''] : [login.slice(0, at), login.slice(at + 1)];
  const [username, secret] = [decode(user), decode(password)];
  if (username === null || secret === null) return null;
  return { isTls, ...(username ? { username } : {}), ...(secret ? { password: secret } : {}) };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
