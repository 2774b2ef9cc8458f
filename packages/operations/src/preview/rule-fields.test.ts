import { expect, test } from '@jest/globals';
import { pipelineOf } from '../../test/pipeline-of.js';
import { concealedBy, fieldsOf, isConcealed } from './rule-fields.js';

const { destinations } = pipelineOf(`
sources: [{ name: backend, writeKey: wk }]
destinations:
  - name: lago
    type: lago
    apiKey: k
    rules:
      - name: rule
        code: fixed
        subscription: { lookup: customer, customer: { path: [context.groupId, '\\a\\.b'], hash: sha256 } }
        properties: { "*": properties, tokens: properties.tokens }
  - name: hyperline
    type: hyperline
    apiKey: k
    rules:
      - name: users
        customer: userId
        eventType: { value: users }
        record: { work.email: { path: traits.contact.email, mask: true } }
`).pipeline.config;
const [lago, hyperline] = destinations as [(typeof destinations)[0], (typeof destinations)[0]];

test('every value of a rule, where it stands and where it goes', () => {
  const found = fieldsOf(lago.type, lago.rules[0]!).map(({ path, target }) => [
    path.join('.'),
    target.join('.'),
  ]);
  expect(found).toEqual([
    ['subscription.customer', 'external_subscription_id'],
    ['code', 'code'],
    ['properties.*', 'properties.*'],
    ['properties.tokens', 'properties.tokens'],
  ]);
});

test('what a rule hides', () => {
  expect(concealedBy(hyperline.type, hyperline.rules[0]!)).toEqual([
    { target: ['record', 'work.email'], paths: ['traits.contact.email'], how: 'masked' },
  ]);
  expect(concealedBy(lago.type, lago.rules[0]!)).toEqual([
    { target: ['external_subscription_id'], paths: ['context.groupId', '\\a\\.b'], how: 'hashed' },
  ]);
});

test.each([
  ['traits.contact.email', true],
  ['traits.contact', true],
  ['traits', true],
  ['traits.contact.email.domain', true],
  ['traits.contact.name', false],
  ['traits.contact.emails', false],
  ['properties.email', false],
  ['context.groupId', true],
  ['\\a\\.b', true],
  ['a.b', false],
])('whether the value at %s may be shown', (path, hidden) => {
  expect(isConcealed(path, destinations)).toBe(hidden);
});
