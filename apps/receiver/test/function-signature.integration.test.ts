import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Source } from '@meterbridge/config';
import { type RunningReceiver, startReceiver, stopReceivers, track } from './running-receiver.js';

const NOW = Date.UTC(2026, 7, 1);
const PATH = '/webhooks/segment/';

const none = { secrets: [], acceptFirstEventSignature: false };
const sources: Source[] = [
  {
    name: 'function',
    writeKeys: [],
    integrationNames: [],
    webhook: { ...none, functionSecrets: ['new', 'old'] },
  },
  {
    name: 'both',
    writeKeys: [],
    integrationNames: [],
    webhook: {
      secrets: ['shared'],
      header: { name: 'X-Token', values: ['token'] },
      acceptFirstEventSignature: false,
      functionSecrets: ['new'],
    },
  },
  {
    name: 'webhook',
    writeKeys: [],
    integrationNames: [],
    webhook: { ...none, secrets: ['shared'] },
  },
];

let receiver: RunningReceiver;
beforeEach(async () => {
  receiver = await startReceiver({ sources, now: () => NOW });
});
afterEach(stopReceivers);

const event = (fields = {}) => track({ timestamp: new Date(NOW).toISOString(), ...fields });
const batch = () => JSON.stringify([event(), event()]);

function sign(body: string, secret = 'new', atMs = NOW): Record<string, string> {
  const t = Math.floor(atMs / 1_000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return { 'x-meterbridge-signature': `t=${t},v1=${v1}` };
}

const bySegment = (body: string) => ({
  'x-signature': createHmac('sha1', 'shared').update(body).digest('hex'),
});

test('a batch whose whole body is signed is taken, with every live secret, compressed or not', async () => {
  const body = batch();
  expect((await receiver.post(`${PATH}function`, body, sign(body))).status).toBe(200);
  expect((await receiver.post(`${PATH}function`, body, sign(body, 'old'))).status).toBe(200);
  const zipped = gzipSync(body);
  const headers = { ...sign(body), 'content-encoding': 'gzip' };
  expect((await receiver.post(`${PATH}function`, zipped, headers)).status).toBe(200);
  expect(receiver.received).toHaveLength(6);
  expect(receiver.received.every(({ source, via }) => source === 'function' && via === 'webhook')).toBe(true);
});

test.each<[string, (body: string) => [string, Record<string, string>], string]>([
  ['no signature', (body) => [body, {}], 'missing'],
  ['another secret', (body) => [body, sign(body, 'guess')], 'wrong'],
  ['a changed body', (body) => [body.replace('API Call', 'API call'), sign(body)], 'wrong'],
  ['an event more', (body) => [`${body.slice(0, -1)},${JSON.stringify(event())}]`, sign(body)], 'wrong'],
  ['a space more', (body) => [`${body} `, sign(body)], 'wrong'],
  ['six minutes ago', (body) => [body, sign(body, 'new', NOW - 360_000)], 'five minutes'],
  ['in six minutes', (body) => [body, sign(body, 'new', NOW + 360_000)], 'five minutes'],
  [
    'Segment’s own signature with its secret',
    (body) => [body, { 'x-signature': createHmac('sha1', 'new').update(body).digest('hex') }],
    'missing',
  ],
])('401: %s', async (_, make, word) => {
  const answer = await receiver.post(`${PATH}function`, ...make(batch()));
  expect(answer).toMatchObject({ status: 401, json: { success: false, code: 'unauthorized' } });
  expect(answer.json.message).toContain(word);
  expect([receiver.received, receiver.rejected]).toEqual([[], []]);
});

test('beside a webhook either proof is enough, but nothing helps a wrong signature', async () => {
  const body = JSON.stringify(event());
  const fromSegment = { ...bySegment(body), 'x-token': 'token' };
  expect((await receiver.post(`${PATH}both`, body, sign(body))).status).toBe(200);
  expect((await receiver.post(`${PATH}both`, body, fromSegment)).status).toBe(200);
  expect((await receiver.post(`${PATH}both`, body, bySegment(body))).status).toBe(401);
  const wrong = { ...fromSegment, ...sign(body, 'guess') };
  expect((await receiver.post(`${PATH}both`, body, wrong)).status).toBe(401);
  expect(receiver.received).toHaveLength(2);
});

test('a source without a function does not believe one', async () => {
  const body = batch();
  expect((await receiver.post(`${PATH}webhook`, body, sign(body, 'shared'))).status).toBe(401);
  expect(receiver.received).toEqual([]);
});
