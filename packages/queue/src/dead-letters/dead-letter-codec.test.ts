import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeDeadLetter, inflateDeadLetter } from './dead-letter-codec.js';

const STORED = 'eLstsK/EI1dfhVJtLQA0YxLX';

const letter = {
  rule: 'api-calls',
  source: 'backend',
  event: {
    type: 'track',
    event: 'API Call',
    messageId: 'node-next-1795240000000-9f3c2a51-7136-4d74-8c52-4f0a3b1d2e6c',
    userId: 'user_4711',
    timestamp: '2026-11-01T00:00:00.000Z',
    receivedAt: '2026-11-01T00:00:00.400Z',
    properties: {
      model: 'large',
      subscription_id: 'sub_17',
      region: 'eu-west-1',
      endpoint: '/v1/completions',
    },
    context: { groupId: 'acct_17', library: { name: '@segment/analytics-node', version: '3.1.0' } },
  },
  hour: 498_600,
  reason: 'unmapped',
  tries: {
    attempts: 1,
    lastDetail: 'properties.tokens is missing; a value was expected',
  },
};

test('a letter is read as it was written, whatever it holds', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(inflateDeadLetter(encodeDeadLetter(value))).toBe(JSON.stringify(value));
    }),
  );
  const large = { event: { properties: { text: 'x1y2'.repeat(100_000) } } };
  expect(inflateDeadLetter(encodeDeadLetter(large))).toBe(JSON.stringify(large));
});

// Whoever changes the dictionary makes all that is stored unreadable.
test('what was written with the dictionary once can be read for ever', () => {
  expect(inflateDeadLetter(Buffer.from(STORED, 'base64'))).toBe(
    '{"rule":"","source":"","event":{"type":"track","event":"x"}}',
  );
});

test('most of a letter is in the dictionary', () => {
  expect(encodeDeadLetter(letter).length).toBeLessThan(JSON.stringify(letter).length * 0.4);
});

test('what is damaged is not read', () => {
  const z = encodeDeadLetter(letter);
  z[z.length - 6]! ^= 0x55;
  expect(() => inflateDeadLetter(z)).toThrow();
});
