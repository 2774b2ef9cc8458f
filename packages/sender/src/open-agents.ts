import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Connection } from '@meterbridge/destinations';
import { HttpsProxyAgent } from 'hpagent';

/** How the HTTP client opens its connections. */
export type Agents = {
  agent: { http: HttpAgent; https: HttpsAgent };
  /** In the place of Node's own. */
  request: (url: URL, options: RequestOptions) => ClientRequest;
};

/**
 * Kept-alive connections to an API: straight ones, or through a proxy. An `https` API is reached through a tunnel
 * (CONNECT), so that the proxy sees no key; an `http` one by its whole URL, since many proxies open tunnels to port 443
 * alone.
 */
export function openAgents({ proxyUrl, timeoutMs }: Pick<Connection, 'proxyUrl' | 'timeoutMs'>): Agents {
  const keepAlive = true;
  if (proxyUrl === undefined) {
    const agent = { http: new HttpAgent({ keepAlive }), https: new HttpsAgent({ keepAlive }) };
    return {
      agent,
      request: (url, options) =>
        url.protocol === 'https:'
          ? httpsRequest(straight(url, options, agent.https))
          : httpRequest(straight(url, options, agent.http)),
    };
  }
  const proxy = new URL(proxyUrl);
  const https = boundTunnels(new HttpsProxyAgent({ keepAlive, proxy }), timeoutMs);
  const isTls = proxy.protocol === 'https:';
  // Connections of an `http` API lead to the proxy, and so are of its kind.
  const http = isTls ? new HttpsAgent({ keepAlive }) : new HttpAgent({ keepAlive });
  const send = isTls ? httpsRequest : httpRequest;
  return {
    agent: { http, https },
    request: (url, options) =>
      url.protocol === 'https:' ? httpsRequest(url, options) : send(throughProxy(proxy, url, options)),
  };
}

/**
 * What a request says of itself and no more. The client gives every option that Node has, nearly all of them undefined,
 * and Node copies them several times: a fifth of what a request costs (measured).
 */
function straight(url: URL, { method, headers }: RequestOptions, agent: HttpAgent): RequestOptions {
  const { protocol, hostname, port, pathname, search } = url;
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port || undefined,
    path: `${pathname}${search}`,
    method,
    headers,
    agent,
  };
}

function throughProxy(proxy: URL, url: URL, options: RequestOptions): RequestOptions {
  const { username, password, hostname, port, protocol } = proxy;
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const authorization =
    username || password ? { 'proxy-authorization': `Basic ${login.toString('base64')}` } : {};
  return {
    ...options,
    protocol,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || undefined,
    path: url.href,
    headers: { ...(options.headers as Record<string, string>), host: url.host, ...authorization },
  };
}

type Opened = (error: Error | null, socket?: Socket) => void;
type Tunnels = { createConnection: (options: object, opened: Opened) => void };

/**
 * Bounds how long a proxy may take to open a tunnel, and ends those that it is opening once the agent is destroyed: Node
 * knows of a connection only when it is there.
 */
function boundTunnels(agent: HttpsProxyAgent, timeoutMs: number): HttpsProxyAgent {
  const tunnels = agent as unknown as Tunnels;
  const create = tunnels.createConnection.bind(agent);
  const destroy = agent.destroy.bind(agent);
  const opening = new Set<Opened>();
  tunnels.createConnection = (options, opened) => {
    opening.add(opened);
    create({ ...options, timeout: timeoutMs }, (error, socket) => {
      // Requests in an open tunnel are bounded each, and idleness is not.
      socket?.setTimeout(0);
      if (opening.delete(opened)) opened(error, socket);
      else socket?.destroy();
    });
  };
  agent.destroy = () => {
    for (const opened of opening) opened(new Error('closed'));
    opening.clear();
    destroy();
  };
  return agent;
}
