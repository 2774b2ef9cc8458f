import { expect, test } from '@jest/globals';
import type { ListedUsage } from '@meterbridge/destinations';
import { compareLists, type UsageReceipt } from './compare-lists.js';

const SPAN = { from: 100, to: 200 };

const booked = (text: string): UsageReceipt => {
  const [usageId, owner, eventAt] = text.split(' ');
  return { usageId, owner, code: 'a', eventAt: Number(eventAt) } as UsageReceipt;
};
const listed = (text: string, index: number): ListedUsage => {
  const [usageId, owner, at, row = `row-${index}`] = text.split(' ');
  return { row, usageId: usageId!, owner: owner!, code: 'a', at: Number(at), body: '{}' };
};

test.each<[string, string[], string[], object]>([
  ['the same', ['m-1 s 100', 'm-2 s 199'], ['m-2 s 199', 'm-1 s 100'], { pairs: ['m-1', 'm-2'] }],
  ['one is not there', ['m-1 s 100', 'm-2 s 150'], ['m-1 s 100'], { pairs: ['m-1'], missing: ['m-2'] }],
  ['one is a millisecond off', ['m-1 s 100'], ['m-1 s 99'], { pairs: ['m-1'] }],
  ['what is booked beside the span is not looked for', ['m-1 s 99', 'm-2 s 200'], [], {}],
  ['a neighbour is nobody else', ['m-1 s 99'], ['m-1 s 100'], {}],
  ['two rows', ['m-1 s 100'], ['m-1 s 100', 'm-1 s 100'], { pairs: ['m-1'], twice: ['m-1'] }],
  ['one row on two pages', ['m-1 s 100'], ['m-1 s 100 r', 'm-1 s 100 r'], { pairs: ['m-1'] }],
  [
    'an id of two booked owners',
    ['m-1 s 100', 'm-1 t 100'],
    ['m-1 s 100', 'm-1 t 100'],
    { pairs: ['m-1', 'm-1'] },
  ],
  [
    'an owner that is not booked too',
    ['m-1 s 100'],
    ['m-1 s 100', 'm-1 t 100'],
    { pairs: ['m-1'], twice: ['m-1'] },
  ],
  ['an owner that is not booked instead', ['m-1 s 100'], ['m-1 t 100'], { otherOwner: ['m-1'] }],
  [
    'what others sent',
    ['m-1 s 100'],
    ['m-1 s 100', 'x s 100', 'x s 99', 'y t 199'],
    { pairs: ['m-1'], others: 2 },
  ],
])('lists: %s', (_what, receipts, rows, expected) => {
  const found = compareLists(receipts.map(booked), rows.map(listed), SPAN, { fields: ['usageId', 'owner'] });
  const ids = (list: readonly { receipt: UsageReceipt }[]) => list.map(({ receipt }) => receipt.usageId);
  expect({
    missing: found.missing.map(({ usageId }) => usageId),
    twice: ids(found.twice),
    pairs: ids(found.pairs),
    otherOwner: ids(found.otherOwner),
    others: found.others,
  }).toEqual({ missing: [], twice: [], pairs: [], otherOwner: [], others: 0, ...expected });
});

test('where the owner is no part of the key, one of another owner is the same one', () => {
  const found = compareLists([booked('m-1 s 100')], [listed('m-1 t 100', 0)], SPAN, {
    fields: ['usageId', 'code'],
  });
  expect(found.pairs).toHaveLength(1);
  expect(found.missing).toEqual([]);
});
