import { expect, test } from '@jest/globals';
import { collides } from './collision.js';
import type { UsageEvent } from './usage-event.js';

const lago: UsageEvent = { key: 't1/100', recordIdentity: 't1', body: '{"n":1}' };
const hyperline: UsageEvent = {
  key: 'api_call/r1/100',
  recordIdentity: 'api_call/r1',
  customer: 'acme',
  body: '{"n":1}',
};

test.each<[string, UsageEvent, UsageEvent, boolean]>([
  ['a repeat', lago, { ...lago }, false],
  ['one key with different content', lago, { ...lago, body: '{"n":2}' }, true],
  ['one record at another time', lago, { ...lago, key: 't1/200' }, false],
  ['another event', lago, { ...lago, key: 't2/100', recordIdentity: 't2' }, false],
  [
    'a newer state of one record',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', body: '{"n":2}' },
    false,
  ],
  [
    'one record under two customers',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', customer: 'initech' },
    true,
  ],
])('%s: %p and %p', (_name, one, other, expected) => {
  expect([collides(one, other), collides(other, one)]).toEqual([expected, expected]);
});
