import { expect, test } from '@jest/globals';
import { hashValue, hashWithKey } from './mask-value.js';
import { compilePerson, type PersonIds } from './person.js';
import { compileRefusedPeople, keyCheckOf, refusalTokens, TOKENS_PER_ID } from './refused-people.js';

const refusing = (ids: PersonIds, key = 'key') =>
  compileRefusedPeople(new Set(refusalTokens(ids, 'key')), key)!;

const EVENTS = [
  { userId: '42' },
  { userId: 42 },
  { userId: hashValue('42') },
  { userId: hashWithKey('42', 'key') },
  { userId: '421' },
  { userId: '' },
  { anonymousId: '42' },
  { userId: 'other', anonymousId: '42' },
  { type: 'alias', userId: 'other', previousId: '42' },
  { properties: { userId: '42' } },
  '42',
  null,
];

test.each(EVENTS)('of %j it says the same as forgetting does', (event) => {
  for (const ids of [{ userId: '42' }, { anonymousId: '42' }, { userId: '42', anonymousId: '42' }]) {
    expect(refusing(ids).isOf(event)).toBe(compilePerson(ids, 'key').isOf(event));
  }
});

test.each([
  [{ batch: [{ userId: 42 }] }, true],
  ['{"userId": "4\\u0032", broken', true],
  ['{"previousId":42, broken', true],
  ['{"userId":"421", broken', false],
  [{ message: { properties: { count: 42 } } }, false],
])('what was refused, %j, names user 42: %j', (raw, isIn) => {
  expect(refusing({ userId: '42' }).isIn(raw)).toBe(isIn);
});

test('no token is a text that the person is stored under, nor the same under another key', () => {
  const ids = { userId: '42', anonymousId: '42' };
  const tokens = refusalTokens(ids, 'key');
  const forms = [...compilePerson(ids, 'key').ids];
  expect(new Set(tokens).size).toBe(2 * TOKENS_PER_ID);
  expect(tokens.filter((token) => forms.some((form) => form.includes(token.slice(1, 9))))).toEqual([]);
  expect(refusing(ids, 'another').isOf({ userId: '42' })).toBe(false);
  expect(keyCheckOf('key')).toHaveLength(11);
  expect(keyCheckOf('another')).not.toBe(keyCheckOf('key'));
});

test('where nobody is refused, or no key is there, nothing is asked', () => {
  expect(compileRefusedPeople(new Set(), 'key')).toBeNull();
  expect(compileRefusedPeople(new Set(['u1']), undefined)).toBeNull();
});
