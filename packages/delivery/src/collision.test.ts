import { expect, test } from '@jest/globals';
import { findCollision } from './collision.js';
import type { UsageEvent } from './usage-event.js';

const lago: UsageEvent = { key: 't1/100', recordIdentity: 't1', body: '{"n":1}' };
const hyperline: UsageEvent = {
  key: 'api_call/r1/100',
  recordIdentity: 'api_call/r1',
  customer: 'acme',
  body: '{"n":1}',
};

const CONTENT = expect.stringContaining('different content');
const CUSTOMER = expect.stringContaining('another customer');

test.each<[string, UsageEvent, UsageEvent, unknown]>([
  ['a repeat', lago, { ...lago }, undefined],
  ['one key with different content', lago, { ...lago, body: '{"n":2}' }, CONTENT],
  ['one record at another time', lago, { ...lago, key: 't1/200' }, undefined],
  ['another event', lago, { ...lago, key: 't2/100', recordIdentity: 't2' }, undefined],
  [
    'a newer state of one record',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', body: '{"n":2}' },
    undefined,
  ],
  [
    'one record under two customers',
    hyperline,
    { ...hyperline, key: 'api_call/r1/200', customer: 'initech' },
    CUSTOMER,
  ],
  [
    'one key whose content differs by its customer',
    hyperline,
    { ...hyperline, customer: 'initech', body: '{"n":1,"customer":"initech"}' },
    CUSTOMER,
  ],
])('%s: %p and %p', (_name, one, other, expected) => {
  expect([findCollision(one, other), findCollision(other, one)]).toEqual([expected, expected]);
});
