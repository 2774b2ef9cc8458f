import type { Connection, HttpAnswer, HttpClient } from '@meterbridge/destinations';
import { got, type Request, TimeoutError } from 'got';
import { openAgents } from './open-agents.js';

/** A batch's answer repeats the events sent; far more than that is no answer to us. */
const MAX_ANSWER_BYTES = 64_000_000;

/** What a proxy alone answers: it wants another user or password. No word of the API about an event. */
const PROXY_REFUSES = 407;
/** The words of `hpagent` for a proxy that opens no tunnel, or does not answer. */
const TUNNEL_REFUSED = /^Bad response: (\d+)$/;
const TUNNEL_TIMED_OUT = 'Proxy timeout';

function sayProxy(status: number | string): string {
  return `the proxy answered ${status}`;
}

/** What got says of a request that failed; since Node 24 also the system's own error, where the body could not be written. */
type ConnectionError = { code: string; message: string };

function isOfConnection(error: unknown): error is ConnectionError {
  return typeof (error as Partial<ConnectionError>).code === 'string';
}

/**
 * Reaches one billing API over kept-alive connections. Opens none until the first request. No retries (the sender decides), no redirects (they would
 * carry the key elsewhere), no throwing on a status.
 */
export function createHttpClient(connection: Connection): HttpClient {
  const { agent, request } = openAgents(connection);
  const client = got.extend({
    prefixUrl: connection.baseUrl,
    headers: { 'user-agent': 'meterbridge', ...connection.headers },
    agent,
    request,
    timeout: { request: connection.timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: true,
  });
  let closed = false;

  async function exchange(
    request: { method: 'GET' } | { method: 'POST'; body: Uint8Array; headers: Record<string, string> },
    path: string,
  ): Promise<HttpAnswer> {
    const stream = client.stream(path.replace(/^\//, ''), request);
    if (connection.proxyUrl === undefined) askForLittle(stream);
    let status = 0;
    let headers: Record<string, string | undefined> = {};
    stream.once('response', (response: { statusCode: number; headers: NodeJS.Dict<string | string[]> }) => {
      status = response.statusCode;
      headers = joinHeaders(response.headers);
    });
    try {
      const body = await readAll(stream);
      if (body === 'oversized') {
        return { error: 'oversized', detail: `the answer is larger than ${MAX_ANSWER_BYTES} bytes` };
      }
      if (status === PROXY_REFUSES && connection.proxyUrl)
        return { error: 'connection', detail: sayProxy(status) };
      return { status, headers, body };
    } catch (error) {
      if (error instanceof TimeoutError || (error as Error).message === TUNNEL_TIMED_OUT) {
        return { error: 'timeout', detail: `no answer within ${connection.timeoutMs} ms` };
      }
      if (isOfConnection(error)) return { error: 'connection', detail: describe(error) };
      if (closed) return { error: 'connection', detail: 'closed' };
      throw error;
    }
  }

  /** By a code and never by a message, which names addresses. */
  function describe({ code, message }: ConnectionError): string {
    const status = TUNNEL_REFUSED.exec(message)?.[1];
    if (status !== undefined) return sayProxy(status);
    return connection.proxyUrl === undefined ? code : `${code}, through a proxy`;
  }

  return {
    post(path, body, { contentType = 'application/json', headers } = {}) {
      // As text, got encodes it twice more to know how many bytes it has.
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const described = { ...headers, 'content-type': contentType };
      return exchange({ method: 'POST', body: bytes, headers: described }, path);
    },
    get: (path) => exchange({ method: 'GET' }, path),
    close() {
      // Ends the sockets in use as well; a shared abort signal would collect a listener a request.
      closed = true;
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

/**
 * got gives Node forty settings, nearly all of them undefined, of which `openAgents` takes two where no proxy is: writing
 * them down is a fifteenth of what a request costs (measured).
 */
function askForLittle({ options }: Partial<Pick<Request, 'options'>>): void {
  // Of a URL that is none, which the stream says itself.
  if (!options) return;
  options.createNativeRequestOptions = () =>
    ({ method: options.method, headers: options.headers }) as ReturnType<
      typeof options.createNativeRequestOptions
    >;
}

function joinHeaders(given: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const name of Object.keys(given)) {
    const value = given[name];
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** The answer's text. By its events: going over a stream costs a request more than all chunks of its answer. */
function readAll(stream: Request): Promise<string | 'oversized'> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= MAX_ANSWER_BYTES) return;
      resolve('oversized');
      stream.destroy();
    });
    stream.once('end', () =>
      resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8')),
    );
    stream.once('error', reject);
    // Destroyed without a word, as by nobody so far: whoever waits is told all the same.
    stream.once('close', () =>
      reject(Object.assign(new Error('closed'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })),
    );
  });
}
