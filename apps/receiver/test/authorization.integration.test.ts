import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BACKEND_KEY,
  BROWSER_KEY,
  basic,
  type RunningReceiver,
  request,
  sources,
  startReceiver,
  stopReceivers,
  track,
} from './running-receiver.js';

let receiver: RunningReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(stopReceivers);

const base64 = (text: string) => Buffer.from(text).toString('base64');
const otherCase = base64(`${BACKEND_KEY}:`).replace(/[a-z]/gi, (letter) =>
  letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
);
const unauthorized = { success: false, code: 'unauthorized' };

describe('a write key', () => {
  test.each<[string, Record<string, string>, Record<string, unknown>]>([
    ['in Basic', basic(BACKEND_KEY), {}],
    [
      'in Basic without a colon',
      { authorization: `Basic ${Buffer.from(BACKEND_KEY).toString('base64')}` },
      {},
    ],
    [
      'in Basic with the scheme in small letters',
      { authorization: basic(BACKEND_KEY).authorization!.replace('B', 'b') },
      {},
    ],
    ['in Bearer', { authorization: `Bearer ${BACKEND_KEY}` }, {}],
    ['in the body', {}, { writeKey: BACKEND_KEY }],
    [
      'in the body beside an OAuth token',
      { authorization: 'Bearer some.oauth.token' },
      { writeKey: BACKEND_KEY },
    ],
    ['that comes next', basic('wk_backend_next'), {}],
    ['in the header, whatever the body says', basic(BACKEND_KEY), { writeKey: 'id:***' }],
  ])('%s is known', async (_name, headers, fields) => {
    expect((await receiver.post('/v1/batch', { batch: [track()], ...fields }, headers)).status).toBe(200);
    expect((await receiver.post('/v1/track', track(fields), headers)).status).toBe(200);
    expect(receiver.received.map(({ source }) => source)).toEqual(['backend', 'backend']);
    expect(JSON.stringify(receiver.received)).not.toContain('writeKey');
  });

  test.each<[string, Record<string, string>, Record<string, unknown>]>([
    ['none', {}, {}],
    ['an empty one', basic(''), { writeKey: '' }],
    ['one letter less', basic(BACKEND_KEY.slice(0, -1)), {}],
    ['one letter more', basic(`${BACKEND_KEY}x`), {}],
    ['one letter else', basic(`${BACKEND_KEY.slice(0, -1)}x`), {}],
    ['in capitals', basic(BACKEND_KEY.toUpperCase()), {}],
    ['with a space', {}, { writeKey: ` ${BACKEND_KEY}` }],
    ['as a list', {}, { writeKey: [BACKEND_KEY] }],
    ['as the password', { authorization: `Basic ${Buffer.from(`:${BACKEND_KEY}`).toString('base64')}` }, {}],
    ['in another scheme', { authorization: `Digest ${BACKEND_KEY}` }, {}],
    ['without a scheme', { authorization: BACKEND_KEY }, {}],
    ['in base64, as the token', { authorization: `Bearer ${base64(BACKEND_KEY)}` }, {}],
    ['in base64 twice', { authorization: `Basic ${base64(base64(`${BACKEND_KEY}:`))}` }, {}],
    ['in base64 whose letters are of the other case', { authorization: `Basic ${otherCase}` }, {}],
    ['in base64, in the body', {}, { writeKey: base64(BACKEND_KEY) }],
    ['as plain text where base64 belongs', { authorization: `Basic ${BACKEND_KEY}` }, {}],
    ['with a NUL behind it', basic(`${BACKEND_KEY}\u0000`), { writeKey: `${BACKEND_KEY}\u0000` }],
    ['with its first letter alone', basic('w'), { writeKey: 'w' }],
    ['with nothing behind the scheme', { authorization: 'Bearer' }, { writeKey: null }],
  ])('that is wrong is refused: %s', async (_name, headers, fields) => {
    const answer = await receiver.post('/v1/batch', { batch: [track()], ...fields }, headers);
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject(unauthorized);
    expect(answer.text).not.toContain(BACKEND_KEY);
    expect(receiver.received).toEqual([]);
    expect(receiver.rejected).toEqual([]);
  });

  test('of each event decides whose it is, and an unknown one costs its own event only', async () => {
    const events = [BACKEND_KEY, BROWSER_KEY, 'nobody', undefined].map((writeKey) => track({ writeKey }));
    const answer = await receiver.post('/v1/batch', { batch: events });
    expect(answer.status).toBe(200);
    expect(receiver.received.map(({ source, event }) => [source, event.messageId])).toEqual([
      ['backend', events[0]!.messageId],
      ['browser', events[1]!.messageId],
    ]);
    expect(receiver.rejected.map(({ source, reason }) => [source, reason])).toEqual([
      ['backend', 'unknown_write_key'],
      ['backend', 'unknown_write_key'],
    ]);
    expect(JSON.stringify(receiver.rejected)).not.toContain('nobody');
  });

  test('of the header stands for events that name none, or an unknown one', async () => {
    const batch = [track(), track({ writeKey: BROWSER_KEY }), track({ writeKey: 'nobody' })];
    await receiver.post('/v1/batch', { batch, writeKey: BROWSER_KEY }, basic(BACKEND_KEY));
    expect(receiver.received.map(({ source }) => source)).toEqual(['backend', 'browser', 'backend']);
    expect(receiver.rejected).toEqual([]);
    expect(JSON.stringify(receiver.received)).not.toContain('nobody');
  });

  test('vouches for no event that names an unknown one, where its source says so', async () => {
    const strict = sources.map((source) => ({ ...source, refuseUnknownWriteKeys: true }));
    const own = await startReceiver({ sources: strict });
    const batch = [track(), track({ writeKey: BROWSER_KEY }), track({ writeKey: 'nobody' })];
    await own.post('/v1/batch', { batch }, basic(BACKEND_KEY));
    expect(own.received.map(({ source }) => source)).toEqual(['backend', 'browser']);
    expect(own.rejected).toMatchObject([{ source: 'backend', reason: 'unknown_write_key' }]);
  });

  test('belongs to one source', async () => {
    const twin = { writeKeys: ['same'], integrationNames: [] };
    const sources = [
      { name: 'a', ...twin },
      { name: 'b', ...twin },
    ];
    await expect(startReceiver({ sources })).rejects.toThrow('sources a and b share a write key');
  });
});

