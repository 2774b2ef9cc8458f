import { expect, test } from '@jest/globals';
import { hashValue, hashWithKey } from './mask-value.js';
import { compilePerson } from './person.js';

const user = compilePerson({ userId: '42' }, 'key');

test.each([
  [{ userId: '42' }, true],
  [{ userId: 42 }, true],
  [{ userId: hashValue('42') }, true],
  [{ userId: hashWithKey('42', 'key') }, true],
  [{ type: 'alias', userId: 'other', previousId: '42' }, true],
  [{ userId: '421' }, false],
  [{ userId: 'other', anonymousId: '42' }, false],
  [{ userId: 'other', properties: { invitedBy: '42', userId: '42' } }, false],
  [{ userId: '' }, false],
  ['42', false],
  [null, false],
])('an event %j is of user 42: %j', (event, isOf) => {
  expect(user.isOf(event)).toBe(isOf);
});

test('a device and a user are told apart, and may be one person', () => {
  const device = compilePerson({ anonymousId: 'a1' });
  expect([{ anonymousId: 'a1' }, { userId: 'a1' }].map(device.isOf)).toEqual([true, false]);
  const both = compilePerson({ userId: 'u1', anonymousId: 'a1' });
  expect([{ userId: 'u1' }, { userId: 'u2', anonymousId: 'a1' }].map(both.isOf)).toEqual([true, true]);
  expect(compilePerson({}).isOf({ type: 'track' })).toBe(false);
});

test.each([
  [{ batch: [{ userId: 42 }] }, true],
  [[null, undefined, { anonymousId: '42' }], false],
  ['{"userId":"42", broken', true],
  ['{"userId":"421", broken', false],
  [{ message: { properties: { count: 42 } } }, false],
])('what was refused, %j, names user 42: %j', (raw, isIn) => {
  expect(user.isIn(raw)).toBe(isIn);
});

test('a list of more items than a call takes arguments is looked through', () => {
  expect(user.isIn([...Array(300_000).fill(0), { userId: '42' }])).toBe(true);
});

test('the depth of what was refused is no matter', () => {
  let deep: unknown = { userId: '42' };
  for (let level = 0; level < 10_000; level++) deep = { a: deep };
  expect(user.isIn(deep)).toBe(true);
});
