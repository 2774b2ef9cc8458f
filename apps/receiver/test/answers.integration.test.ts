import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { BACKEND_KEY, basic, request, startReceiver, stopReceivers, track } from './running-receiver.js';

afterEach(stopReceivers);

const key = basic(BACKEND_KEY);
const refusal = (code: string, retryAfterSeconds?: number) =>
  Object.assign(new Error(code), { code, retryAfterSeconds });

/** A store that is asked once, and is done when told so. */
function slowStore() {
  let makeDurable: () => void = () => {};
  let noteAsked: () => void = () => {};
  const isDurable = new Promise<void>((resolve) => {
    makeDurable = resolve;
  });
  const isAsked = new Promise<void>((resolve) => {
    noteAsked = resolve;
  });
  const commit = () => {
    noteAsked();
    return isDurable;
  };
  return { commit, isAsked, makeDurable };
}

describe('what cannot be taken now', () => {
  test.each([
    ['store_unavailable', undefined, 503, 'store_unavailable', '1'],
    ['store_unavailable', 4.2, 503, 'store_unavailable', '5'],
    ['store_full', 30, 429, 'overloaded', '30'],
    ['store_full', 0, 429, 'overloaded', '1'],
  ])('%s with a delay of %s is %s', async (code, seconds, status, answered, retryAfter) => {
    const { post, told } = await startReceiver({ commit: () => Promise.reject(refusal(code, seconds)) });
    const answer = await post('/v1/batch', { batch: [track(), {}] }, key);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(answer.json).toMatchObject({ success: false, code: answered });
    expect(told).toEqual([`answered /v1/batch ${status}`]);
    expect((await post('/v1/batch', '{', key)).status).toBe(status);
  });

  test('memory pressure is told before the body is read, with whole seconds', async () => {
    let committed = 0;
    const receiver = await startReceiver({
      pressure: () => ({ retryAfterSeconds: 2.5 }),
      commit: async () => void committed++,
    });
    const answer = await receiver.post('/v1/batch', { batch: [track()] }, key);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3']);
    expect(committed).toBe(0);
  });

  test('an unforeseen error is 500, says nothing of itself, and is told to the operator', async () => {
    const receiver = await startReceiver({ commit: () => Promise.reject(new Error('jane@example.com')) });
    const answer = await receiver.post('/v1/track', track(), key);
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ success: false, code: 'internal_error' });
    expect(answer.text).not.toContain('jane');
    expect(receiver.told).toEqual(['failed /v1/track', 'answered /v1/track 500']);
  });

  test('nobody is told success before it is durable', async () => {
    const store = slowStore();
    const receiver = await startReceiver({ commit: store.commit });
    let isAnswered = false;
    const answer = receiver.post('/v1/track', track(), key).finally(() => {
      isAnswered = true;
    });
    await store.isAsked;
    await receiver.post('/v1/batch', { batch: [] }, key);
    expect(isAnswered).toBe(false);
    store.makeDurable();
    expect((await answer).status).toBe(200);
  });
});

describe('what is too large', () => {
  test('as sent is 413, whether it says so or not', async () => {
    const { post, url, received } = await startReceiver();
    const body = Buffer.alloc(200_001, 32);
    const answer = await post('/v1/batch', body, key);
    expect(answer.status).toBe(413);
    expect(answer.json).toMatchObject({ success: false, code: 'body_too_large' });
    let pulled = 0;
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(50_000));
        if (++pulled === 8) controller.close();
      },
    });
    const chunked = await request(`${url}/v1/batch`, {
      method: 'POST',
      body: stream,
      headers: key,
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect(received).toEqual([]);
  });

  test('decompressed is 413, and a bomb is not unpacked', async () => {
    const { post } = await startReceiver();
    const bomb = gzipSync(Buffer.alloc(60_000_000));
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    const answer = await post('/v1/batch', bomb, { ...key, 'content-encoding': 'gzip' });
    expect([answer.status, answer.json.code]).toEqual([413, 'body_too_large']);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test('in number is 413: commas and zeros are no dead letters', async () => {
    const { post, received, rejected, notKept } = await startReceiver();
    const answer = await post('/v1/batch', { batch: Array(10_001).fill(0) }, key);
    expect([answer.status, answer.json.code]).toEqual([413, 'too_many_events']);
    expect((await post('/v1/batch', { batch: Array(10_000).fill(0) }, key)).status).toBe(200);
    expect([received.length, rejected.length]).toEqual([0, 1_000]);
    expect(notKept).toMatchObject([{ reason: 'not_an_object', events: 9_000 }]);
  });

  test('is judged exactly', async () => {
    const { post } = await startReceiver();
    const padded = (bytes: number) => JSON.stringify({ batch: [] }).padEnd(bytes);
    expect((await post('/v1/batch', padded(200_000), key)).status).toBe(200);
    const gzip = { ...key, 'content-encoding': 'gzip' };
    expect((await post('/v1/batch', gzipSync(padded(400_000)), gzip)).status).toBe(200);
    expect((await post('/v1/batch', gzipSync(padded(400_001)), gzip)).status).toBe(413);
  });
});

test.each([
  ['gzip', Buffer.from('no gzip'), 400, 'broken_encoding'],
  ['gzip', gzipSync('{"batch":[]}').subarray(0, 20), 400, 'broken_encoding'],
  ['deflate', Buffer.from('no deflate'), 400, 'broken_encoding'],
  ['zstd', Buffer.from('{}'), 415, 'unknown_encoding'],
  ['gzip, gzip', Buffer.from('{}'), 415, 'unknown_encoding'],
])('a body that is not the %s it claims to be is refused', async (encoding, body, status, code) => {
  const { post } = await startReceiver();
  const answer = await post('/v1/batch', body, { ...key, 'content-encoding': encoding });
  expect([answer.status, answer.json.code]).toEqual([status, code]);
});

