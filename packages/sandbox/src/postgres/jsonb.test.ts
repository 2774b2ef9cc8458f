import { expect, test } from '@jest/globals';
import { encodeJsonb } from './jsonb.js';

/** What `pg_column_size` says of each, less the four bytes of length. */
test.each<[string, number]>([
  ['{}', 4],
  ['{"a":0}', 22],
  ['{"a":1}', 24],
  ['{"a":12345678.25}', 28],
  ['{"a":-0.00000015}', 24],
  ['{"a":1e100}', 24],
  ['{"a":1e300}', 26],
  ['{"a":1e-70}', 26],
  ['{"long":"x","b":true,"c":null}', 35],
  ['{"a":[1,"x",{"b":[]}]}', 64],
  ['{"é":"😀"}', 18],
])('%s takes %d bytes', (json, bytes) => {
  expect(encodeJsonb(JSON.parse(json)).length).toBe(bytes);
});

test('keys come by length and then by byte, before the values', () => {
  const bytes = Buffer.from(encodeJsonb({ bb: 'x', b: 'y', a: 'z' }));
  expect(bytes.subarray(4 + 6 * 4).toString()).toBe('abbbzyx');
});

test('a value that outgrows the first page of memory is whole', () => {
  const text = 'é'.repeat(2000);
  const bytes = Buffer.from(encodeJsonb({ a: text, b: [text] }));
  expect(bytes.toString().split(text)).toHaveLength(3);
});
