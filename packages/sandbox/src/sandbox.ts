import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BillingApi } from './billing-api.js';
import { exchange, type Surroundings } from './exchange.js';
import { createHyperlineSandbox, type HyperlineSandbox } from './hyperline/hyperline-sandbox.js';
import { answerInspect, type Inspected } from './inspect.js';
import { createLagoSandbox, type LagoSandbox } from './lago/lago-sandbox.js';
import { type SandboxOptions, toKeptEvents } from './options.js';
import { readBody, send } from './send.js';

/** Lago and Hyperline on one loopback port, and handles to look inside and to make them fail. */
export type Sandbox = {
  url: string;
  port: number;
  lago: LagoSandbox;
  hyperline: HyperlineSandbox;
  /** Ends every connection, hanging ones too. */
  close: () => Promise<void>;
};

/**
 * Starts strict stand-ins for both billing APIs: a request that the real one would refuse is refused.
 * Rejects where the port is taken.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, latencyMs = 0, now = Date.now } = options;
  const shared = { keptEvents: toKeptEvents(options.keepEvents), now };
  const lago = createLagoSandbox(options.lago, shared);
  const hyperline = createHyperlineSandbox(options.hyperline, shared);
  const timers = new Set<NodeJS.Timeout>();
  const surroundings: Surroundings = {
    now,
    latencyMs,
    delay(ms, then) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        then();
      }, ms);
      timers.add(timer);
    },
  };
  const apis = { '/lago': lago.api, '/hyperline': hyperline.api };
  const server = createServer((req, res) => serve(req, res, apis, inspected, surroundings));
  // A client that keeps its connections must not meet one that closes just now.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const inspected: Inspected = {
    lago: Object.assign(lago.sandbox, { url: `${url}/lago` }),
    hyperline: Object.assign(hyperline.sandbox, { url: `${url}/hyperline` }),
  };
  return {
    url,
    port: bound,
    ...inspected,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(
  req: IncomingMessage,
  res: ServerResponse,
  apis: Record<string, BillingApi>,
  inspected: Inspected,
  surroundings: Surroundings,
): void {
  const target = req.url ?? '/';
  const mark = target.indexOf('?');
  const fullPath = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  const slash = fullPath.indexOf('/', 1);
  const prefix = slash < 0 ? fullPath : fullPath.slice(0, slash);
  if (Object.hasOwn(apis, prefix)) {
    const path = slash < 0 ? '/' : fullPath.slice(slash);
    exchange(apis[prefix]!, { req, res, path, query }, surroundings);
    return;
  }
  readBody(req, (body) => {
    send(res, answerInspect(inspected, { method: req.method ?? 'GET', path: fullPath, query, body }));
  });
}
