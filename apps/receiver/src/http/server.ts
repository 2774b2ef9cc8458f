import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { nextId } from '@meterbridge/telemetry';
import { failure } from './answer.js';

export type ServerOptions = {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** How long a request's headers, and the whole request, may take to arrive. */
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
};

export type RunningServer = {
  port: number;
  /**
   * Takes no more connections, answers what is under way, tells clients to go, and resolves when all of
   * them have, or have been cut off at the deadline.
   */
  drain: (deadlineMs: number) => Promise<void>;
};

// Longer than the 60 s after which load balancers commonly drop an idle connection: who closes first
// must not be the one that may be sent a request at that moment.
const KEEP_ALIVE_MS = 65_000;

/** What a client that is sent away has to read why. */
const LAST_WORDS_MS = 1_000;

/**
 * Requests that one connection may have under way. Clients send the next when they have their answer; 60,000 in
 * 2 MB, which Node reads in one go, would have everybody else wait for seconds (measured).
 */
const MAX_PIPELINED = 100;

/** Listens, and keeps clients that send slowly, or not at all, from holding connections for ever. */
export async function startServer(app: RequestListener, options: ServerOptions): Promise<RunningServer> {
  const { host, port, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = options;
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
  });
  // A client that sends requests and takes no answer: nothing moves, and no other limit ends it.
  server.timeout = 2 * requestTimeoutMs;
  const underWay = new Set<ServerResponse>();
  const pipelined = new WeakMap<Socket, number>();
  let isDraining = false;
  server.on('request', (req, res) => {
    const { socket } = req;
    const open = (pipelined.get(socket) ?? 0) + 1;
    if (open > MAX_PIPELINED) {
      socket.destroy();
      return;
    }
    pipelined.set(socket, open);
    underWay.add(res);
    res.once('close', () => {
      underWay.delete(res);
      pipelined.set(socket, pipelined.get(socket)! - 1);
    });
    if (isDraining) res.setHeader('Connection', 'close');
    app(req, res);
  });
  server.on('clientError', answerBrokenRequest);
  await listen(server, host, port);

  return {
    port: (server.address() as AddressInfo).port,
    drain: async (deadlineMs) => {
      isDraining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      for (const res of underWay) if (!res.headersSent) res.setHeader('Connection', 'close');
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** What Node's parser refuses never reaches the app; Node's own answer has no body, and clients want JSON. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, line, body } = describeBrokenRequest(error.code);
  const type = 'Content-Type: application/json; charset=utf-8';
  const head = `HTTP/1.1 ${status} ${line}\r\n${type}\r\nX-Request-Id: ${nextId()}\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  // Node has given it up. A client that never closes its own side would keep the connection for ever.
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
}

function describeBrokenRequest(code: string | undefined): { status: number; line: string; body: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        ...failure(431, 'headers_too_large', 'the headers are too large'),
        line: 'Request Header Fields Too Large',
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        ...failure(408, 'request_timeout', 'the request took too long to arrive'),
        line: 'Request Timeout',
      };
    default:
      return { ...failure(400, 'bad_request', 'this is not an HTTP request'), line: 'Bad Request' };
  }
}
