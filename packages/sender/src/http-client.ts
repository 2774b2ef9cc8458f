import type { Connection, HttpAnswer, HttpClient } from '@meterbridge/destinations';
import { got, TimeoutError } from 'got';
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
    request: { method: 'GET' } | { method: 'POST'; body: string; headers: Record<string, string> },
    path: string,
  ): Promise<HttpAnswer> {
    const relative = path.replace(/^\//, '');
    const stream = client.stream(relative, request);
    let status = 0;
    let headers: Record<string, string | undefined> = {};
    stream.on('response', (response: { statusCode: number; headers: NodeJS.Dict<string | string[]> }) => {
      status = response.statusCode;
      headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      );
    });
    try {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of stream) {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) {
          return { error: 'oversized', detail: `the answer is larger than ${MAX_ANSWER_BYTES} bytes` };
        }
        chunks.push(chunk);
      }
      if (status === PROXY_REFUSES && connection.proxyUrl)
        return { error: 'connection', detail: sayProxy(status) };
      return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
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
      return exchange({ method: 'POST', body, headers: { ...headers, 'content-type': contentType } }, path);
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
