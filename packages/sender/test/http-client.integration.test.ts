import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { useClosing } from '@meterbridge/testing';
import { createHttpClient } from '../src/index.js';

const closing = useClosing();

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(baseUrl: string, timeoutMs = 2_000) {
  const client = createHttpClient({ baseUrl, timeoutMs, headers: { authorization: 'Bearer key' } });
  closing.push(client.close);
  return client;
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

test('sends the bytes as they are, with the key, and reads any status', async () => {
  const url = await serve(async (request, response) => {
    const { method, url: path, headers } = request;
    const body = await readText(request);
    response.writeHead(422, { 'X-RateLimit-Remaining': '7' });
    response.end(
      JSON.stringify({ method, path, body, auth: headers.authorization, type: headers['content-type'] }),
    );
  });
  const answer = await connect(`${url}/lago`).post('/api/v1/events/batch', '{"a": 1.10}');
  expect(answer).toMatchObject({ status: 422, headers: { 'x-ratelimit-remaining': '7' } });
  expect('body' in answer && JSON.parse(answer.body)).toEqual({
    method: 'POST',
    path: '/lago/api/v1/events/batch',
    body: '{"a": 1.10}',
    auth: 'Bearer key',
    type: 'application/json',
  });
});

test('a request may say what its body is, and headers of its own beside the key', async () => {
  const url = await serve(async (request, response) => {
    const { authorization, 'content-type': type, 'idempotency-key': id } = request.headers;
    response.end(JSON.stringify({ authorization, type, id, body: await readText(request) }));
  });
  const head = { contentType: 'application/x-www-form-urlencoded', headers: { 'idempotency-key': 'm-1' } };
  const answer = await connect(url).post('/v1/events', 'a=1', head);
  expect('body' in answer && JSON.parse(answer.body)).toEqual({
    authorization: 'Bearer key',
    type: 'application/x-www-form-urlencoded',
    id: 'm-1',
    body: 'a=1',
  });
});

test('keeps its connection', async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('ok');
  });
  const client = connect(url);
  for (let round = 0; round < 5; round++)
    expect(await client.get('/x?y=1')).toMatchObject({ status: 200, body: 'ok' });
  expect(ports.size).toBe(1);
});

test('follows no redirect: the key would go along', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await connect(url).post('/v1/events', '{}')).toMatchObject({ status: 302 });
  expect(asked).toBe(1);
});

test.each([500, 503, 429])('tries %i no second time', async (status) => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    response.writeHead(status, { 'retry-after': '0' }).end();
  });
  expect(await connect(url).get('/')).toMatchObject({ status, body: '' });
  expect(asked).toBe(1);
});

test('unpacks gzip', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"events":[]}'));
  });
  expect(await connect(url).get('/')).toMatchObject({ status: 200, body: '{"events":[]}' });
});

test('what is not gzip though it says so is trouble on the way, not a crash', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}');
  });
  expect(await connect(url).get('/')).toMatchObject({ error: 'connection' });
});

test('reads no answer without an end', async () => {
  const url = await serve((_, response) => {
    const piece = Buffer.alloc(1_000_000, 'x');
    const write = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', write).on('error', () => {});
    write();
  });
  expect(await connect(url, 10_000).get('/')).toMatchObject({ error: 'oversized' });
});

test('an answer that does not come is a timeout', async () => {
  const url = await serve(() => {});
  expect(await connect(url, 100).post('/', '{}')).toEqual({
    error: 'timeout',
    detail: 'no answer within 100 ms',
  });
});

test('an answer that stops in the middle is one too, or a broken connection', async () => {
  const stalls = await serve((_, response) => void response.writeHead(200).write('{"eve'));
  expect(await connect(stalls, 100).post('/', '{}')).toMatchObject({ error: 'timeout' });
  const breaks = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"eve', () => response.destroy());
  });
  expect(await connect(breaks).post('/', '{}')).toMatchObject({ error: 'connection' });
});

test('nobody there is a connection error that names no address', async () => {
  const url = await serve(() => {});
  closing.pop()!();
  expect(await connect(url).get('/')).toEqual({ error: 'connection', detail: 'ECONNREFUSED' });
});

test('closing answers what is in flight', async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const url = await serve(() => arrived());
  const client = connect(url);
  const answer = client.get('/');
  await arrival;
  client.close();
  expect(await answer).toMatchObject({ error: 'connection' });
});
