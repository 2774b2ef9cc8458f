import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { runs } from '../test/hostile-json.js';

const crypto = await import('node:crypto');
const timingSafeEqual = jest.fn(crypto.timingSafeEqual);
jest.unstable_mockModule('node:crypto', () => ({ ...crypto, timingSafeEqual }));
const { safeEqual } = await import('./safe-equal.js');

const digest = (text: string) => crypto.createHash('sha256').update(text).digest();

test('compares digests of the whole of both, in constant time, however long or alike they are', () => {
  const text = fc.string({ maxLength: 100 });
  const near = fc.tuple(text, text).map(([secret, more]) => [secret, secret + more] as const);
  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(text, text)), ([a, b]) => {
      timingSafeEqual.mockClear();
      expect(safeEqual(a, b)).toBe(a === b);
      expect(timingSafeEqual.mock.calls).toEqual([[digest(a), digest(b)]]);
    }),
    runs(200),
  );
});
