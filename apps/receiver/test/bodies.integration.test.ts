import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BACKEND_KEY,
  BROWSER_KEY,
  basic,
  type RunningReceiver,
  request,
  startReceiver,
  stopReceivers,
  track,
} from './running-receiver.js';

let receiver: RunningReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(stopReceivers);

const idsReceived = () => receiver.received.map(({ event }) => event.messageId);

test.each([
  'batch',
  'b',
  'import',
  'track',
  't',
  'identify',
  'i',
  'page',
  'p',
  'screen',
  's',
  'group',
  'g',
  'alias',
  'a',
])('takes /v1/%s, with and without the slash and the version', async (path) => {
  const single = {
    userId: 'u1',
    event: 'e',
    groupId: 'g',
    previousId: 'p',
    timestamp: new Date().toISOString(),
  };
  const body = { batch: [track()], ...single };
  for (const route of [`/v1/${path}`, `/v1/${path}/`, `/${path}`, `/v1/${path}?verbose=1`]) {
    const answer = await receiver.post(route, body, basic(BACKEND_KEY));
    expect([answer.status, answer.text]).toEqual([200, '{"success":true}']);
  }
  const isTyped = !['batch', 'b', 'import'].includes(path);
  const callType = ['track', 'identify', 'page', 'screen', 'group', 'alias'].find((type) =>
    type.startsWith(path),
  );
  if (isTyped) {
    await receiver.post(`/v1/${path}`, { ...single, messageId: 'single' }, basic(BACKEND_KEY));
    expect(receiver.received.at(-1)?.event).toMatchObject({ type: callType, messageId: 'single' });
  }
});

