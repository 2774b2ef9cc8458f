import { expect, test } from '@jest/globals';
import { collides } from './collision.js';
import type { UsageEvent } from './usage-event.js';

const lago: UsageEvent = { key: 't1/100', slot: 't1', body: '{"n":1}' };
const hyperline: UsageEvent = { key: 'api_call/r1/100', slot: 'api_call/r1', owner: 'acme', body: '{"n":1}' };

test.each<[string, UsageEvent, UsageEvent, boolean]>([
  ['a repeat', lago, { ...lago }, false],
  ['one key with different content', lago, { ...lago, body: '{"n":2}' }, true],
  ['one slot at another time', lago, { ...lago, key: 't1/200' }, false],
  ['another event', lago, { ...lago, key: 't2/100', slot: 't2' }, false],
  [
    'a newer state of one record',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', body: '{"n":2}' },
    false,
  ],
  [
    'one record under two owners',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', owner: 'initech' },
    true,
  ],
])('%s: %p and %p', (_name, one, other, expected) => {
  expect([collides(one, other), collides(other, one)]).toEqual([expected, expected]);
});
