import { createHmac, createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { call, start } from './fixture.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** What comes to a server of one's own. */
async function listen() {
  const taken: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => (body += chunk));
    req.on('end', () => {
      taken.push({ headers: req.headers, body });
      res.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, taken };
}

const lago = {
  knownSubscriptions: ['sub'],
  metrics: {
    tokens: { aggregation: 'sum_agg', field: 'tokens' },
    own: { aggregation: 'custom_agg' },
  },
} as const;

test('the hourly webhook names what is not billed, and custom aggregations in any case', async () => {
  const sandbox = await start({ lago });
  const event = (id: string, code: string, properties = {}, subscription = 'sub') => ({
    transaction_id: id,
    external_subscription_id: subscription,
    code,
    timestamp: Math.floor(Date.now() / 1_000),
    properties,
  });
  const events = [
    event('good', 'tokens', { tokens: '5' }),
    event('no-code', 'nope'),
    event('no-field', 'tokens'),
    event('comma', 'tokens', { tokens: '1,000' }),
    event('false-alarm', 'own'),
    event('no-subscription', 'tokens', { tokens: 1 }, 'other'),
  ];
  await call('POST', `${sandbox.lago.url}/api/v1/events/batch`, { events });
  const { url, taken } = await listen();
  expect(await sandbox.lago.sendEventsErrors({ url, signing: { hmacKey: 'k' }, uniqueKey: 'one' })).toBe(202);
  const [{ headers, body }] = taken as [(typeof taken)[0]];
  expect(JSON.parse(body)).toMatchObject({
    webhook_type: 'events.errors',
    object_type: 'events_errors',
    events_errors: {
      invalid_code: ['no-code'],
      missing_aggregation_property: ['no-field', 'comma', 'false-alarm'],
      missing_group_key: null,
      invalid_filter_values: [],
    },
  });
  expect(headers).toMatchObject({
    'x-lago-signature-algorithm': 'hmac',
    'x-lago-unique-key': 'one',
    'x-lago-signature': createHmac('sha256', 'k').update(body).digest('base64'),
  });
});

test('signed by JWT, its claims hold the body', async () => {
  const sandbox = await start({ lago });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const { url, taken } = await listen();
  await sandbox.lago.sendEventsErrors({ url, signing: { privateKey } });
  const [{ headers, body }] = taken as [(typeof taken)[0]];
  const [head, claims, proof] = String(headers['x-lago-signature']).split('.');
  const verifier = createVerify('RSA-SHA256').update(`${head}.${claims}`);
  expect(
    verifier.verify(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), proof!, 'base64url'),
  ).toBe(true);
  expect(JSON.parse(Buffer.from(claims!, 'base64url').toString()).data).toBe(body);
});
