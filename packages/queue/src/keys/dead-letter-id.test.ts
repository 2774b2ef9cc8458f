import { expect, test } from '@jest/globals';
import {
  compareDeadLetterIds,
  compareStreamIds,
  formatDeadLetterId,
  isDeadLetterId,
  millisecondsOf,
  shardOfId,
  streamIdOf,
} from './dead-letter-id.js';

test.each([
  ['1-0', '1-0', 0],
  ['1-0', '1-1', -1],
  ['2-0', '1-9', 1],
  ['999-5', '1000-0', -1],
  ['1795235992524-10', '1795235992524-9', 1],
])('%s against %s', (one, other, sign) => {
  expect(Math.sign(compareStreamIds(one, other))).toBe(sign);
});

test.each([
  ['lago/1-0', 'lago/1-0', 0],
  ['lago@2/1-0', 'lago/2-0', -1],
  ['lago@10/1-0', 'lago@9/1-0', 1],
  ['lago/1-1', 'lago@1/1-0', 1],
])('%s against %s', (one, other, sign) => {
  expect(Math.sign(compareDeadLetterIds(one, other))).toBe(sign);
});

test('an id is taken apart and put together again', () => {
  const id = 'lago@1/1795235992524-3';
  expect([shardOfId(id), streamIdOf(id), millisecondsOf(streamIdOf(id))]).toEqual([
    'lago@1',
    '1795235992524-3',
    1_795_235_992_524,
  ]);
  expect(formatDeadLetterId(shardOfId(id), streamIdOf(id))).toBe(id);
});

test.each([
  ['lago/1-0', true],
  ['lago', false],
  ['lago/1', false],
  ['/1-0', false],
  ['a/b/1-0', false],
  ['lago/1-0 ', false],
])('%j is an id: %j', (text, is) => {
  expect(isDeadLetterId(text)).toBe(is);
});

test('a text without a slash is all shard', () => {
  expect([shardOfId('lago'), streamIdOf('lago')]).toEqual(['lago', '']);
});
