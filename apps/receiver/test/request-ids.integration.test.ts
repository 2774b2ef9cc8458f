import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import type { RequestRef } from '@meterbridge/segment-events';
import { BACKEND_KEY, basic, request, startReceiver, stopReceivers, track } from './running-receiver.js';

afterEach(stopReceivers);

const key = basic(BACKEND_KEY);
const MADE = /^[0-9a-z]{6}-[0-9a-z]+$/;
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const MADE_TRACE = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/;
const refusal = (code: string) => Object.assign(new Error(code), { code });

const named = { 'x-request-id': 'checkout-7', traceparent: TRACEPARENT };

test.each([
  [200, '/v1/track', track(), {}],
  [200, '/v1/track', {}, {}],
  [400, '/v1/track', '{', {}],
  [401, '/v1/track', track(), { authorization: 'Basic nobody' }],
  [415, '/v1/track', track(), { 'content-encoding': 'none' }],
  [413, '/v1/track', 'x'.repeat(300_000), {}],
  [404, '/nowhere', track(), {}],
  [405, '/healthz', '', {}],
])(
  'a %d of %s gives back what its request is called, or a name that was made',
  async (status, path, body, more) => {
    const { post } = await startReceiver();
    const told = await post(path, body, { ...key, ...named, ...more });
    expect(told.status).toBe(status);
    expect(told.headers.get('x-request-id')).toBe('checkout-7');
    expect(told.headers.get('traceparent')).toBe(TRACEPARENT);
    const made = await post(path, body, { ...key, ...more });
    expect(made.headers.get('x-request-id')).toMatch(MADE);
    expect(made.headers.get('traceparent')).toMatch(MADE_TRACE);
  },
);

test.each([
  ['store_unavailable', 503],
  ['store_full', 429],
  ['nobody foresaw it', 500],
])('so does one where the store says %s', async (code, status) => {
  const { post } = await startReceiver({ commit: () => Promise.reject(refusal(code)) });
  const answer = await post('/v1/track', track(), { ...key, ...named });
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([status, 'checkout-7']);
});

test('and one that is sent away for memory, a preflight, a wrong method, health, and what is no HTTP', async () => {
  const { url, port, post } = await startReceiver({ pressure: () => ({ retryAfterSeconds: 1 }) });
  const answers = [
    await post('/v1/track', track(), { ...key, ...named }),
    await request(`${url}/v1/track`, { method: 'OPTIONS', headers: named }),
    await request(`${url}/v1/track`, { method: 'DELETE', headers: named }),
    await request(`${url}/healthz`, { headers: named }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([429, 204, 405, 200]);
  for (const { headers } of answers) expect(headers.get('x-request-id')).toBe('checkout-7');
  const [, preflight] = answers;
  for (const header of ['x-request-id', 'traceparent', 'tracestate']) {
    expect(preflight!.headers.get('access-control-allow-headers')).toContain(header);
  }
  const socket = connect(port, '127.0.0.1');
  socket.write('nonsense\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*X-Request-Id: [0-9a-z]{6}-[0-9a-z]+\r\n/s);
});

test.each([['x'.repeat(65)], ['with space'], ['caf\u00e9'], ['']])(
  'an id like %j is not taken',
  async (id) => {
    const { post } = await startReceiver();
    const answer = await post('/v1/track', track(), { ...key, 'x-request-id': id });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, expect.stringMatching(MADE)]);
  },
);

test('an id that holds a secret is not taken: jobs and dead letters keep it', async () => {
  const { post } = await startReceiver({ scrub: (text) => text.replace(BACKEND_KEY, '…') });
  const answer = await post('/v1/track', track(), { ...key, 'x-request-id': `of-${BACKEND_KEY}` });
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, expect.stringMatching(MADE)]);
});

test('what is stored, refused and logged names its request, and no trace that is not sampled', async () => {
  const stored: unknown[] = [];
  const logged: unknown[] = [];
  const { post, told } = await startReceiver({
    commit: async (good, bad, _counted, by: RequestRef | undefined) => {
      stored.push(good.length, ...bad.map(({ request: each }) => each), by);
    },
    record: {
      eventsAccepted: () => {},
      eventsIgnored: () => {},
      forgetRequested: () => {},
      webhookReceived: () => {},
      eventsRejected: (...args) => logged.push(args),
      requestFailed: () => {},
      requestAnswered: (answered) => logged.push(answered),
    },
  });
  const answer = await post('/v1/batch', { batch: [track(), { type: 'track' }] }, { ...key, ...named });
  expect(answer.status).toBe(200);
  expect(stored).toEqual([1, { id: 'checkout-7' }, { id: 'checkout-7' }]);
  expect(logged).toMatchObject([
    ['backend', 'missing_event', 1, 'checkout-7'],
    { requestId: 'checkout-7', traceId: TRACEPARENT.slice(3, 35), status: 200 },
  ]);
  expect(told).toEqual([]);
});
