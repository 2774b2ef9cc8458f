import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import {
  type DestinationSettings,
  destinationSettingsSchema,
  type ReportedFault,
} from '@meterbridge/destinations';
import { LAGO_ORGANIZATION, signLagoWebhook } from '@meterbridge/sandbox';
import type { IntakeDeps } from '../src/ports.js';
import { openWebhooks } from '../src/webhooks/destination-webhooks.js';
import { request, startReceiver, stopReceivers } from './running-receiver.js';

const KEY = 'hmac-key-of-the-organization';
const HOOK = '/v1/lago/billing/webhooks';

afterEach(stopReceivers);

const destination = (more: object): DestinationSettings =>
  destinationSettingsSchema.parse({
    type: 'lago',
    apiKey: 'k',
    rules: [{ name: 'all', subscription: 'userId' }],
    ...more,
  });
const findWebhooks = openWebhooks([
  destination({ name: 'billing', webhookKey: KEY }),
  destination({ name: 'silent' }),
]);

const report = (lists: object) => JSON.stringify({ webhook_type: 'events.errors', events_errors: lists });
const sign = (body: string, uniqueKey?: string) => signLagoWebhook(body, { hmacKey: KEY }, uniqueKey);

type Kept = { destination: string; report: string; faults: readonly ReportedFault[] };

async function start(overrides: Partial<IntakeDeps> = {}) {
  const kept: Kept[] = [];
  const keepReport: IntakeDeps['keepReport'] = async (name, report, faults) => {
    kept.push({ destination: name, report, faults });
    return { added: faults.length, notKept: 0 };
  };
  const receiver = await startReceiver({ findWebhooks, keepReport, ...overrides });
  return { ...receiver, kept };
}

test('what a signed webhook reports is kept before it is answered', async () => {
  const receiver = await start();
  const body = report({ invalid_code: ['a', 'b'], missing_group_key: null });
  const { status, json } = await receiver.post(HOOK, body, sign(body));
  expect([status, json]).toEqual([200, { success: true }]);
  const [{ faults, ...one }] = receiver.kept as [Kept];
  expect(one).toEqual({ destination: 'billing', report: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(faults.map(({ kind, usageId }) => [kind, usageId])).toEqual([
    ['invalid_code', 'a'],
    ['invalid_code', 'b'],
  ]);
  expect(receiver.told).toEqual(['webhook billing kept', 'answered /v1/:type/:destination/webhooks 200']);
  expect(receiver.received).toEqual([]);
});

test('the same again has the same name; another body or another unique key has not', async () => {
  const receiver = await start();
  const [one, other] = [report({ invalid_code: ['a'] }), report({ invalid_code: ['b'] })];
  await receiver.post(HOOK, one, sign(one, 'k1'));
  await receiver.post(HOOK, one, sign(one, 'k1'));
  await receiver.post(HOOK, one, sign(one, 'k2'));
  await receiver.post(HOOK, other, sign(other, 'k1'));
  const [first, again, ...others] = receiver.kept.map(({ report: name }) => name);
  expect(again).toBe(first);
  expect(new Set([first, ...others]).size).toBe(3);
});

test('one with a wrong signature or none is answered 401, and nothing of it is kept', async () => {
  const receiver = await start();
  const body = report({ invalid_code: ['secret-id'] });
  const wrong = signLagoWebhook(body, { hmacKey: 'other' });
  const altered = `${body} `;
  for (const [sent, headers] of [
    [body, wrong],
    [body, {}],
    [altered, sign(body)],
    ['', sign(body)],
  ] as const) {
    const { status, json, text } = await receiver.post(HOOK, sent, headers);
    expect([status, json.code]).toEqual([401, 'unauthorized']);
    expect(text).not.toContain('secret-id');
  }
  expect(receiver.kept).toEqual([]);
  expect(receiver.told.filter((line) => line.includes('refused'))).toEqual([
    'webhook billing refused X-Lago-Signature is wrong',
    'webhook billing refused X-Lago-Signature is missing',
    'webhook billing refused X-Lago-Signature is wrong',
    'webhook billing refused X-Lago-Signature is wrong',
  ]);
});

test.each(['/v1/lago/silent/webhooks', '/v1/lago/nobody/webhooks', '/v1/hyperline/billing/webhooks'])(
  'without a key the route is none: %s',
  async (path) => {
    const receiver = await start();
    const body = report({ invalid_code: ['a'] });
    expect(await receiver.post(path, body, sign(body))).toMatchObject({
      status: 404,
      json: { code: 'no_webhooks', message: 'no destination of this name has a key for webhooks' },
    });
    expect(receiver.told.filter((line) => line.startsWith('webhook'))).toEqual([]);
  },
);

test('other webhooks are taken and kept nowhere; what is none is refused', async () => {
  const receiver = await start();
  const other = '{"webhook_type":"invoice.created","invoice":{}}';
  expect((await receiver.post(HOOK, other, sign(other))).status).toBe(200);
  expect((await receiver.post(HOOK, '[]', sign('[]'))).status).toBe(400);
  expect(receiver.kept).toEqual([]);
  expect(receiver.told.filter((line) => line.startsWith('webhook'))).toEqual([
    'webhook billing ignored',
    'webhook billing unreadable the body is not a webhook',
  ]);
});

test.each([
  ['store_unavailable', 503],
  ['store_full', 429],
])('where Redis takes nothing (%s) its sender is told %d, and comes again', async (code, status) => {
  const keepReport = () => Promise.reject(Object.assign(new Error('no'), { code }));
  const receiver = await start({ keepReport });
  const body = report({ invalid_code: ['a'] });
  const answered = await receiver.post(HOOK, body, sign(body));
  expect(answered.status).toBe(status);
  expect(answered.headers.get('retry-after')).toBe('1');
});

test('a JWT repeats the body in a header, which is bounded: a long report does not get in', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const webhookJwt = {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    organizationId: LAGO_ORGANIZATION,
  };
  const receiver = await start({
    findWebhooks: openWebhooks([destination({ name: 'billing', webhookJwt })]),
  });
  const send = (events: number) => {
    const ids = Array.from({ length: events }, () => randomUUID());
    const body = JSON.stringify({
      ...JSON.parse(report({ invalid_code: ids })),
      organization_id: LAGO_ORGANIZATION,
    });
    return receiver.post(HOOK, body, signLagoWebhook(body, { privateKey }));
  };
  expect((await send(250)).status).toBe(200);
  expect(receiver.kept[0]!.faults).toHaveLength(250);
  expect((await send(1_000)).status).toBe(431);
});

test('the route takes POST alone, and a body up to its bound', async () => {
  const receiver = await start();
  const got = await request(receiver.url + HOOK, { method: 'GET' });
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  const large = report({ invalid_code: Array.from({ length: 5_000 }, (_, i) => `a-longer-id-${i}`) });
  expect((await receiver.post(HOOK, large, sign(large))).status).toBe(200);
  expect(receiver.kept[0]!.faults).toHaveLength(5_000);
  const larger = report({ invalid_code: ['x'.repeat(200_000)] });
  expect((await receiver.post(HOOK, larger, sign(larger))).status).toBe(413);
});
