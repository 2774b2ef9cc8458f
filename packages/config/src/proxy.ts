import { BlockList, isIP } from 'node:net';
import type { DestinationSettings } from '@meterbridge/destinations';
import type { Environment } from './interpolate.js';
import type { ConfigProblem } from './problem.js';

/** How an API is reached: straight where `proxyUrl` is left out. It holds the proxy's password. */
export type FoundProxy = { proxyUrl?: string; problem?: ConfigProblem };

/** Says of each destination which proxy its API is reached through; the same problem once. */
export function withProxies(
  destinations: readonly DestinationSettings[],
  env: Environment,
): { destinations: DestinationSettings[]; problems: ConfigProblem[] } {
  const found = destinations.map(({ url }) => findProxy(url, env));
  const problems = new Map(found.flatMap(({ problem }) => (problem ? [[problem.path[0], problem]] : [])));
  return {
    destinations: destinations.map((settings, at) => ({ ...settings, proxyUrl: found[at]!.proxyUrl })),
    problems: [...problems.values()],
  };
}

const DEFAULT_PORTS: Record<string, string> = { 'https:': '443', 'http:': '80' };

/**
 * Finds the proxy for a URL: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, in lower case first, unless `NO_PROXY` names its
 * host. This machine itself is never reached through a proxy. No problem shows the proxy's URL.
 */
export function findProxy(url: string, env: Environment): FoundProxy {
  const target = URL.canParse(url) ? new URL(url) : null;
  const wanted = target && { 'https:': 'HTTPS_PROXY', 'http:': 'HTTP_PROXY' }[target.protocol];
  if (!wanted) return {};
  const name = [wanted.toLowerCase(), wanted].find((each) => env[each]);
  if (name === undefined) return {};
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port || DEFAULT_PORTS[target.protocol]!;
  if (isLoopback(host) || isExcepted(host, port, env.no_proxy || env.NO_PROXY || '')) return {};
  const proxyUrl = readProxyUrl(env[name]!);
  if (proxyUrl !== null) return { proxyUrl };
  return {
    problem: {
      path: [name],
      message: 'the URL of a proxy was expected: http://[user:password@]host:port, or https://',
    },
  };
}

/** Without a scheme it is `http://`, as curl has it. @returns null for what is none, SOCKS among it */
function readProxyUrl(text: string): string | null {
  const trimmed = text.trim();
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  if (!URL.canParse(url)) return null;
  const { protocol, username, password, pathname, search, hash, href } = new URL(url);
  if (!/^https?:$/.test(protocol) || pathname !== '/' || search || hash) return null;
  return canDecode(username) && canDecode(password) ? href : null;
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIn(loopback, host);
}

/**
 * Whether `NO_PROXY` names the host, as curl and Go read it: entries divided by commas or spaces, each a name (with all
 * names below it), an address or a range of them, with a port or without, or `*` for everything.
 */
function isExcepted(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => names(entry, host, port));
}

function names(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  if (entry.includes('/')) return isInRange(entry, host);
  const [, named = entry, ofPort] = isIP(entry) ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (ofPort !== undefined && ofPort !== port) return false;
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return name !== '' && (host === name || (!isIP(host) && host.endsWith(`.${name}`)));
}

function isInRange(range: string, host: string): boolean {
  const [, address = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(range) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const subnet = new BlockList();
  subnet.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return isIn(subnet, host);
}

function isIn(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
