import { expect, test } from '@jest/globals';
import { type Comparison, compareJudged } from './compare-judged.js';
import type { Judged, Side } from './judge.js';

function sent(rule: string, body: object): Side {
  return { rule, result: { ok: true, usage: { key: 'k', recordIdentity: 's', body: JSON.stringify(body) } } };
}

function failing(rule: string, detail = 'why'): Side {
  return { rule, result: { ok: false, code: 'wrong_type', detail } };
}

function taken(...lago: Side[]): Judged {
  return { status: 'taken', sides: new Map([['lago', lago]]) };
}

const rejected: Judged = { status: 'rejected', failed: { ok: false, code: 'missing_event', detail: 'why' } };
const nowhere: Judged = { status: 'taken', sides: new Map() };

function told(comparisons: Comparison[]): string[] {
  return comparisons.map(({ destination, verdict, before, after }) =>
    [destination, before?.rule ?? '-', after?.rule ?? '-', verdict].join(' '),
  );
}

test.each<[string, Judged, Judged, string[]]>([
  ['the same', taken(sent('a', { x: 1 })), taken(sent('a', { x: 1 })), ['lago a a unchanged']],
  [
    'the same in another order',
    taken(sent('a', { x: 1, y: { p: 1, q: [1] } })),
    taken(sent('a', { y: { q: [1], p: 1 }, x: 1 })),
    ['lago a a unchanged'],
  ],
  ['another value', taken(sent('a', { x: 1 })), taken(sent('a', { x: '1' })), ['lago a a changed']],
  ['a value that is gone', taken(sent('a', { x: null })), taken(sent('a', {})), ['lago a a changed']],
  ['mended', taken(failing('a')), taken(sent('a', {})), ['lago a a newly delivered']],
  ['broken', taken(sent('a', {})), taken(failing('a')), ['lago a a newly failing']],
  ['as broken as before', taken(failing('a')), taken(failing('a', 'other')), ['lago a a still failing']],
  ['filtered now', taken(sent('a', {})), taken(), ['lago a - no longer delivered']],
  ['failing no more, since it is filtered', taken(failing('a')), taken(), ['lago a - no longer failing']],
  ['taken now', taken(), taken(sent('a', {})), ['lago - a newly delivered']],
  ['taken now, and failing', taken(), taken(failing('a')), ['lago - a newly failing']],
  ['filtered as before', taken(), taken(), ['lago - - filtered']],
  [
    'rules belong together by name, what is left in order',
    taken(sent('old', { n: 1 }), sent('kept', { n: 2 }), failing('gone')),
    taken(sent('kept', { n: 2 }), sent('new', { n: 1 })),
    ['lago kept kept unchanged', 'lago old new unchanged', 'lago gone - no longer failing'],
  ],
  [
    'an event that is taken now',
    rejected,
    taken(sent('a', {}), failing('b')),
    ['lago  a newly delivered', 'lago  b still failing'],
  ],
  ['one that is filtered now', rejected, taken(), ['lago  - no longer failing']],
  [
    'one that is rejected now',
    taken(sent('a', {}), failing('b')),
    rejected,
    ['lago a  newly failing', 'lago b  still failing'],
  ],
  ['one that is still rejected', rejected, rejected, ['receiver   still failing']],
  [
    'a destination of one configuration only',
    taken(sent('a', {})),
    { status: 'taken', sides: new Map([['stripe', [sent('a', {})]]]) },
    ['lago a - no longer delivered', 'stripe - a newly delivered'],
  ],
  ['switched off in both', nowhere, nowhere, []],
])('%s', (_, before, after, expected) => {
  expect(told(compareJudged(before, after))).toEqual(expected);
});
