import { createHmac } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import type { Source } from '@meterbridge/config';
import { basic, startReceiver, stopReceivers, track } from './running-receiver.js';

const HOOK = '/webhooks/segment/';
const ANN = { type: 'delete', messageId: 'd-1', userId: 'ann', context: { ip: '203.0.113.77' } };

const aSource = (name: string, webhook: Partial<Source['webhook']>, forgetsOnCall = true): Source => ({
  name,
  writeKeys: [`wk_${name}`],
  integrationNames: [],
  forgetsOnCall,
  webhook: { secrets: [], acceptFirstEventSignature: false, ...webhook },
});
const sources = [
  aSource('function', { functionSecrets: ['secret'] }),
  aSource('signed', { secrets: ['secret'], acceptFirstEventSignature: true }),
  aSource('header', { header: { name: 'X-Token', values: ['token'] } }),
  aSource('off', { functionSecrets: ['secret'] }, false),
];

afterEach(stopReceivers);

function signWhole(body: string) {
  const t = Math.floor(Date.now() / 1_000);
  const v1 = createHmac('sha256', 'secret').update(`${t}.${body}`).digest('hex');
  return { 'x-meterbridge-signature': `t=${t},v1=${v1}` };
}
const signFirst = (first: unknown) => ({
  'x-signature': createHmac('sha1', 'secret').update(JSON.stringify(first)).digest('hex'),
});

test('a call that a secret of servers proves is taken, beside events, and nothing but its ids is kept', async () => {
  const receiver = await startReceiver({ sources });
  const batch = JSON.stringify([track(), { ...ANN, type: 'suppress', anonymousId: 'a-1' }]);
  const one = JSON.stringify(ANN);
  expect((await receiver.post(`${HOOK}function`, batch, signWhole(batch))).json).toEqual({ success: true });
  expect((await receiver.post(`${HOOK}signed`, one, signFirst(ANN))).status).toBe(200);
  expect((await receiver.post(`${HOOK}header`, one, { 'x-token': 'token' })).status).toBe(200);
  const ids = { userId: 'ann' };
  expect(receiver.deletions).toEqual([
    { source: 'function', messageId: 'd-1', ids: { ...ids, anonymousId: 'a-1' }, refuseLater: true },
    { source: 'signed', messageId: 'd-1', ids, refuseLater: false },
    { source: 'header', messageId: 'd-1', ids, refuseLater: false },
  ]);
  expect([receiver.received.length, receiver.rejected, receiver.notKept]).toEqual([1, [], []]);
  expect(receiver.told).toContain('forget function 1');
});

test('by a write key, unproven in a batch, or where the source does not say so, it is refused as ever', async () => {
  const receiver = await startReceiver({ sources });
  const one = JSON.stringify(ANN);
  const batch = JSON.stringify([track(), ANN]);
  const first = JSON.parse(batch)[0];
  const results = [
    await receiver.post('/v1/batch', { batch: [ANN] }, basic('wk_function')),
    await receiver.post(`${HOOK}signed`, batch, signFirst(first)),
    await receiver.post(`${HOOK}off`, one, signWhole(one)),
  ].map(({ json }) => (json.results as unknown[]).at(-1));
  for (const result of results) {
    expect(result).toEqual({
      status: 'rejected',
      reason: 'unsupported_type',
      message: expect.stringMatching(/meterbridge forget --user.*deleteCalls: forget/),
    });
  }
  expect([receiver.deletions, receiver.rejected.length]).toEqual([[], 3]);
});

test('a call that names nobody is a dead letter', async () => {
  const receiver = await startReceiver({ sources });
  const body = JSON.stringify({ ...ANN, userId: null });
  const { json } = await receiver.post(`${HOOK}function`, body, signWhole(body));
  expect(json.results).toMatchObject([{ reason: 'missing_identity' }]);
  expect([receiver.deletions, receiver.rejected.length]).toEqual([[], 1]);
});

test('one that cannot be written is answered 503, after its neighbours were', async () => {
  const requestForget = async () => {
    throw Object.assign(new Error('away'), { code: 'store_unavailable' });
  };
  const receiver = await startReceiver({ sources, requestForget });
  const body = JSON.stringify([track(), ANN]);
  expect((await receiver.post(`${HOOK}function`, body, signWhole(body))).status).toBe(503);
  expect([receiver.received.length, receiver.told.filter((line) => line.startsWith('forget'))]).toEqual([
    1,
    [],
  ]);
});
