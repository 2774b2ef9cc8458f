import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { useCertificates, useClosing } from '@meterbridge/testing';
import { createHttpClient } from '../src/index.js';

const closing = useClosing();
const certificates = useCertificates();
const LOGIN = `Basic ${Buffer.from('user:p@ss-word').toString('base64')}`;

async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that wants a login: tunnels by CONNECT, and requests with a whole URL. Every host is this machine to it. */
async function startProxy() {
  const seen = { tunnels: [] as string[], requests: [] as string[], connections: 0 };
  const server = createServer((incoming, outgoing) => {
    seen.requests.push(`${incoming.method} ${incoming.url}`);
    if (incoming.headers['proxy-authorization'] !== LOGIN) return void outgoing.writeHead(407).end('login');
    const { pathname, port } = new URL(incoming.url!);
    const { method, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, path: pathname, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.on('connection', () => seen.connections++);
  server.on('connect', (incoming: IncomingMessage, socket) => {
    seen.tunnels.push(incoming.url!);
    if (incoming.headers['proxy-authorization'] !== LOGIN) {
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    }
    const onward = connectTcp(Number(incoming.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const each of [socket, onward]) each.on('error', () => {});
  });
  const port = await listen(server);
  return { seen, url: (password: string) => `http://user:${password}@127.0.0.1:${port}/` };
}

function connect(baseUrl: string, proxyUrl: string, timeoutMs = 5_000) {
  const client = createHttpClient({ baseUrl, timeoutMs, headers: { authorization: 'Bearer key' }, proxyUrl });
  closing.push(client.close);
  return client;
}

const echo = async (incoming: IncomingMessage, outgoing: { end(text: string): void }) => {
  let body = '';
  for await (const chunk of incoming) body += chunk;
  const { url, headers } = incoming;
  outgoing.end(JSON.stringify({ url, host: headers.host, auth: headers.authorization, body }));
};

test('an http API is asked through a proxy, with its whole URL, over a connection that is kept', async () => {
  const port = await listen(createServer(echo));
  const proxy = await startProxy();
  const client = connect(`http://lago.nowhere:${port}/lago`, proxy.url('p%40ss-word'));
  for (let round = 0; round < 3; round++) {
    const answer = await client.post('/api/v1/events', '{"a":1}');
    expect('body' in answer && JSON.parse(answer.body)).toEqual({
      url: '/lago/api/v1/events',
      host: `lago.nowhere:${port}`,
      auth: 'Bearer key',
      body: '{"a":1}',
    });
  }
  expect(proxy.seen).toEqual({
    tunnels: [],
    requests: Array(3).fill(`POST http://lago.nowhere:${port}/lago/api/v1/events`),
    connections: 1,
  });
});

/** A process of its own: which CAs are trusted is read when one starts. */
async function askInProcess(connection: object): Promise<unknown> {
  const program = `
    import { createHttpClient } from '@meterbridge/sender';
    const client = createHttpClient(${JSON.stringify({ timeoutMs: 5_000, headers: {}, ...connection })});
    const first = await client.post('/v1/events', '{}');
    const second = await client.get('/v1/events');
    client.close();
    console.log(JSON.stringify([first.body ?? first, second.status]));`;
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: certificates.caFile };
  const cwd = new URL('..', import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env,
    cwd,
  });
  return JSON.parse(stdout);
}

test('an https API is asked through one tunnel, and the proxy is shown nothing of it', async () => {
  const { certFile, keyFile } = certificates;
  const api = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, echo);
  const port = await listen(api);
  const proxy = await startProxy();
  const baseUrl = `https://localhost:${port}`;
  const [body, second] = (await askInProcess({ baseUrl, proxyUrl: proxy.url('p%40ss-word') })) as [
    string,
    number,
  ];
  expect(JSON.parse(body)).toMatchObject({ url: '/v1/events', host: `localhost:${port}`, body: '{}' });
  expect(second).toBe(200);
  expect(proxy.seen).toEqual({ tunnels: [`localhost:${port}`], requests: [], connections: 1 });
});

test('without a proxy an https API is asked straight, unless nobody vouches for its certificate', async () => {
  const { certFile, keyFile } = certificates;
  const api = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, echo);
  const baseUrl = `https://localhost:${await listen(api)}`;
  const [body, second] = (await askInProcess({ baseUrl })) as [string, number];
  expect(JSON.parse(body)).toMatchObject({ url: '/v1/events', body: '{}' });
  expect(second).toBe(200);
  const stranger = createHttpClient({ baseUrl, timeoutMs: 5_000, headers: {} });
  closing.push(stranger.close);
  expect(await stranger.get('/')).toMatchObject({
    error: 'connection',
    detail: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
});

test.each(['http', 'https'])(
  'a proxy that wants another login is trouble on the way to an %s API',
  async (scheme) => {
    const proxy = await startProxy();
    const answer = await connect(`${scheme}://api.nowhere`, proxy.url('hunter2-x')).post('/events', '{}');
    expect(answer).toEqual({ error: 'connection', detail: 'the proxy answered 407' });
  },
);

test('so is one that is not there, in words that show no address', async () => {
  const proxyUrl = 'http://user:hunter2@127.0.0.1:1/';
  for (const scheme of ['http', 'https']) {
    const answer = await connect(`${scheme}://api.nowhere`, proxyUrl).get('/');
    expect(answer).toEqual({ error: 'connection', detail: 'ECONNREFUSED, through a proxy' });
  }
});

/** A proxy that takes a CONNECT and says nothing. */
async function startSilentProxy() {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const silent = createServer().on('connect', (_, socket) => {
    socket.on('error', () => {}).resume();
    arrived();
  });
  return { arrival, url: `http://127.0.0.1:${await listen(silent)}/` };
}

test('a proxy that does not answer is a timeout', async () => {
  const { url } = await startSilentProxy();
  const answer = await connect('https://api.nowhere', url, 100).get('/');
  expect(answer).toEqual({ error: 'timeout', detail: 'no answer within 100 ms' });
});

test('closing answers what waits for a tunnel', async () => {
  const { arrival, url } = await startSilentProxy();
  const client = connect('https://api.nowhere', url, 60_000);
  const answer = client.get('/');
  await arrival;
  client.close();
  expect(await answer).toMatchObject({ error: 'connection' });
});
