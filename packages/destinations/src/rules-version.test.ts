import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { compileDestination, destinationSettingsSchema, kindOf } from './kinds.js';
import { compileEarlierRules, compileVersion, rulesVersion, typeOfVersion } from './rules-version.js';

const event = {
  type: 'track',
  event: 'API Call',
  userId: 'acme',
  messageId: 'm-1',
  timestamp: '2026-10-31T23:59:59.500Z',
  receivedAt: '2026-11-01T00:00:00.000Z',
  properties: { tokens: 12.5, model: 'large', email: 'jane.doe@example.com', big: '12345678901234567890' },
} as unknown as SegmentEvent;

const lago = {
  type: 'lago',
  name: 'lago',
  apiKey: 'key-one',
  rules: [
    {
      name: 'calls',
      when: 'type = "track"',
      code: 'api_call',
      subscription: ['properties.subscription_id', 'userId'],
      properties: {
        '*': 'properties',
        tokens: { path: 'properties.tokens', as: 'number' },
        email: { path: 'properties.email', mask: true },
      },
      transactionIdSuffix: '-calls',
    },
    { name: 'found', subscription: { lookup: 'customer' }, preciseTotalAmountCents: 'properties.tokens' },
  ],
};
const hyperline = {
  type: 'hyperline',
  name: 'hyperline',
  apiKey: 'key-one',
  rules: [
    {
      name: 'usage',
      customer: 'userId',
      eventType: 'event',
      record: { '*': 'properties', email: { path: 'properties.email', hash: 'sha256' } },
    },
  ],
};

const versionOf = (settings: object) => rulesVersion(destinationSettingsSchema.parse(settings));

/** What each rule writes. Of one whose subscription is looked up: with `sub_1`. */
function written(settings: { rules: { name: string }[] }): string[] {
  const map = compileVersion(versionOf(settings).text)!;
  return settings.rules.map(({ name }) => {
    const mapped = map(name, event);
    if (!mapped.ok) return mapped.failure.detail;
    const { key, body } = mapped.usage ?? mapped.pending!.complete('sub_1');
    return `${key} ${body}`;
  });
}

/*
 * Bytes against the version they were written under. Where this fails, what was sent before cannot be sent again as
 * it was: raise MAPPING_REVISION, and put the new names here.
 */
test('under one version the same bytes are written for ever', () => {
  expect([versionOf(lago).version, versionOf(hyperline).version]).toMatchInlineSnapshot(`
[
  "YosDXVxaTgs2aF8kEbMXMT",
  "A_sWpaHyEJBtjYl7Esr_RT",
]
`);
  expect([...written(lago), ...written(hyperline)]).toMatchInlineSnapshot(`
[
  "m-1-calls 1793491199.500 {"transaction_id":"m-1-calls","external_subscription_id":"acme","code":"api_call","timestamp":"1793491199.500","properties":{"model":"large","big":"12345678901234567890","tokens":12.5,"email":"j***.d***@example.com"}}",
  "m-1 1793491199.500 {"transaction_id":"m-1","external_subscription_id":"sub_1","code":"API Call","timestamp":"1793491199.500","precise_total_amount_cents":"12.5","properties":{}}",
  "["API Call","m-1","2026-10-31T23:59:59.500Z"] {"customer_id":"acme","event_type":"API Call","timestamp":"2026-10-31T23:59:59.500Z","record":{"tokens":12.5,"model":"large","big":"12345678901234567890","email":"86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d","id":"m-1"}}",
]
`);
});

test('what is kept maps as the configuration does, and holds no key and no URL', () => {
  const { text } = versionOf(lago);
  const { map } = compileDestination(destinationSettingsSchema.parse(lago));
  expect(compileVersion(text)!('calls', event)).toEqual(map('calls', event));
  expect(text).not.toContain('key-one');
  expect(text).not.toContain('http');
  expect(text).not.toContain('type = ');
});

test.each([
  ['the key', { apiKey: 'another' }],
  ['the limit', { limit: { requestsPerSecond: 1 } }],
  ['the URL', { url: 'https://lago.example' }],
  ['which events a rule takes', { rules: lago.rules.map((rule) => ({ ...rule, when: 'type = "page"' })) }],
])('%s is no part of a version', (_what, change) => {
  expect(versionOf({ ...lago, ...change }).version).toBe(versionOf(lago).version);
});

test.each([
  ['whom it bills', { subscription: 'properties.account' }],
  ['its name', { name: 'renamed' }],
  ['its suffix', { transactionIdSuffix: '-other' }],
  ['the order of what it writes', { properties: { email: 'properties.email', tokens: 'properties.tokens' } }],
])('%s makes another version of a rule', (_what, change) => {
  const [first, ...others] = lago.rules;
  const changed = versionOf({ ...lago, rules: [{ ...first, ...change }, ...others] });
  expect(changed.version).not.toBe(versionOf(lago).version);
});

test.each([
  ['of another revision of the mapping', '{"revision":0,"type":"lago","rules":[]}'],
  ['of a kind that there is not', '{"revision":1,"type":"else","rules":[]}'],
  ['that is damaged', '{"revision":1'],
])('a text %s maps nothing', (_what, text) => {
  expect(compileVersion(text)).toBeNull();
});

test('a version says which API it is of, and what it writes is read back', () => {
  const at = Date.parse(event.timestamp);
  const read = [lago, hyperline].map((settings) => {
    const { text } = versionOf(settings);
    const type = typeOfVersion(text)!;
    const { usage } = compileVersion(text)!(settings.rules[0]!.name, event) as { usage: { body: string } };
    return { type, ...kindOf(type).readUsage(usage.body) };
  });
  expect(read).toEqual([
    { type: 'lago', usageId: 'm-1-calls', owner: 'acme', code: 'api_call', timestamp: at },
    { type: 'hyperline', usageId: 'm-1', owner: 'acme', code: 'API Call', timestamp: at },
  ]);
  for (const text of ['{"revision":1,"type":"else"}', '{"revision":1', 'null', '""', '{}'])
    expect(typeOfVersion(text)).toBeUndefined();
});

test('of kept versions each way of a rule is there once; what cannot be mapped by is left out', () => {
  const [first, second] = lago.rules;
  const versions = [
    lago,
    { ...lago, rules: [first, { ...second, subscription: 'userId' }] },
    { ...lago, rules: [{ ...first, code: 'old_call' }, second] },
  ].map((settings) => versionOf(settings).text);
  const unreadable = ['{"revision":0,"type":"lago","rules":[{"name":"calls"}]}', '{"revision":1'];
  const earlier = compileEarlierRules([...versions, ...unreadable]);
  expect([...earlier.keys()]).toEqual(['calls', 'found']);
  const codes = earlier.get('calls')!.map((map) => {
    const mapped = map('calls', event);
    return mapped.ok && JSON.parse(mapped.usage!.body).code;
  });
  expect(codes).toEqual(['api_call', 'old_call']);
  const [looksUp, names] = earlier.get('found')!.map((map) => map('found', event));
  expect(looksUp).toMatchObject({ ok: true, pending: { customer: 'acme' } });
  expect(names).toMatchObject({ ok: true, usage: { recordIdentity: 'm-1' } });
});
