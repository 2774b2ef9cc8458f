import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { makePayloads, useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { InvalidEventPayload, loadFunction, RetryError } from './segment-function.js';
import { CONFIG } from './stack-config.js';

const SECRET = 'function-secret-8c21';
const WITH_FUNCTION = CONFIG.replace(
  '    privacy:',
  `    functionSecret: \${SEGMENT_FUNCTION_SECRET}\n    privacy:`,
);

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});
const suite = useRedis();
const stacks = useStack(suite);

const usage = (count: number) =>
  makeTracks(count, { properties: { tokens: 5, model: 'small', subscription_id: 'sub-1' } });

/** A stack whose receiver believes the function; and the function's settings for it. */
async function open(config = WITH_FUNCTION) {
  const stack = await stacks.open({ config });
  stack.env.SEGMENT_FUNCTION_SECRET = SECRET;
  const receiver = await stack.startReady('receiver');
  const endpoint = `${receiver.url}/webhooks/segment/backend`;
  return { stack, receiver, settings: { endpoint, secret: SECRET } };
}

const accepted = async (stack: Stack) => (await stack.account()).accepted;

test('a batch reaches the API, each event once, also when Segment sends it again', async () => {
  const { stack, receiver, settings } = await open();
  const tracks = usage(20);
  const { onBatch } = loadFunction();
  const all = tracks.map(() => ({ status: 200 }));
  expect(await onBatch(tracks, settings)).toEqual(all);
  expect(await onBatch(tracks, settings)).toEqual(all);
  await stack.startReady('worker');
  const { lago } = await stack.settled(40);
  expect(lago).toMatchObject({ delivered: 20, duplicate: 20, dead: 0, difference: 0 });
  const ids = [...stack.sandbox.lago.ledger.entries()].map(({ id }) => id);
  expect(ids.toSorted()).toEqual(tracks.map(({ messageId }) => messageId).toSorted());
  expect(receiver.process.output()).not.toContain(SECRET);
});

test('one bad event has a status of its own, and its neighbours are taken', async () => {
  const { stack, settings } = await open();
  const [first, second] = usage(2);
  const bad = { ...first, messageId: 'bad', type: 'track', event: undefined };
  const statuses = await loadFunction().onBatch([first, bad, second], settings);
  expect(statuses).toEqual([
    { status: 200 },
    { status: 400, errormessage: expect.stringContaining('event') },
    { status: 200 },
  ]);
  expect(await accepted(stack)).toBe(2);
  expect(await stack.account('receiver')).toMatchObject({ dead: 1 });
});

test('every handler forwards its event, and says of a bad one that it is', async () => {
  const { stack, settings } = await open();
  const fn = loadFunction();
  const make = makePayloads('function');
  for (const [name, event] of [
    ['onTrack', make.aTrack()],
    ['onIdentify', make.anIdentify()],
    ['onPage', make.aPage()],
    ['onScreen', make.aScreen()],
    ['onGroup', make.aGroup()],
    ['onAlias', make.anAlias()],
  ] as const) {
    expect(await fn[name](event, settings)).toBeUndefined();
  }
  // Filtered ones are counted a moment after their answer.
  await waitFor(async () => (await accepted(stack)) === 6, { what: 'all six to be counted' });
  await expect(fn.onTrack({ type: 'track', userId: 'u' }, settings)).rejects.toThrow(InvalidEventPayload);
  const deletion = fn.onDelete(
    { type: 'delete', userId: 'u', timestamp: new Date().toISOString() },
    settings,
  );
  await expect(deletion).rejects.toThrow(/meterbridge forget --user/);
  expect(await stack.account('receiver')).toMatchObject({ dead: 2 });
});