describe('reads JSON however it is labelled and packed', () => {
  const event = track();
  const json = JSON.stringify({ batch: [event], writeKey: BACKEND_KEY });
  test.each<[string, Uint8Array, Record<string, string>]>([
    ['JSON', Buffer.from(json), { 'content-type': 'application/json' }],
    ['text/plain, as browsers do', Buffer.from(json), { 'content-type': 'text/plain' }],
    ['no content type', Buffer.from(json), {}],
    [
      'gzip with a form’s type, as RudderStack does',
      gzipSync(json),
      { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
    ],
    ['gzip with no type, as C# does', gzipSync(json), { 'content-encoding': 'gzip' }],
    ['gzip in capitals', gzipSync(json), { 'content-encoding': 'GZIP' }],
    ['deflate', deflateSync(json), { 'content-encoding': 'deflate' }],
    ['deflate without its header', deflateRawSync(json), { 'content-encoding': 'deflate' }],
    ['identity', Buffer.from(json), { 'content-encoding': 'identity' }],
    [
      'a byte order mark',
      Buffer.from(`\ufeff${json}`),
      { 'content-type': 'application/json; charset=utf-8' },
    ],
  ])('%s', async (_name, body, headers) => {
    expect((await receiver.post('/v1/batch', body, headers)).text).toBe('{"success":true}');
    expect(receiver.received).toMatchObject([{ source: 'backend', via: 'tracking', event }]);
  });

  test('in chunks that cut characters in two', async () => {
    const bytes = Buffer.from(
      JSON.stringify({ batch: [{ ...event, userId: 'é😀' }], writeKey: BACKEND_KEY }),
    );
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit;
    expect((await request(`${receiver.url}/v1/batch`, init)).status).toBe(200);
    expect(receiver.received[0]?.event.userId).toBe('é😀');
  });
});

test.each([
  ['one event', (events: unknown[]) => events[0]],
  ['a batch', (events: unknown[]) => ({ batch: events })],
  ['a bare array', (events: unknown[]) => events],
  ['an array of wrapped events', (events: unknown[]) => events.map((json) => ({ json }))],
])('takes %s', async (_name, wrap) => {
  const events = [track(), track()];
  const answer = await receiver.post('/v1/batch', wrap(events), basic(BACKEND_KEY));
  expect(answer.text).toBe('{"success":true}');
  expect(idsReceived()).toEqual(events.slice(0, receiver.received.length).map(({ messageId }) => messageId));
});

test('takes an empty batch', async () => {
  expect((await receiver.post('/v1/batch', { batch: [] }, basic(BACKEND_KEY))).text).toBe('{"success":true}');
});

test('a bad event costs its neighbours nothing, and is kept with its reason', async () => {
  const bad = [
    [track({ event: undefined }), 'missing_event'],
    [track({ type: undefined }), 'missing_type'],
    [{ type: 'delete', userId: 'u1' }, 'unsupported_type'],
    [track({ userId: null, anonymousId: null }), 'missing_identity'],
    [track({ properties: { text: 'x'.repeat(33_000) } }), 'too_large'],
    [track({ properties: { deep: 'DEEP' } }), 'too_deep'],
    [track({ timestamp: 'soon' }), 'invalid_timestamp'],
    [track({ timestamp: '1999-01-01T00:00:00Z' }), 'timestamp_out_of_range'],
    [track({ messageId: undefined, timestamp: undefined }), 'no_message_id_or_timestamp'],
    ['text', 'not_an_object'],
    [null, 'not_an_object'],
  ] as const;
  const good = bad.map(() => track());
  const batch = bad.flatMap(([event], index) => [good[index], event]);
  // JSON.stringify could not write it.
  const json = JSON.stringify({ batch }).replace('"DEEP"', `${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  const answer = await receiver.post('/v1/batch', json, basic(BACKEND_KEY));
  expect(answer.status).toBe(200);
  expect(idsReceived()).toEqual(good.map(({ messageId }) => messageId));
  expect(receiver.rejected.map(({ reason }) => reason)).toEqual(bad.map(([, reason]) => reason));
  expect(receiver.rejected[0]).toMatchObject({ source: 'backend', raw: { userId: 'u1', type: 'track' } });
  expect(() => JSON.stringify(receiver.rejected)).not.toThrow();
  expect(answer.json).toMatchObject({
    success: true,
    results: bad.flatMap(([, reason]) => [{ status: 'accepted' }, { status: 'rejected', reason }]),
  });
  expect(answer.json).not.toHaveProperty('error');
  expect(receiver.told).toContain('accepted backend 11');
  expect(receiver.told).toContain('rejected backend too_deep 1');
});

test('a thousand events that are bad in the same way are one line of the log', async () => {
  const batch = [...Array(1_000).fill({ type: 'track', userId: 'u1' }), 'text', track()];
  await receiver.post('/v1/batch', { batch }, basic(BACKEND_KEY));
  expect(receiver.told).toEqual([
    'accepted backend 1',
    'rejected backend missing_event 1000',
    'rejected backend not_an_object 1',
    'answered /v1/batch 200',
  ]);
});

test('keeps every digit of a number that JavaScript would round', async () => {
  const json = JSON.stringify(track({ properties: { units: 0 } })).replace(
    '"units":0',
    '"units":9007199254740993',
  );
  await receiver.post('/v1/track', json, basic(BACKEND_KEY));
  expect(receiver.received[0]?.event.properties).toEqual({ units: '9007199254740993' });
});

test.each(['', '{', '"text"', '7', 'null', 'data=eyJ9', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])])(
  'answers 400 to what is not JSON, and keeps it where the sender is known: %s',
  async (body) => {
    const answer = await receiver.post('/v1/batch', body, basic(BACKEND_KEY));
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ success: false, code: 'invalid_json' });
    expect(answer.json.error).toBe(answer.json.message);
    const raw = Buffer.isBuffer(body) ? body.toString('base64') : body;
    expect(receiver.rejected).toMatchObject([{ source: 'backend', reason: 'invalid_json', raw }]);
    expect((await receiver.post('/v1/batch', body)).status).toBe(400);
    expect(receiver.rejected).toHaveLength(1);
  },
);

test('personal data of a source with privacy rules is stored nowhere', async () => {
  const personal = {
    context: { ip: '203.0.113.9' },
    traits: { email: 'jane.doe@example.com', phone: '+33612345678' },
  };
  const identify = { ...track(personal), type: 'identify' };
  const batch = [
    identify,
    { ...identify, userId: null },
    'jane.doe@example.com',
    [identify],
    { ...identify, writeKey: 'nobody' },
    { ...identify, traits: JSON.stringify(personal.traits) },
    { ...identify, traits: [['jane.doe@example.com']] },
    ['jane.doe@example.com'],
    { ...identify, context: 'ip=203.0.113.9' },
  ];
  await receiver.post('/v1/batch', { batch }, basic(BROWSER_KEY));
  await receiver.post('/v1/batch', `{"email":"jane.doe@example.com`, basic(BROWSER_KEY));
  expect(receiver.received).toHaveLength(2);
  expect(receiver.rejected).toHaveLength(8);
  const stored = JSON.stringify([receiver.received, receiver.rejected]);
  expect(stored).toContain('j***.d***@example.com');
  expect(stored).not.toMatch(/203\.0\.113\.9|jane|33612345678/);
});

test('integrations switch a directly sent event off where the source has a name for them', async () => {
  const off = track({ integrations: { All: false } });
  const on = track({ integrations: { All: false, Meterbridge: true } });
  expect((await receiver.post('/v1/batch', { batch: [off, on] }, basic(BROWSER_KEY))).text).toBe(
    '{"success":true}',
  );
  expect(idsReceived()).toEqual([on.messageId]);
  expect(receiver.told).toContain('ignored browser 1');
  await receiver.post('/v1/batch', { batch: [off] }, basic(BACKEND_KEY));
  expect(idsReceived()).toEqual([on.messageId, off.messageId]);
});

test('a NaN in one event of four costs that event alone, and its sender is told', async () => {
  const texts = [track(), track(), track(), track()].map((event) => JSON.stringify(event));
  const bad = texts[2]!.replace('{', '{"ratio":NaN,');
  const body = `{"batch":[${[texts[0], texts[1], bad, texts[3]].join(',')}],"writeKey":"${BACKEND_KEY}"}`;
  const answer = await receiver.post('/v1/batch', body);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text).results.map(({ status }: { status: string }) => status)).toEqual([
    'accepted',
    'accepted',
    'rejected',
    'accepted',
  ]);
  expect(receiver.received).toHaveLength(3);
  expect(receiver.rejected).toMatchObject([{ source: 'backend', reason: 'invalid_json', raw: bad }]);
  // The same body again is the same events.
  await receiver.post('/v1/batch', body);
  expect(new Set(idsReceived()).size).toBe(3);
});

test('a byte that is no UTF-8 in one event of three costs that event alone, and is never another character', async () => {
  const [first, second, third] = [track(), track(), track()].map((event) =>
    Buffer.from(JSON.stringify(event)),
  );
  const bad = Buffer.concat([
    Buffer.from('{"name":"caf'),
    Buffer.of(0xe9),
    Buffer.from('",'),
    second!.subarray(1),
  ]);
  const comma = Buffer.from(',');
  const list = [Buffer.from('['), first!, comma, bad, comma, third!, Buffer.from(']')];
  const answer = await receiver.post('/v1/batch', Buffer.concat(list), basic(BACKEND_KEY));
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    results: [{ status: 'accepted' }, { status: 'rejected', reason: 'invalid_json' }, { status: 'accepted' }],
  });
  expect(receiver.received).toHaveLength(2);
  const detail = 'the event is not UTF-8, which JSON is';
  expect(receiver.rejected).toMatchObject([{ source: 'backend', reason: 'invalid_json', detail }]);
  expect(receiver.rejected[0]!.raw).toContain('"caf\\xe9"');
});

test('equal events without an id are as many, and the same when the request comes again', async () => {
  const { messageId: _, ...nameless } = track() as Record<string, unknown>;
  const body = { batch: [nameless, nameless, nameless], sentAt: new Date().toISOString() };
  await receiver.post('/v1/batch', body, basic(BACKEND_KEY));
  await receiver.post('/v1/batch', { ...body, sentAt: new Date().toISOString() }, basic(BACKEND_KEY));
  const ids = idsReceived();
  expect([ids.length, new Set(ids).size]).toEqual([6, 3]);
});