describe('browsers', () => {
  test('may ask first, and read Retry-After', async () => {
    const { url, post } = await startReceiver();
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-retry-count',
    };
    for (const path of ['/v1/t', '/v1/b/', '/webhooks/segment/backend']) {
      const preflight = await request(url + path, { method: 'OPTIONS', headers });
      expect([preflight.status, preflight.text]).toEqual([204, '']);
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
      expect(preflight.headers.get('access-control-allow-headers')).toBe(
        'authorization, content-type, x-retry-count, x-request-id, traceparent, tracestate',
      );
      expect(Number(preflight.headers.get('access-control-max-age'))).toBeGreaterThan(0);
    }
    for (const answer of [await post('/v1/t', track(), key), await post('/v1/t', track())]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-expose-headers')).toBe(
        'Retry-After, X-Request-Id, traceparent',
      );
    }
  });
});

describe('other requests', () => {
  test.each([
    ['GET', '/v1/batch', 405, 'POST'],
    ['PUT', '/v1/t', 405, 'POST'],
    ['DELETE', '/webhooks/segment/backend', 405, 'POST, PUT, PATCH'],
    ['POST', '/healthz', 405, 'GET, HEAD'],
    ['POST', '/v1/nothing', 404, null],
    ['GET', '/', 404, null],
    ['GET', '/v1/batch/more', 404, null],
    ['GET', '/%zz', 404, null],
    ['POST', '/V1/BATCH/..', 404, null],
  ])('%s %s is %s, in JSON', async (method, path, status, allow) => {
    const { url } = await startReceiver();
    const answer = await request(url + path, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
    expect(answer.json).toMatchObject({
      success: false,
      code: expect.any(String),
      message: expect.any(String),
    });
    expect(answer.json.error).toBe(answer.json.message);
  });

  test('health, readiness and metrics are there, with and without the slash', async () => {
    let isReady = false;
    const { url } = await startReceiver({
      ready: async () => (isReady ? { ready: true } : { ready: false, reason: 'the store is away' }),
    });
    const get = (path: string) => request(url + path, { method: 'GET' });
    expect((await get('/healthz')).status).toBe(200);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      json: { code: 'not_ready', message: 'the store is away' },
    });
    isReady = true;
    expect((await get('/readyz/')).status).toBe(200);
    expect(await get('/metrics')).toMatchObject({ status: 200, text: 'up 1\n' });
  });

  test('a readiness check that throws is 500', async () => {
    const receiver = await startReceiver({ ready: () => Promise.reject(new Error('secret')) });
    expect(await request(`${receiver.url}/readyz`, { method: 'GET' })).toMatchObject({
      status: 500,
      json: { code: 'internal_error' },
    });
    expect(receiver.told).toEqual(['failed operations']);
  });
});

describe('connections', () => {
  const send = async (port: number, request: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(request);
    return text(socket);
  };

  test('a flood of headers is 431, in JSON', async () => {
    const { port, post } = await startReceiver();
    const flood = Array.from({ length: 3_000 }, (_, index) => `X-Flood-${index}: ${'x'.repeat(20)}\r\n`).join(
      '',
    );
    const answer = await send(port, `POST /v1/batch HTTP/1.1\r\nHost: x\r\n${flood}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*"code":"headers_too_large"/s);
    expect((await post('/v1/track', track(), key)).status).toBe(200);
  });

  test('what is not HTTP is 400, in JSON', async () => {
    const { port } = await startReceiver();
    expect(await send(port, 'HELO mail\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"bad_request"/s);
  });

  test('memory pressure is told to a client that has not begun its body', async () => {
    const { port } = await startReceiver(
      { pressure: () => ({ retryAfterSeconds: 7 }) },
      { requestTimeoutMs: 200, headersTimeoutMs: 100 },
    );
    const head = 'POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n';
    expect(await send(port, head)).toMatch(/^HTTP\/1\.1 429 .*Retry-After: 7/s);
  });

  test('a body that never ends is cut off', async () => {
    const { port, received } = await startReceiver({}, { headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const head = `POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: ${key.authorization}\r\nContent-Length: 99\r\n\r\n{`;
    expect(await send(port, head)).toMatch(/^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
    expect(received).toEqual([]);
  });

  test('a client that leaves in the middle of its body loses nothing but its own request', async () => {
    const { port, post, received } = await startReceiver();
    const leaving = httpRequest({
      port,
      method: 'POST',
      path: '/v1/batch',
      headers: { ...key, 'content-length': 99 },
    });
    leaving.on('error', () => {});
    leaving.write('{"batch":[');
    await once(leaving, 'socket');
    leaving.destroy();
    expect((await post('/v1/track', track(), key)).status).toBe(200);
    expect(received).toHaveLength(1);
  });

  test('draining answers what is under way, closes its connection, and takes no more', async () => {
    const store = slowStore();
    const receiver = await startReceiver({ commit: store.commit });
    const answer = receiver.post('/v1/track', track(), key);
    await store.isAsked;
    const drained = receiver.server.drain(10_000);
    await expect(receiver.post('/v1/track', track(), key)).rejects.toThrow();
    store.makeDurable();
    expect((await answer).status).toBe(200);
    expect((await answer).headers.get('connection')).toBe('close');
    await drained;
  });

  test('draining ends at its deadline', async () => {
    const store = slowStore();
    const receiver = await startReceiver({ commit: store.commit });
    const answer = receiver.post('/v1/track', track(), key).catch(() => 'cut off');
    await store.isAsked;
    await receiver.server.drain(50);
    expect(await answer).toBe('cut off');
  });
});
