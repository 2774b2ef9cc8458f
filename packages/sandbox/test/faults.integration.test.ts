import { expect, test } from '@jest/globals';
import type { Fault } from '../src/index.js';
import { hyperlineEvent, lagoEvent, postHyperline, postLago, start } from './fixture.js';

const FAILED = 'fetch failed';

test.each<[string, Fault['respond'] & object, string, string | null]>([
  ['JSON', { status: 403, body: { code: 'x' } }, '{"code":"x"}', 'application/json; charset=utf-8'],
  ['text', { status: 502, body: 'Bad gateway' }, 'Bad gateway', 'text/plain; charset=utf-8'],
  ['HTML', { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } }, '<html>', 'text/html'],
  ['nothing', { status: 200 }, '', 'text/plain; charset=utf-8'],
  ['a list', { status: 201, body: [1] }, '[1]', 'application/json; charset=utf-8'],
])(
  'a fault answers %s once, stores nothing, and the next request is as usual',
  async (_what, respond, text, type) => {
    const sandbox = await start();
    sandbox.lago.faults.add({ respond });
    const reply = await postLago(sandbox, [lagoEvent('t1')]);
    expect(reply).toMatchObject({ status: respond.status, text });
    expect(reply.headers.get('content-type')).toBe(type);
    expect(sandbox.lago.ledger.size).toBe(0);
    expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(200);
    expect(sandbox.lago.inspect()).toMatchObject({ requests: 2, faultsFired: 1 });
  },
);

test('a fault has its own headers', async () => {
  const sandbox = await start();
  const headers = { 'X-RateLimit-Reset': '3', Location: 'http://127.0.0.1:1/' };
  sandbox.hyperline.faults.add({ respond: { status: 429, headers } });
  const reply = await postHyperline(sandbox, [hyperlineEvent('r1')]);
  expect(reply.headers.get('x-ratelimit-reset')).toBe('3');
});

test('it stores first and fails then: what is sent again is a duplicate', async () => {
  const sandbox = await start();
  sandbox.lago.faults.add({ afterStoring: true, respond: { status: 500 } });
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(500);
  expect(sandbox.lago.ledger.find('t1')).toMatchObject([{ stored: 1 }]);
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(422);
});

test.each<[string, Fault, number]>([
  ['before the answer', { cut: 'before' }, 0],
  ['before the answer, after storing', { cut: 'before', afterStoring: true }, 1],
  ['in the midst of the true answer', { cut: 'mid-response' }, 1],
  ['in the midst of another', { cut: 'mid-response', respond: { status: 200, body: 'half of it' } }, 0],
])('a connection is cut %s', async (_when, fault, stored) => {
  const sandbox = await start();
  sandbox.lago.faults.add(fault);
  const message = fault.cut === 'before' ? FAILED : 'terminated';
  await expect(postLago(sandbox, [lagoEvent('t1')])).rejects.toThrow(message);
  expect(sandbox.lago.ledger.size).toBe(stored);
  expect(sandbox.lago.inspect().byStatus).toEqual({ none: 1 });
});

test('a request that hangs is let go by its client or by closing', async () => {
  const sandbox = await start();
  sandbox.lago.faults.add({ hang: true, afterStoring: true });
  const hanging = expect(postLago(sandbox, [lagoEvent('t1')])).rejects.toThrow(FAILED);
  while (sandbox.lago.ledger.size === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(sandbox.lago.inspect()).toMatchObject({ inFlight: 1, byStatus: {} });
  await sandbox.close();
  await hanging;
});

test('a delay holds the true answer back, and requests overlap', async () => {
  const sandbox = await start();
  sandbox.lago.faults.add({ delayMs: 60, times: 2 });
  const startedAt = performance.now();
  const replies = await Promise.all([
    postLago(sandbox, [lagoEvent('t1')]),
    postLago(sandbox, [lagoEvent('t2')]),
  ]);
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(58);
  expect(sandbox.lago.inspect()).toMatchObject({ inFlight: 0, inFlightMax: 2 });
});

test('latency is for every answer of both', async () => {
  const sandbox = await start({ latencyMs: 40 });
  const startedAt = performance.now();
  expect((await postLago(sandbox, [lagoEvent('t1')])).status).toBe(200);
  expect((await postHyperline(sandbox, [hyperlineEvent('r1')])).status).toBe(201);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(78);
});

test('a fault waits for a request that carries a key', async () => {
  const sandbox = await start();
  sandbox.lago.faults.add({ match: { containsKey: 'bad' }, times: 'always', respond: { status: 413 } });
  sandbox.hyperline.faults.add({ match: { containsKey: 'bad' }, respond: { status: 400 } });
  expect((await postLago(sandbox, [lagoEvent('good')])).status).toBe(200);
  expect((await postLago(sandbox, [lagoEvent('other'), lagoEvent('bad')])).status).toBe(413);
  expect((await postLago(sandbox, [lagoEvent('bad')])).status).toBe(413);
  expect((await postHyperline(sandbox, [hyperlineEvent('bad-not')])).status).toBe(201);
  expect((await postHyperline(sandbox, [hyperlineEvent('bad')])).status).toBe(400);
});
