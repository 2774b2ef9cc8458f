import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendUntilTaken, type Track } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import { WRITE_KEY } from '../../cli/test/stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const MB = 1_000_000;
type Sent = { status: number; code: unknown };

async function send(url: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Sent> {
  const answer = await fetch(url, { method: 'POST', body, headers });
  const json = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, code: json.code };
}

/** The most memory a process has ever taken, in bytes; only Linux tells. */
function peakBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

/**
 * Does something hostile to a receiver while a good client sends batch after batch, and expects that all of its
 * batches are taken, each answered within the ten seconds a client waits, and that the process lives. A busy
 * machine may make Redis seem away for a moment: that is 503, and clients come again.
 */
async function besideGoodClient<T>(stack: Stack, hostile: (receiverUrl: string) => Promise<T>) {
  const { url, process: receiver } = await stack.startReady('receiver', { isFresh: true });
  const taken: Track[] = [];
  let isOver = false;
  const goodClient = async () => {
    do {
      const batch = makeTracks(5);
      const answers = await sendUntilTaken(url, batch);
      expect([200, 503]).toEqual(expect.arrayContaining(answers.map(({ status }) => status)));
      taken.push(...batch);
    } while (!isOver);
  };
  const [result] = await Promise.all([
    hostile(url).finally(() => {
      isOver = true;
    }),
    goodClient(),
  ]);
  const { accepted, inFlight } = await stack.account('lago');
  expect(accepted).toBeGreaterThanOrEqual(taken.length);
  expect(inFlight).toBe(accepted);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  return { result, peakBytes: peakBytes(receiver.pid) };
}

const gzip = { 'content-encoding': 'gzip' };
const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const tooLarge = { status: 413, code: 'body_too_large' };
const tooMany = { status: 413, code: 'too_many_values' };

test('bombs are refused for what they would become', async () => {
  const zeros = Buffer.alloc(200 * MB);
  const brackets = Buffer.from('['.repeat(24 * MB) + ']'.repeat(24 * MB));
  const bodies: [string, Uint8Array, Record<string, string>, Sent][] = [
    ['/v1/batch', gzipSync(zeros), gzip, tooLarge],
    ['/v1/batch', deflateSync(zeros), { 'content-encoding': 'deflate' }, tooLarge],
    ['/v1/batch', brotliCompressSync(zeros, fast), { 'content-encoding': 'br' }, tooLarge],
    ['/v1/batch', gzipSync(brackets), gzip, tooMany],
    ['/webhooks/segment/backend', gzipSync(brackets), { ...gzip, 'x-signature': '00' }, tooMany],
    ['/v1/batch', gzipSync('['.repeat(49 * MB)), gzip, tooMany],
    ['/v1/batch', gzipSync(`[${'{},'.repeat(16 * MB)}{}]`), gzip, tooMany],
    ['/v1/batch', gzipSync(`{${'"":0,'.repeat(9 * MB)}"":0}`), gzip, tooMany],
    ['/v1/batch', Buffer.from('['.repeat(5 * MB) + ']'.repeat(5 * MB)), {}, tooMany],
  ];
  const stack = await stacks.open();
  const { result, peakBytes } = await besideGoodClient(stack, async (url) => {
    const answers: Sent[] = [];
    for (const [path, body, headers] of bodies) answers.push(await send(url + path, body, headers));
    return answers;
  });
  expect(result).toEqual(bodies.map(([, , , expected]) => expected));
  expect(peakBytes).toBeLessThan(700 * MB);
});

test('10 MB are taken to the last byte, and not one more', async () => {
  const stack = await stacks.open();
  const { url } = await stack.startReady('receiver');
  const events = makeTracks(320, { context: { note: 'x'.repeat(30_000) } });
  const body = JSON.stringify({ batch: events, writeKey: WRITE_KEY }).padEnd(10_000_000);
  expect(await send(`${url}/v1/batch`, Buffer.from(`${body} `))).toEqual(tooLarge);
  expect(await stack.account('lago')).toMatchObject({ accepted: 0 });
  expect(await send(`${url}/v1/batch`, Buffer.from(body))).toMatchObject({ status: 200 });
  expect(await stack.account('lago')).toMatchObject({ accepted: 320, inFlight: 320 });
});

test('a little that a batch says of thousands of events does not become a lot', async () => {
  const stack = await stacks.open();
  const shared = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, 0])));
  const batchOf = (count: number, event: string) =>
    gzipSync(`{"context":${shared},"batch":[${Array(count).fill(event)}]}`);
  const { result, peakBytes } = await besideGoodClient(stack, async (url) => [
    await send(`${url}/v1/batch`, batchOf(10_000, '{}'), gzip),
    await send(`${url}/v1/batch`, batchOf(10_000, '{"context":{}}'), gzip),
    await send(`${url}/v1/batch`, batchOf(50_000, '{"context":{}}'), gzip),
  ]);
  expect(result).toEqual([tooLarge, tooLarge, { status: 413, code: 'too_many_events' }]);
  expect(peakBytes).toBeLessThan(500 * MB);
});

test('a hundred bodies that inflate at once take no more memory than a few', async () => {
  const stack = await stacks.open();
  const nearlyTooLarge = gzipSync(' '.repeat(40 * MB));
  const { result, peakBytes } = await besideGoodClient(stack, (url) =>
    Promise.all(Array.from({ length: 100 }, () => send(`${url}/v1/batch`, nearlyTooLarge, gzip))),
  );
  // Those that had room were read, and are no JSON; the others are told to come again.
  expect(new Set(result.map(({ code }) => code))).toEqual(new Set(['invalid_json', 'overloaded']));
  expect(peakBytes).toBeLessThan(1_000 * MB);
});

test('thirty clients that hold back the end of 10 MB are sent away as they come to too much', async () => {
  const stack = await stacks.open();
  const beginning = Buffer.alloc(9_900_000, ' ');
  const { result, peakBytes } = await besideGoodClient(stack, async (url) => {
    const sentAway: string[] = [];
    const clients = Array.from({ length: 30 }, () => {
      const headers = { 'content-length': 9_999_999 };
      const req = request(`${url}/v1/batch`, { method: 'POST', agent: false, headers });
      req.on('response', (res) => sentAway.push(`${res.statusCode}, again in ${res.headers['retry-after']}`));
      req.on('error', () => {});
      req.write(beginning);
      return req;
    });
    // There is room for 240 MB.
    await waitFor(() => sentAway.length >= 30 - 24, { what: 'the largest to be sent away' });
    for (const req of clients) req.destroy();
    return sentAway;
  });
  expect(new Set(result)).toEqual(new Set(['429, again in 1']));
  expect(peakBytes).toBeLessThan(800 * MB);
});