describe('a webhook', () => {
  const sign = (content: unknown, secret = 'secret') => ({
    'x-signature': createHmac('sha1', secret).update(JSON.stringify(content)).digest('hex'),
  });
  const first = track();
  const batch = [first, track()];
  const wrapped = batch.map((json) => ({ json }));
  const forged = [first, track({ userId: 'forged' })];
  const token = { 'x-webhook-token': 'token_next' };

  test.each<[string, string, unknown, Record<string, string>]>([
    ['one signed event', 'backend', first, sign(first)],
    ['the secret that comes next', 'backend', first, sign(first, 'secret_next')],
    ['a batch signed as a whole', 'backend', batch, sign(batch)],
    ['a batch of one', 'backend', [first], sign(first)],
    ['a batch signed by its first event, accepted by name', 'lenient', batch, sign(first)],
    ['an extensible batch, accepted by name', 'lenient', wrapped, sign(first)],
    [
      'a batch signed by its first event beside the secret header',
      'two-factor',
      batch,
      { ...sign(first), ...token },
    ],
  ])('is believed: %s', async (_name, source, body, headers) => {
    const answer = await receiver.post(`/webhooks/segment/${source}`, body, headers);
    expect([answer.status, answer.text]).toEqual([200, '{"success":true}']);
    expect(receiver.received.map(({ via }) => via)).toEqual(Array([body].flat().length).fill('webhook'));
    expect(receiver.received[0]).toMatchObject({ source, event: first });
  });

  test.each<[string, string, unknown, Record<string, string>]>([
    ['no signature', 'backend', first, {}],
    ['another secret', 'backend', first, sign(first, 'wrong')],
    ['a signature of something else', 'backend', first, sign(batch[1])],
    ['a signature cut short', 'backend', first, { 'x-signature': sign(first)['x-signature'].slice(1) }],
    ['a batch signed by its first event', 'backend', batch, sign(first)],
    ['a forged second event', 'backend', forged, sign(first)],
    ['no secret header', 'two-factor', first, sign(first)],
    [
      'a secret header that is nearly right',
      'two-factor',
      first,
      { ...sign(first), 'x-webhook-token': 'toke' },
    ],
    ['a secret header alone', 'two-factor', first, token],
    ...[' ', 'TOKEN_NEXT', 'token_next2', 'token_nexu', 'token,token_next'].map(
      (value): [string, string, unknown, Record<string, string>] => [
        `the secret header ${JSON.stringify(value)}`,
        'two-factor',
        first,
        { ...sign(first), 'x-webhook-token': value },
      ],
    ),
    ['a write key', 'backend', first, basic(BACKEND_KEY)],
  ])('is refused: %s', async (_name, source, body, headers) => {
    const answer = await receiver.post(`/webhooks/segment/${source}`, body, headers);
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject(unauthorized);
    expect(receiver.received).toEqual([]);
  });

  test('may come by PUT and PATCH, with the slash', async () => {
    for (const method of ['PUT', 'PATCH']) {
      const init = { method, body: JSON.stringify(first), headers: sign(first) };
      expect((await request(`${receiver.url}/webhooks/segment/backend/`, init)).status).toBe(200);
    }
  });

  test('is unknown for a source that has none', async () => {
    for (const name of ['browser', 'nobody', '%zz', 'a/b', '', '__proto__', 'constructor']) {
      expect((await receiver.post(`/webhooks/segment/${name}`, first, sign(first))).status).toBe(404);
    }
  });

  test('is not asked for its integrations, since Segment has routed it', async () => {
    const sources = [
      {
        name: 'hook',
        writeKeys: [],
        webhook: { secrets: ['secret'], acceptFirstEventSignature: false },
        integrationNames: ['X'],
      },
    ];
    receiver = await startReceiver({ sources });
    const replayed = track({ integrations: { All: false }, writeKey: 'of the workspace', channel: 'server' });
    expect((await receiver.post('/webhooks/segment/hook', replayed, sign(replayed))).status).toBe(200);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.event).not.toHaveProperty('writeKey');
  });

  test('needs a secret that is not empty', async () => {
    const sources = [
      {
        name: 'hook',
        writeKeys: [],
        webhook: { secrets: [''], acceptFirstEventSignature: true },
        integrationNames: [],
      },
      {
        name: 'none',
        writeKeys: [],
        webhook: { secrets: [], acceptFirstEventSignature: true },
        integrationNames: [],
      },
    ];
    receiver = await startReceiver({ sources });
    expect((await receiver.post('/webhooks/segment/hook', first, sign(first, ''))).status).toBe(401);
    expect((await receiver.post('/webhooks/segment/none', first, sign(first, ''))).status).toBe(401);
  });
});
