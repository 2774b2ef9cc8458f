import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Source } from '@meterbridge/config';
import fc from 'fast-check';
import { anyCharacter } from '../../../../packages/segment-events/test/any-character.js';
import { runs } from '../../../../packages/segment-events/test/hostile-json.js';

const crypto = await import('node:crypto');
const hash = jest.fn(crypto.hash);
const timingSafeEqual = jest.fn(crypto.timingSafeEqual);
jest.unstable_mockModule('node:crypto', () => ({ ...crypto, hash, timingSafeEqual }));
const { indexWriteKeys, readAuthorization } = await import('./write-keys.js');

afterEach(() => {
  hash.mockClear();
  timingSafeEqual.mockClear();
});

const source = (name: string, ...writeKeys: string[]): Source => ({
  name,
  writeKeys,
  integrationNames: [],
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What a key may be mistaken for. */
function nearMisses(key: string): string[] {
  const shifted = String.fromCharCode(key.charCodeAt(0) ^ 1) + key.slice(1);
  return [
    ...['', key.slice(0, -1), key.slice(1), `${key}x`, ` ${key}`, `${key}\u0000`, `${key}:`, shifted],
    ...[key.toUpperCase(), key.toLowerCase(), [...key].reverse().join(''), key + key],
    ...[base64(key), base64(`${key}:`), encodeURIComponent(key), JSON.stringify(key)],
  ].filter((near) => near !== key);
}

const anyKey = fc.string({ minLength: 1, maxLength: 40 });

describe('a write key', () => {
  test('is known as it is, and nothing that is nearly it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { minLength: 2, maxLength: 6 }), fc.string(), (keys, guess) => {
        const [first, ...others] = keys;
        const find = indexWriteKeys([source('one', first!), source('two', ...others)]);
        // Twice, since what proved right once takes a shorter way.
        for (let round = 0; round < 2; round++) {
          for (const key of keys) {
            expect(find(key)?.name).toBe(key === first ? 'one' : 'two');
            for (const near of [...nearMisses(key), guess]) {
              if (!keys.includes(near)) expect(find(near)).toBeUndefined();
            }
          }
        }
      }),
      runs(200),
    );
  });

  test('is compared by its digest, so that no time tells how far a guess agrees with it', () => {
    const find = indexWriteKeys([source('one', 'wk_secret'), source('two', 'wk_other')]);
    expect(find('wk_secret')?.name).toBe('one');
    expect(timingSafeEqual).toHaveBeenCalledTimes(1);
    for (const part of timingSafeEqual.mock.calls[0]!) {
      expect(part).toEqual(crypto.createHash('sha256').update('wk_secret').digest());
    }
    for (const near of nearMisses('wk_secret')) {
      hash.mockClear();
      find(near);
      // The whole guess is digested, whatever it begins with, and found by nothing else.
      expect(hash.mock.calls).toEqual([['sha256', near, 'buffer']]);
    }
    expect(timingSafeEqual).toHaveBeenCalledTimes(1);
  });
});

describe('an Authorization header', () => {
  test('of any text is a key or none', () => {
    const scheme = fc.constantFrom('Basic ', 'Bearer ', 'basic  ', 'Basic', '');
    fc.assert(
      fc.property(scheme, fc.string({ unit: anyCharacter }), (before, credentials) => {
        const key = readAuthorization(before + credentials);
        expect(key === undefined || key.length > 0).toBe(true);
      }),
      runs(300),
    );
  });

  test('carries the very key it was made of', () => {
    const key = anyKey.filter((text) => !text.includes(':'));
    fc.assert(
      fc.property(key, fc.string(), (writeKey, password) => {
        expect(readAuthorization(`Basic ${base64(`${writeKey}:${password}`)}`)).toBe(writeKey);
      }),
      runs(300),
    );
  });
});
