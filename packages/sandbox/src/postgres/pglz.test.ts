import { expect, test } from '@jest/globals';
import { createRandom } from '../random.js';
import { measurePglz } from './pglz.js';

const random = createRandom(1);

/** Postgres' own sizes: `pg_column_size` of the text in a compressed column, less eight bytes of header. */
test.each<[string, string, number | undefined]>([
  ['one letter a million times', 'z'.repeat(100_000), 1_148],
  ['repeated English', 'The quick brown fox jumps over the lazy dog. '.repeat(100), 104],
  ['numbered keys', Array.from({ length: 600 }, (_item, i) => `key_${i}`).join(','), 1_888],
  ['bytes above 127', 'é'.repeat(3_000), 71],
  [
    'digits without a pattern',
    Array.from({ length: 900 }, (_item, i) => (i * i * 7919) % 9973).join(' '),
    undefined,
  ],
  ['what is too short', 'z'.repeat(31), undefined],
  [
    'random characters',
    Array.from({ length: 3_000 }, () => random().toString(36).charAt(5)).join(''),
    undefined,
  ],
])('%s', (_what, text, size) => {
  expect(measurePglz(Buffer.from(text))).toBe(size);
});
