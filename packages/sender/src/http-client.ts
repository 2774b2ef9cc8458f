import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Connection, HttpAnswer, HttpClient } from '@meterbridge/destinations';
import { got, RequestError, TimeoutError } from 'got';

/** A batch's answer repeats the events sent; far more than that is no answer to us. */
const MAX_ANSWER_BYTES = 64_000_000;

/**
 * Reaches one billing API over kept-alive connections. Opens none until the first request. No retries (the sender decides), no redirects (they would
 * carry the key elsewhere), no throwing on a status.
 */
export function createHttpClient(connection: Connection): HttpClient {
  const agent = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const client = got.extend({
    prefixUrl: connection.baseUrl,
    headers: { 'user-agent': 'meterbridge', ...connection.headers },
    agent,
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
      return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
    } catch (error) {
      if (error instanceof TimeoutError) {
        return { error: 'timeout', detail: `no answer within ${connection.timeoutMs} ms` };
      }
      if (error instanceof RequestError || closed) {
        return { error: 'connection', detail: error instanceof RequestError ? error.code : 'closed' };
      }
      throw error;
    }
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
