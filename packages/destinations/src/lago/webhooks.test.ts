import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { LAGO_ORGANIZATION, signLagoWebhook } from '@meterbridge/sandbox';
import fc from 'fast-check';
import type { LagoSettings } from './settings.js';
import { lagoSettingsSchema } from './settings.js';
import { openLagoWebhooks, readLagoWebhook } from './webhooks.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const KEY = 'hmac-key-1234';

const report = (lists: unknown, more = {}) =>
  JSON.stringify({
    webhook_type: 'events.errors',
    object_type: 'events_errors',
    organization_id: LAGO_ORGANIZATION,
    events_errors: lists,
    ...more,
  });
/** As Lago 1.51.0 sent it. */
const RECORDED = report({
  invalid_code: ['m-bad1', 'm-bad2'],
  missing_aggregation_property: ['m-nofield', 'm-comma'],
  missing_group_key: null,
  invalid_filter_values: [],
});

const settings = (more: object): LagoSettings =>
  lagoSettingsSchema.parse({
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: [{ name: 'all', subscription: 'userId' }],
    ...more,
  });
const byKey = openLagoWebhooks(settings({ webhookKey: KEY }))!;
const byJwt = openLagoWebhooks(
  settings({ webhookJwt: { publicKey: PEM, organizationId: LAGO_ORGANIZATION } }),
)!;

test('without a key nothing is taken', () => {
  expect(openLagoWebhooks(settings({}))).toBeNull();
});

test('a signature is base64 of HMAC-SHA256 over the raw body', () => {
  // printf '{"a":1}' | openssl dgst -sha256 -hmac hmac-key-1234 -binary | base64
  const headers = {
    'x-lago-signature': '6xdBahelWj0XPxwSYgBBdILt+94fg5s14KGxUOsWAcg=',
    'x-lago-signature-algorithm': 'hmac',
  };
  expect(byKey.findDoubt(headers, Buffer.from('{"a":1}'))).toBeNull();
  expect(byKey.findDoubt(headers, Buffer.from('{"a":2}'))).toBe('X-Lago-Signature is wrong');
});

describe('a webhook is not believed', () => {
  const good = signLagoWebhook(RECORDED, { hmacKey: KEY });
  const jwt = signLagoWebhook(RECORDED, { privateKey });
  const [, claims, proof] = jwt['x-lago-signature']!.split('.');
  const headed = (head: object) => Buffer.from(JSON.stringify(head)).toString('base64url');
  test.each([
    ['without a signature', byKey, { ...good, 'x-lago-signature': undefined }, /is missing/],
    ['with an empty one', byKey, { ...good, 'x-lago-signature': '' }, /is missing/],
    ['with another key', byKey, signLagoWebhook(RECORDED, { hmacKey: 'other' }), /is wrong/],
    ['in hex', byKey, { ...good, 'x-lago-signature': 'ab'.repeat(32) }, /is wrong/],
    ['of another algorithm than is taken', byJwt, good, /HMAC are not taken/],
    ['of the other one', byKey, jwt, /JWT are not taken/],
    ['by another private key', byJwt, signLagoWebhook(RECORDED, stranger), /is wrong/],
    [
      'by a JWT of no algorithm',
      byJwt,
      { ...jwt, 'x-lago-signature': `${headed({ alg: 'none' })}.${claims}.` },
      /is wrong/,
    ],
    [
      'by a JWT of another algorithm',
      byJwt,
      { ...jwt, 'x-lago-signature': `${headed({ alg: 'HS256' })}.${claims}.${proof}` },
      /is wrong/,
    ],
    ['by half a JWT', byJwt, { ...jwt, 'x-lago-signature': 'a.b' }, /is wrong/],
    ['by a JWT of another body', byJwt, signLagoWebhook(report({}), { privateKey }), /is wrong/],
    ['by text that is no JWT', byJwt, { ...jwt, 'x-lago-signature': '\u0000..' }, /is wrong/],
  ])('%s', (_name, webhooks, headers, doubt) => {
    expect(webhooks.findDoubt(headers, Buffer.from(RECORDED))).toMatch(doubt);
  });

  test('that Lago signs for another organization', () => {
    const other = report({ invalid_code: ['x'] }, { organization_id: 'other' });
    expect(byJwt.findDoubt(signLagoWebhook(other, { privateKey }), Buffer.from(other))).toMatch(
      /another organization/,
    );
  });
});

