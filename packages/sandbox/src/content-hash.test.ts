import { expect, test } from '@jest/globals';
import { hashContent, showHash } from './content-hash.js';

test('the same content has the same hash, however often it is asked', () => {
  const content = ['api_call', { tokens: 5, models: ['a', 'b'], ok: true, none: null }];
  expect(hashContent(content)).toBe(hashContent(structuredClone(content)));
});

test.each([
  ['a value', [{ tokens: 1 }], [{ tokens: 2 }]],
  ['a type', [{ tokens: 1 }], [{ tokens: '1' }]],
  ['a name', [{ a: 1 }], [{ b: 1 }]],
  ['an order', [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
  ['a border between values', ['ab', 'c'], ['a', 'bc']],
  ['a border between objects', [{ a: { b: 1 }, c: 2 }], [{ a: { b: 1, c: 2 } }]],
  ['a large number', [4294967296], [0]],
  ['a fraction', [0.1], [0.2]],
  ['false for null', [{ a: false }], [{ a: null }]],
  ['a nested list', [[1, [2]]], [[1, 2]]],
])('%s that differs shows', (_what, one, other) => {
  expect(hashContent(one)).not.toBe(hashContent(other));
});

test('a hundred thousand neighbours do not collide', () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 100_000; i += 1) hashes.add(hashContent(['api_call', { tokens: i }]));
  expect(hashes.size).toBe(100_000);
});

test('a hash is shown in fourteen hexadecimal digits', () => {
  expect(showHash(hashContent(['x']))).toMatch(/^[0-9a-f]{14}$/);
});
