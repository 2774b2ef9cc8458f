import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';
import { readMonth } from './month.js';
import {
  makeSigningKey,
  readPublicKey,
  readSigned,
  readSigningKey,
  signStatement,
} from './sign-statement.js';
import { type Statement, writeStatement } from './statement.js';

const STATEMENT: Statement = writeStatement({
  destination: 'lago',
  type: 'lago',
  month: readMonth('2026-10')!,
  closedAt: Date.parse('2026-11-03T10:00Z'),
  closedBy: 'finance@host',
  program: '0.2.0',
  totals: {
    codes: [{ code: 'api_call', events: 3, sums: { tokens: '12.5' }, late: 0, duplicates: 1 }],
    unknown: 0,
    filtered: 2,
    rules: ['v1'],
  },
  files: [],
  points: [{ point: 'gaps', ok: false, words: ['one'], waivedBecause: 'known' }],
  waivers: [{ what: 'gaps', of: 'one', because: 'known' }],
  waivedBefore: [],
});

test('canonical JSON is the same for the same value, and is that value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(canonicalJson({ b: 1, a: [undefined, { d: 1, c: undefined }] })).toBe('{"a":[null,{"d":1}],"b":1}');
});

test('a signed statement is what was signed, by the key that signed it', () => {
  const key = makeSigningKey();
  const text = signStatement(STATEMENT, readSigningKey(key.privateKey));
  expect(readSigned(text)).toEqual({ statement: STATEMENT, publicKey: key.publicKey, doubt: null });
  expect(readSigned(text, readPublicKey(key.publicKey)).doubt).toBeNull();
  // Whatever a tool has done to its space and order.
  expect(readSigned(JSON.stringify(JSON.parse(text), null, 2)).doubt).toBeNull();
});

test('another figure, another signature and another key are told', () => {
  const [key, other] = [makeSigningKey(), makeSigningKey()];
  const text = signStatement(STATEMENT, readSigningKey(key.privateKey));
  const doubtOf = (changed: string) => readSigned(changed, readPublicKey(key.publicKey)).doubt;
  expect(doubtOf(text.replace('"events":3', '"events":2'))).toBe('the signature is not of this text');
  expect(doubtOf(text.replace(/"value":"..../, '"value":"AAAA'))).toBe('the signature is not of this text');
  expect(doubtOf(signStatement(STATEMENT, readSigningKey(other.privateKey)))).toBe(
    'it was signed by another key',
  );
});

test.each([
  '',
  'null',
  '{}',
  '{"statement":{},"signature":{"algorithm":"Ed25519","publicKey":"","value":""}}',
])('%j is no statement', (text) => {
  expect(() => readSigned(text)).toThrow('That is no statement');
});

test('a key that is none, or the wrong half, is refused', () => {
  const { privateKey, publicKey } = makeSigningKey();
  expect(() => readSigningKey(publicKey)).toThrow('no private Ed25519 key');
  expect(() => readSigningKey('secret')).toThrow(/^((?!secret).)*$/);
  expect(() => readPublicKey(privateKey)).toThrow('no public Ed25519 key');
});
