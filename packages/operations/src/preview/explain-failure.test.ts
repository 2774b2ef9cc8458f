import { expect, test } from '@jest/globals';
import { compileDestination } from '@meterbridge/destinations';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { pipelineOf } from '../../test/pipeline-of.js';
import { explainFailure } from './explain-failure.js';

const { config } = pipelineOf(`
sources: [{ name: backend, writeKey: wk }]
destinations:
  - name: lago
    type: lago
    apiKey: k
    rules:
      - name: rule
        code: { path: properties.code }
        subscription: [properties.subscription, userId]
        properties: { "*": properties.all, named: properties.named, typed: { path: properties.typed, as: boolean, default: false } }
        preciseTotalAmountCents: properties.cents
  - name: hyperline
    type: hyperline
    apiKey: k
    rules:
      - name: rule
        customer: userId
        eventType: { value: fixed }
        record: { "*": properties, id: properties.id, list: properties.list }
        uniqueIds: true
`).pipeline;

const BASE = {
  type: 'track',
  event: 'A',
  messageId: 'm',
  timestamp: '2026-01-31T12:00:00.000Z',
  userId: 'u',
};

function explain(destination: number, properties: object, change: object = {}) {
  const settings = config.destinations[destination]!;
  const event = { ...BASE, ...change, properties } as unknown as SegmentEvent;
  const found = explainFailure(settings, settings.rules[0]!, event);
  // Never another word than the worker's own.
  const mapped = compileDestination(settings).map('rule', event);
  expect(found.length === 0).toBe(mapped.ok);
  if (!mapped.ok) {
    expect(found).toContainEqual(expect.objectContaining({ detail: mapped.failure.detail }));
  }
  return found.map(({ field, code }) => `${field.join('.')} ${code}`);
}

const GOOD = { code: 'c', named: 1, cents: '1.5', id: 'x' };
const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`p${n}`, n]));

test.each<[string, object, object, string[]]>([
  ['all is well', GOOD, {}, []],
  [
    'nothing is there',
    {},
    { userId: undefined },
    [
      'subscription missing_value',
      'code missing_value',
      'preciseTotalAmountCents missing_value',
      'properties.named missing_value',
    ],
  ],
  [
    'a wrong type',
    { ...GOOD, typed: 'yes', cents: '1,5' },
    {},
    ['preciseTotalAmountCents wrong_type', 'properties.typed wrong_type'],
  ],
  ['a list', { ...GOOD, named: [1] }, {}, ['properties.named wrong_type']],
  ['what is named hides what it stands beside', { ...GOOD, all: { named: 2 ** 60 } }, {}, []],
  [
    'what is not named does not',
    { ...GOOD, all: { other: 2 ** 60 } },
    {},
    ['properties.* unsupported_value'],
  ],
  ['no object to take all of', { ...GOOD, all: 'text' }, {}, ['properties.* wrong_type']],
  ['half a character', { ...GOOD, named: '\ud800' }, {}, ['properties.named unsupported_value']],
])('Lago: %s', (_, properties, change, found) => {
  expect(explain(0, properties, change)).toEqual(found);
});

test.each<[string, object, object, string[]]>([
  ['all is well', { id: 'x', list: ['a', 1] }, {}, []],
  ['what need not be there', { id: 'x' }, {}, []],
  [
    'an id of another type, and nobody',
    { id: [] },
    { userId: undefined },
    ['customer missing_value', 'record.id wrong_type'],
  ],
  ['too many', { ...many, id: 'x' }, {}, ['record.* too_many_properties']],
  ['a list of objects that is named', { id: 'x', list: [{}] }, {}, ['record.list wrong_type']],
])('Hyperline: %s', (_, properties, change, found) => {
  expect(explain(1, properties, change)).toEqual(found);
});
