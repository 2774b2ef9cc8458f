import { describe, expect, test } from '@jest/globals';
import { hashValue, hashWithKey, maskValue } from './mask-value.js';
import { compilePrivacy, findPrivacyPathProblem } from './privacy.js';
import { toStorable } from './refused-event.js';

test.each([
  ['leonard.cohen@yourcompany.com', 'l***.c***@yourcompany.com'],
  ['jane@example.com', 'j***@example.com'],
  ['a.b@c.d', '***.***@c.d'],
  ['John', 'J***'],
  ['John Smith', 'J***'],
  ['call me at home @ noon, Jane', 'c***'],
  ['😀😀', '😀***'],
  ['J', '***'],
  ['', '***'],
  [42, '***'],
  [true, '***'],
  [{ first: 'John' }, '***'],
  [['John'], '***'],
  [null, null],
  [undefined, undefined],
])('masks %j as %j, and once is enough', (value, masked) => {
  expect(maskValue(value)).toBe(masked);
  expect(maskValue(maskValue(value))).toBe(masked);
});

test('hashes text as it is and anything else as ordered JSON', () => {
  expect(hashValue('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(hashValue({ a: 1, b: [2] })).toBe(hashValue({ b: [2], a: 1 }));
  expect(hashValue(42)).toBe(hashValue('42'));
  expect(hashValue(null)).toBeNull();
});

// RFC 4231, test case 2.
test('hashes with a key what hashes without one, to another text', () => {
  expect(hashWithKey('what do ya want for nothing?', 'Jefe')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  expect(hashWithKey({ a: 1, b: [2] }, 'k')).toBe(hashWithKey({ b: [2], a: 1 }, 'k'));
  expect(hashWithKey(42, 'k')).toBe(hashWithKey('42', 'k'));
  expect(hashWithKey(42, 'k')).not.toBe(hashWithKey(42, 'l'));
  expect([hashWithKey(null, 'k'), hashWithKey(undefined, 'k')]).toEqual([null, undefined]);
});

describe('privacy', () => {
  const event = Object.freeze({
    type: 'track',
    userId: 'u1',
    context: Object.freeze({ ip: '1.2.3.4', groupId: 'g1' }),
    traits: Object.freeze({
      phone: '+33612345678',
      email: 'jane@example.com',
      friends: [{ name: 'Ann' }, 'x', null],
    }),
    list: ['a', 'b'],
  });

  test('drops, masks and hashes by path, and leaves the original and the rest alone', () => {
    const before = JSON.stringify(event);
    const privacy = compilePrivacy(
      {
        drop: ['context.ip', 'nope.nothing', 'list.0'],
        mask: ['traits.phone', 'traits.friends.name'],
        hash: ['traits.email'],
        sha256: ['userId'],
      },
      'key',
    );
    expect(privacy(event)).toEqual({
      type: 'track',
      userId: hashValue('u1'),
      context: { groupId: 'g1' },
      traits: {
        phone: '+***',
        email: hashWithKey('jane@example.com', 'key'),
        friends: [{ name: 'A***' }, 'x', null],
      },
      list: [null, 'b'],
    });
    expect(JSON.stringify(event)).toBe(before);
  });

  test('drops whole objects, and gives back the very event where there is nothing to take', () => {
    expect(compilePrivacy({ drop: ['context'] })(event)).not.toHaveProperty('context');
    expect(compilePrivacy({ drop: ['properties.x'], mask: ['list.length'] })(event)).toEqual(event);
    expect(compilePrivacy({})(event)).toBe(event);
  });

  test.each([null, 'text', 7, [event], undefined])('does not throw on %j, which is no event', (value) => {
    expect(JSON.stringify(compilePrivacy({ mask: ['traits.phone'] })(value)) ?? '').not.toContain(
      '612345678',
    );
  });

  test('makes up no key', () => {
    expect(() => compilePrivacy({ hash: ['userId'] })).toThrow(TypeError);
    expect(compilePrivacy({ hash: [], sha256: ['userId'] })({ userId: 'u1' })).toEqual({
      userId: hashValue('u1'),
    });
  });

  test.each(['messageId', 'timestamp', 'type', 'receivedAt', 'a..b', '__proto__.x'])(
    'refuses to take %s',
    (path) => {
      expect(findPrivacyPathProblem(path)).not.toBeNull();
      expect(() => compilePrivacy({ drop: [path] })).toThrow(TypeError);
    },
  );
});

test('what is kept of a refused event holds no write key and can be written as JSON', () => {
  const deep = JSON.parse(`${'{"a":['.repeat(50_000)}${']}'.repeat(50_000)}`);
  const kept = toStorable({ userId: 'u1', writeKey: 'secret', deep, huge: Number.POSITIVE_INFINITY });
  const json = JSON.stringify(kept);
  expect(json).not.toContain('secret');
  expect(kept).toMatchObject({ userId: 'u1', huge: 'Infinity' });
  expect(toStorable('text')).toBe('text');
});
