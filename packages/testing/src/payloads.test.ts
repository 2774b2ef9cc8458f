import { expect, test } from '@jest/globals';
import { aTrack, makePayloads } from './payloads.js';

test('the same seed makes the same payloads', () => {
  const make = () => Object.values(makePayloads('a')).map((one) => one());
  expect(make()).toEqual(make());
  expect(new Set(make().map((payload) => payload.messageId)).size).toBe(6);
  expect(make().map((payload) => payload.type)).toEqual([
    'track',
    'identify',
    'page',
    'screen',
    'group',
    'alias',
  ]);
});

test('overrides replace a field, or leave it out', () => {
  const track = aTrack({ event: 'Login', userId: undefined, messageId: 'mine' });
  expect(JSON.parse(JSON.stringify(track))).toMatchObject({
    type: 'track',
    event: 'Login',
    messageId: 'mine',
  });
  expect(JSON.stringify(track)).not.toContain('userId');
});
