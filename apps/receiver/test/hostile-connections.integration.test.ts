import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@meterbridge/testing';
import { startServer } from '../src/http/server.js';
import { BACKEND_KEY, basic, startReceiver, stopReceivers, track } from './running-receiver.js';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stopReceivers();
});

/** A client that writes what it likes, and never closes its side of the connection. */
function stubbornClient(port: number, text: string) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(text);
  const answer = new Promise<string>((resolve) => {
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('end', () => resolve(got));
  });
  return { socket, answer };
}

const HEAD = 'POST /v1/batch HTTP/1.1\r\nHost: x\r\n';
/** A drain cuts what is left then: later than a test may take, so that it hangs with what does not end by itself. */
const NEVER_CUT_MS = 3_600_000;
const SHORT = { headersTimeoutMs: 200, requestTimeoutMs: 400 };
const key = basic(BACKEND_KEY);

describe('a client that never ends is sent away, and its connection is gone', () => {
  test.each<[string, string, string, string]>([
    ['says nothing', '', '', '408'],
    ['drips its headers', HEAD, 'X-Drip: x\r\n', '408'],
    ['drips its body', `${HEAD}Content-Length: 100000\r\n\r\n`, 'x', '408'],
    ['drips a body that is too large', `${HEAD}Content-Length: 1000000000\r\n\r\n`, 'x', '413'],
    ['drips chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n', '408'],
    ['is no HTTP', 'HELO mail\r\n\r\n', '', '400'],
    ['is no HTTP and goes on', 'HELO mail\r\n\r\n', 'x', '400'],
    ['has a chunk without a size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, '', '400'],
    ['says two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`, '', '400'],
    ['says a length and chunks', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, '', '400'],
    ['floods with headers', `${HEAD}${`X-Flood: ${'x'.repeat(1_000)}\r\n`.repeat(40)}`, '', '431'],
  ])('%s', async (_name, beginning, drip, status) => {
    const { port, server, post, received } = await startReceiver({}, SHORT);
    const { socket, answer } = stubbornClient(port, beginning);
    const dripping = setInterval(() => drip && socket.writable && socket.write(drip), 20);
    try {
      expect((await post('/v1/track', track(), key)).status).toBe(200);
      expect(await answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*"success":false`, 's'));
      // It waits for every connection there is.
      await server.drain(NEVER_CUT_MS);
      expect(received).toHaveLength(1);
    } finally {
      clearInterval(dripping);
    }
  });

  test('takes no answer', async () => {
    let isGone: Promise<unknown> | undefined;
    const server = await startServer(
      (_req, res) => {
        isGone = once(res, 'close');
        res.end(Buffer.alloc(50_000_000));
      },
      { host: '127.0.0.1', port: 0, ...SHORT },
    );
    const { socket } = stubbornClient(server.port, `GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    await isGone;
    await server.drain(NEVER_CUT_MS);
  });
});

test('a client that does not wait for its answers has no more than a hundred under way', async () => {
  let asked = 0;
  const ready = async () => {
    asked++;
    return { ready: true };
  };
  const { port, post } = await startReceiver({ ready }, SHORT);
  const question = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n';
  const patient = stubbornClient(port, question.repeat(100));
  await waitFor(() => asked === 100, { what: 'all of its questions to be asked' });
  const { socket } = stubbornClient(port, question.repeat(100_000));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(asked).toBe(200);
  expect((await post('/v1/track', track(), key)).status).toBe(200);
  patient.socket.end();
  expect((await patient.answer).match(/"status":"ready"/g)).toHaveLength(100);
});

test('what came before garbage on a connection is taken, and what came after is not', async () => {
  const { port, received, rejected } = await startReceiver({}, SHORT);
  const write = (event: object) => {
    const body = JSON.stringify(event);
    return `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: ${key.authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const events = [track(), track(), track()];
  const [first, second, third] = events.map(write);
  await stubbornClient(port, `${first}${second}\u0000\u0001garbage\r\n\r\n${third}`).answer;
  expect(received.map(({ event }) => event.messageId)).toEqual([events[0]!.messageId, events[1]!.messageId]);
  expect(rejected).toEqual([]);
});

test('a body that says it is shorter than it is, and one that ends too soon, store nothing of a half event', async () => {
  const { port, received, rejected } = await startReceiver({}, SHORT);
  const body = JSON.stringify({ batch: [track(), track()] });
  const head = `${HEAD}Authorization: ${key.authorization}\r\n`;
  const cut = await stubbornClient(port, `${head}Content-Length: ${body.length - 5}\r\n\r\n${body}`).answer;
  expect(cut).toMatch(/^HTTP\/1\.1 400 /);
  expect(rejected).toMatchObject([{ reason: 'invalid_json', raw: body.slice(0, -5) }]);
  const late = await stubbornClient(port, `${head}Content-Length: ${body.length + 5}\r\n\r\n${body}`).answer;
  expect(late).toMatch(/^HTTP\/1\.1 408 /);
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
  const open = await stubbornClient(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`).answer;
  expect(open).toMatch(/^HTTP\/1\.1 408 /);
  expect(received).toEqual([]);
});