test('a JWT proves the body, however its writer escapes it', () => {
  const headers = signLagoWebhook(report({ invalid_code: ['<a>'] }), { privateKey });
  const body = report({ invalid_code: ['<a>'] }).replace('<a>', '\\u003ca\\u003e');
  expect(byJwt.findDoubt(headers, Buffer.from(body))).toBeNull();
  expect(byJwt.nameOf(headers)).toBe(headers['x-lago-unique-key']);
});

test.each([
  ['PEM', PEM],
  ["PEM in base64, as Lago's API has it", Buffer.from(PEM).toString('base64')],
  ['DER in base64', publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
])('a public key may be %s', (_name, text) => {
  const webhooks = openLagoWebhooks(
    settings({ webhookJwt: { publicKey: text, organizationId: LAGO_ORGANIZATION } }),
  )!;
  expect(webhooks.findDoubt(signLagoWebhook(RECORDED, { privateKey }), Buffer.from(RECORDED))).toBeNull();
});

test.each(['', 'nope', 'aGVsbG8=', '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----'])(
  'a public key is not %j',
  (text) => {
    const organizationId = LAGO_ORGANIZATION;
    expect(() => settings({ webhookJwt: { publicKey: text, organizationId } })).toThrow(/RSA public key/);
  },
);

test('a report names each event with what Lago does to it', () => {
  const reading = readLagoWebhook(Buffer.from(RECORDED));
  expect(reading).toMatchObject({ ok: true, isReport: true });
  const faults = reading.ok ? reading.faults : [];
  expect(faults.map(({ kind, usageId }) => [kind, usageId])).toEqual([
    ['invalid_code', 'm-bad1'],
    ['invalid_code', 'm-bad2'],
    ['missing_aggregation_property', 'm-nofield'],
    ['missing_aggregation_property', 'm-comma'],
  ]);
  expect(faults[2]!.detail).toContain('custom_agg metric without a field Lago says so always');
});

test('what a newer Lago reports is not passed over', () => {
  const lists = { constructor: ['a'], brand_new: ['b'] };
  expect(readLagoWebhook(Buffer.from(report(lists)))).toMatchObject({
    faults: [
      { kind: 'constructor', detail: 'Lago reports it as constructor' },
      { kind: 'brand_new', usageId: 'b' },
    ],
  });
});

test.each([
  ['no lists', 'nope'],
  ['a list that is none', { invalid_code: 'abc' }],
  ['an id that is no text', { invalid_code: [7] }],
  ['a name that is none', { 'Two Words': ['a'] }],
  ['more lists than anyone has', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, []]))],
])('what cannot be read of a report is a finding itself: %s', (_name, lists) => {
  const reading = readLagoWebhook(Buffer.from(report(lists)));
  expect(reading.ok && reading.faults.at(-1)).toMatchObject({ kind: 'unreadable', usageId: '' });
});

test('other webhooks report nothing, and what is no webhook is told', () => {
  const other = readLagoWebhook(Buffer.from('{"webhook_type":"invoice.created","invoice":{}}'));
  expect(other).toEqual({ ok: true, isReport: false, faults: [] });
  for (const body of ['', '[]', '{}', 'null', '{"webhook_type":7}', '\u0000'])
    expect(readLagoWebhook(Buffer.from(body))).toEqual({ ok: false, problem: 'the body is not a webhook' });
});

test('no body and no signature makes it throw', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.string(),
      fc.constantFrom('hmac', 'jwt', undefined),
      (body, signature, algorithm) => {
        const headers = { 'x-lago-signature': signature, 'x-lago-signature-algorithm': algorithm };
        for (const webhooks of [byKey, byJwt]) {
          expect(webhooks.findDoubt(headers, Buffer.from(body))).not.toBeNull();
          webhooks.read(Buffer.from(body));
          webhooks.read(Buffer.from(`{"webhook_type":"events.errors","events_errors":${body}}`));
        }
      },
    ),
  );
});