test('a wrong secret, a clock that is wrong, or a changed body: 401, and Segment sends again', async () => {
  const { stack, settings } = await open();
  const tracks = usage(2);
  const late = loadFunction(() => Date.now() - 6 * 60_000);
  await expect(late.onBatch(tracks, settings)).rejects.toThrow(/^HTTP 401: .*five minutes/);
  await expect(late.onBatch(tracks, settings)).rejects.toBeInstanceOf(RetryError);
  const { onBatch } = loadFunction();
  await expect(onBatch(tracks, { ...settings, secret: 'guessed' })).rejects.toThrow(/^HTTP 401/);

  const meddling = await listen(async (body, headers) => {
    const changed = body.replace('"tokens":5', '"tokens":6');
    const signature = String(headers['x-meterbridge-signature']);
    const sent = { 'content-type': 'application/json', 'x-meterbridge-signature': signature };
    const answer = await fetch(settings.endpoint, { method: 'POST', body: changed, headers: sent });
    return { status: answer.status, body: await answer.text() };
  });
  await expect(onBatch(tracks, { ...settings, endpoint: meddling })).rejects.toThrow(/^HTTP 401: .*wrong/);
  await expect(onBatch(tracks, { endpoint: settings.endpoint })).rejects.toBeInstanceOf(RetryError);
  expect(await accepted(stack)).toBe(0);
});

test('a receiver without its Redis: 503, and Segment sends again', async () => {
  const stack = await stacks.open({ config: WITH_FUNCTION });
  stack.env.SEGMENT_FUNCTION_SECRET = SECRET;
  stack.env.REDIS_URL = 'redis://127.0.0.1:1';
  const endpoint = `${await stack.start('receiver').url()}/webhooks/segment/backend`;
  const sending = loadFunction().onBatch(usage(1), { endpoint, secret: SECRET });
  await expect(sending).rejects.toThrow(/^HTTP 503/);
  await expect(sending).rejects.toBeInstanceOf(RetryError);
});

test('a Redis that is nearly full: 429, and Segment sends again', async () => {
  const { stack, settings } = await open(`${WITH_FUNCTION}\nredis: { maxMemoryPercent: 1 }\n`);
  await stack.redis.config('SET', 'maxmemory', '20mb');
  try {
    const { onBatch } = loadFunction();
    const refusal = await waitFor(
      () =>
        onBatch(usage(1), settings).then(
          () => null,
          (error: Error) => error,
        ),
      { what: 'the receiver to see how full Redis is' },
    );
    expect(refusal).toBeInstanceOf(RetryError);
    expect(refusal?.message).toMatch(/^HTTP 429/);
  } finally {
    await stack.redis.config('SET', 'maxmemory', '0');
  }
});

test('a batch that is too large goes in halves', async () => {
  const { stack, settings } = await open(`${WITH_FUNCTION}\nreceiver: { bodyBytes: 100000 }\n`);
  const tracks = makeTracks(9, {
    properties: { tokens: 5, model: 'm'.repeat(20_000), subscription_id: 'sub-1' },
  });
  expect(await loadFunction().onBatch(tracks, settings)).toEqual(tracks.map(() => ({ status: 200 })));
  expect(await accepted(stack)).toBe(9);
});

test.each<[string, { status: number; body: string; location?: string }]>([
  ['a page of a proxy', { status: 200, body: '<html>Welcome</html>' }],
  ['success that is none', { status: 200, body: '{"success":false,"message":"no"}' }],
  ['null', { status: 200, body: 'null' }],
  ['another success', { status: 202, body: '{"success":true}' }],
  ['a redirect', { status: 302, body: '', location: '/elsewhere' }],
  ['a body nobody can read', { status: 400, body: '{"success":false,"message":"not JSON"}' }],
  ['a wrong address', { status: 404, body: '{"success":false,"message":"unknown source"}' }],
  ['one event that is too large for a proxy', { status: 413, body: '<html>' }],
  ['an error of a proxy', { status: 502, body: 'Bad Gateway' }],
])('%s is not taken for success: Segment sends again', async (_, answer) => {
  const endpoint = await listen(async () => answer);
  const sending = loadFunction().onBatch(usage(1), { endpoint, secret: SECRET });
  await expect(sending).rejects.toBeInstanceOf(RetryError);
  await expect(sending).rejects.not.toThrow(SECRET);
});

test('no connection at all: Segment sends again', async () => {
  const sending = loadFunction().onTrack(usage(1)[0], { endpoint: 'http://127.0.0.1:1/', secret: SECRET });
  await expect(sending).rejects.toBeInstanceOf(RetryError);
});

type Given = { status: number; body: string; location?: string };

/** Something between Segment and the receiver. */
async function listen(
  answer: (body: string, headers: NodeJS.Dict<string | string[]>) => Promise<Given>,
): Promise<string> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { status, body, location } = await answer(Buffer.concat(chunks).toString(), req.headers);
    res.writeHead(status, location ? { location } : {}).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
