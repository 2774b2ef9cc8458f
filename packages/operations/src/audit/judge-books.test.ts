import { expect, test } from '@jest/globals';
import {
  addVerdicts,
  type BooksState,
  type BooksVerdict,
  judgeBooks,
  type KeptCounts,
} from './judge-books.js';

const NOW = 20;
const BUCKET = '10/web';
const bucket = { hour: 10, delivered: 8, duplicate: 2, filtered: 5, inFlight: 0 };
const kept: KeptCounts = {
  counts: [
    { [BUCKET]: { calls: { delivered: 5, late: 2, duplicate: 1, older_rule: 1 }, '': { filtered: 5 } } },
    { [BUCKET]: { calls: { delivered: 1 } }, '10/other': { calls: { delivered: 100 } } },
  ],
  gaps: [],
  beginHour: 5,
};
const gap = (deliveries: number, filtered = 0, of = BUCKET) => ({ bucket: of, deliveries, filtered });

test.each<[string, Partial<typeof bucket>, Partial<KeptCounts>, BooksState, number, number?]>([
  ['all of it', {}, {}, 'complete', 0],
  ['one less', { delivered: 9 }, {}, 'differs', 1],
  ['one more', { delivered: 7 }, {}, 'differs', -1],
  ['one that was filtered less, as after a replay', { filtered: 6 }, {}, 'complete', 0, 1],
  ['one that was filtered more', { filtered: 4 }, {}, 'differs', 0, -1],
  ['a delivery for a filtered event', { filtered: 6, delivered: 7 }, {}, 'differs', -1, 1],
  ['two less, in a gap', { delivered: 10 }, { gaps: [gap(1), gap(1), gap(7, 7, '9/web')] }, 'gap', 0],
  ['less than the gap says', { delivered: 12 }, { gaps: [gap(1)] }, 'differs', 3],
  ['one less, and one in flight', { delivered: 9, inFlight: 1 }, {}, 'open', 1],
  ['an hour that goes on', { hour: NOW }, {}, 'open', 0],
  ['less of the hour in which they begin', { delivered: 9 }, { beginHour: 10 }, 'before', 1],
  ['all of the hour in which they begin', {}, { beginHour: 10 }, 'complete', 0],
  ['none, where there are none', {}, { counts: [], beginHour: null }, 'before', 10, 5],
  ['none of a source', {}, { counts: [] }, 'differs', 10, 5],
])('the books have %s', (_what, ledger, books, state, missing, missingFiltered = 0) => {
  expect(judgeBooks({ ...bucket, ...ledger }, BUCKET, { ...kept, ...books }, NOW)).toMatchObject({
    state,
    missing,
    missingFiltered,
  });
});

test('of several hours the worst is told, and what should be there', () => {
  const verdict = (state: BooksState, missing = 0): BooksVerdict => ({
    state,
    missing,
    missingFiltered: missing,
    withoutReceipt: 1,
  });
  const all = [
    verdict('before', 9),
    verdict('complete'),
    verdict('differs', 2),
    verdict('open', 5),
    verdict('differs', 1),
  ];
  expect(all.reduce(addVerdicts)).toEqual({
    state: 'differs',
    missing: 3,
    missingFiltered: 3,
    withoutReceipt: 5,
  });
});
