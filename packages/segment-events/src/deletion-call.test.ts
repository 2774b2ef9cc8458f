import { expect, test } from '@jest/globals';
import { isDeletionCall, readDeletionCall } from './deletion-call.js';

const aDelete = { type: 'delete', messageId: 'm-1', userId: 'ann' };

test.each([
  [aDelete, { messageId: 'm-1', ids: { userId: 'ann' }, refuseLater: false }],
  [{ ...aDelete, userId: 4711, anonymousId: 'd-1' }, { ids: { userId: '4711', anonymousId: 'd-1' } }],
  [{ ...aDelete, type: 'suppress' }, { refuseLater: true }],
  [{ ...aDelete, suppress: true }, { refuseLater: true }],
  [{ ...aDelete, regulationType: 'SUPPRESS_WITH_DELETE' }, { refuseLater: true }],
  [{ ...aDelete, regulationType: 'DELETE_ONLY' }, { refuseLater: false }],
  [{ ...aDelete, userId: null, anonymousId: '' }, { reason: 'missing_identity' }],
  [{ ...aDelete, userId: ['ann'] }, { reason: 'invalid_field' }],
  [{ ...aDelete, userId: ' ' }, { reason: 'invalid_field' }],
  [{ ...aDelete, userId: 'x'.repeat(1_001) }, { reason: 'invalid_field' }],
  [{ ...aDelete, messageId: undefined }, { reason: 'no_message_id_or_timestamp' }],
])('%j is read as %j', (raw, expected) => {
  expect(readDeletionCall(raw)).toMatchObject(expected);
});

test('only an object of such a type is a deletion call', () => {
  expect([aDelete, { type: 'suppress' }].map(isDeletionCall)).toEqual([true, true]);
  expect([null, 'delete', { type: 'track' }, [aDelete]].map(isDeletionCall)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
