import { expect, test } from '@jest/globals';
import { deadDelivery } from '../../test/letters.js';
import { pipelineOf } from '../../test/pipeline-of.js';
import { compileCustomerOf } from './customer-of.js';
import type { LetterEntry } from './letter.js';
import { compileMapNow, mappedThen } from './map-now.js';

const FILE = `
sources: [{ name: web, writeKey: a-write-key }]
destinations:
  - name: lago
    type: lago
    apiKey: a-key
    rules:
      - { name: calls, when: event = "API Call", code: api_call, subscription: [properties.subscription_id] }
      - { name: logins, when: event = "Login", code: login, subscription: { path: userId, hash: sha256 } }
  - name: asking
    type: lago
    apiKey: another-key
    rules:
      - { name: calls, code: api_call, subscription: { lookup: customer, customer: context.groupId } }
`;
const { config } = pipelineOf(FILE).pipeline;
const mapNow = compileMapNow(config);
const customerOf = compileCustomerOf(config.destinations);

const EVENT = {
  ...{ type: 'track', event: 'API Call', messageId: 'm-1', userId: 'ann' },
  ...{ timestamp: '2026-11-21T14:25:00.500Z', receivedAt: '2026-11-21T14:25:01.000Z' },
  context: { groupId: 'acct' },
};

const aLetter = (of: object, destination?: string) => deadDelivery({ event: EVENT, ...of }, destination);

const inSub = { ...EVENT, properties: { subscription_id: 'sub' } };
const login = { ...EVENT, event: 'Login' };

test.each<[string, LetterEntry, object]>([
  [
    'by its rule, as long as there is one',
    aLetter({ event: inSub }),
    { will: 'go', mapped: [{ destination: 'lago', rule: 'calls', as: 'usage' }] },
  ],
  [
    'by whichever takes it, where its rule is gone',
    aLetter({ event: login, rule: 'gone' }),
    { will: 'go', mapped: [{ rule: 'logins', as: 'usage' }] },
  ],
  [
    'by none',
    aLetter({ event: { ...EVENT, event: 'Other' }, rule: 'gone' }),
    { will: 'stay', why: 'taken by no rule' },
  ],
  [
    'to nothing',
    aLetter({}),
    { mapped: [{ as: 'nothing', why: expect.stringContaining('properties.subscription_id') }] },
  ],
  ['not at all, a poison', aLetter({ event: inSub, reason: 'poison' }), { will: 'stay' }],
  ['nor what nobody delivers', aLetter({}, 'elsewhere'), { will: 'stay' }],
])('maps %s', (_name, entry, now) => {
  expect(mapNow(entry)).toMatchObject(now);
});

test('what may have arrived goes by the rules of then, unless it is mapped anew by name', () => {
  const sent = aLetter({ event: inSub, sentUnder: 'a version that is not kept' });
  expect(mapNow(sent)).toMatchObject({ will: 'stay', why: 'sent under rules that are not kept' });
  const anew = compileMapNow(config, new Map(), { remapSent: true });
  expect(anew(sent)).toMatchObject({ will: 'go', mapped: [{ rule: 'calls', as: 'usage' }] });
});

test('a subscription that is looked up is the one that was found for this customer, or named by whose it is', () => {
  const body = (resolved?: object) => {
    const now = mapNow(aLetter({ event: inSub, resolved }, 'asking'));
    return JSON.stringify(now);
  };
  expect(body()).toContain('<subscription of customer acct>');
  expect(body({ customer: 'acct', subscription: 'sub-9' })).toContain('sub-9');
  expect(body({ customer: 'another', subscription: 'sub-9' })).not.toContain('sub-9');
});

test.each<[string, LetterEntry, object]>([
  ['what was sent', aLetter({ usage: { body: '{"a":1}', characters: 7 } }), { body: '{"a":1}' }],
  [
    'what was cut',
    aLetter({ usage: { body: '{"a"', characters: 40_000 } }),
    { why: '40,000 characters, of which the first 4 are kept: {"a"' },
  ],
  ['nothing', aLetter({ reason: 'unmapped' }), { why: 'nothing: words' }],
  ['nothing of a poison', aLetter({ reason: 'poison' }), { why: 'not kept: a poison is not mapped again' }],
  [
    'nothing where its customer was looked up in vain',
    aLetter({}),
    { why: 'nothing: it died before it was mapped' },
  ],
])('knows of when it died: %s', (_name, entry, then) => {
  expect(mappedThen(entry)).toEqual(then);
});

test.each<[string, LetterEntry, unknown]>([
  ['its rule bills', aLetter({ event: inSub }), 'sub'],
  ['its rule looks up', aLetter({ event: inSub }, 'asking'), 'acct'],
  [
    'is sent, hashed',
    aLetter({ event: login, rule: 'logins' }),
    expect.stringMatching(/^[0-9a-f]{64}$/) as never,
  ],
  ['the event names, where its rule finds nobody', aLetter({}), 'acct'],
  ['the event names, where its rule is gone', aLetter({ event: inSub, rule: 'gone' }), 'acct'],
  ['nobody', aLetter({ event: { ...EVENT, userId: '', context: {} } }), undefined],
])('its customer is whom %s', (_name, entry, customer) => {
  expect(customerOf(entry)).toEqual(customer);
});
