import { expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import type { LetterEntry } from '../dead-letters/letter.js';
import { Batch } from './batch.js';
import type { Verdict } from './judge-letter.js';

const letter = (n: number, destination = 'lago'): LetterEntry =>
  ({
    ...{ id: `${destination}/${n}-0`, digest: `d${n}`, at: n, reason: 'r' },
    letter: { source: 'web' },
  }) as unknown as LetterEntry;
const mark = (n: number, destination = 'lago') => ({ id: `${destination}/${n}-0`, digest: `d${n}` });
const delivery = (rule: string): StoredDelivery => ({ rule, source: 'web' }) as StoredDelivery;
const go = (moves: Record<string, string[]>): Verdict => ({
  will: 'go',

  moves: Object.entries(moves).map(([destination, rules]) => ({
    destination,
    deliveries: rules.map(delivery),
  })),
});
const fail: Verdict = {
  will: 'fail',
  why: 'x',
  moves: [{ destination: 'lago', deliveries: [delivery('f')] }],
};
const stay: Verdict = { will: 'stay', why: 'taken by no rule' };

test('takes what goes, counts what is left, and moves behind both', () => {
  const batch = new Batch('1-0');
  batch.add(letter(2), go({ lago: ['a', 'b'] }), false);
  batch.add(letter(3), fail, false);
  batch.add(letter(4), go({ lago: ['c'] }), false);
  batch.add(letter(5), stay, false);
  batch.add(letter(6), stay, false);
  expect(batch.size).toBe(2);
  expect(batch.most).toBe(3);
  expect(batch.ownStep('lago')).toEqual({
    deliveries: ['a', 'b', 'c'].map(delivery),
    taken: [mark(2), mark(4)],
    left: { 'would fail again': 1, 'taken by no rule': 2 },
    from: '1-0',
    through: '6-0',
  });
});

test('takes those as well that would fail, where that is asked for', () => {
  const batch = new Batch('');
  batch.add(letter(3), fail, true);
  expect(batch.ownStep('lago')).toMatchObject({ deliveries: [delivery('f')], taken: [mark(3)], left: {} });
});

test("adds the receiver's letters to each destination, but none twice, and takes them away then", () => {
  const batch = new Batch('');
  batch.add(letter(2, 'receiver'), go({ lago: ['a'], hyperline: [] }), false);
  batch.add(letter(3, 'receiver'), go({ lago: ['b', 'c'], hyperline: ['d'] }), false);
  const rejections = ['receiver/2-0 d2', 'receiver/3-0 d3'];
  expect(batch.destinations()).toEqual(['lago', 'hyperline']);
  expect(batch.addStep('lago', new Set(), 7)).toEqual({
    deliveries: ['a', 'b', 'c'].map((rule) => ({ ...delivery(rule), hour: 7 })),
    filtered: {},
    rejections,
  });
  // Cut off behind the first of them, before.
  expect(
    batch.addStep('lago', new Set(['receiver/2-0 d2', 'receiver/3-0 of-another', 'receiver/1-0 d1']), 7),
  ).toEqual({
    deliveries: ['b', 'c'].map((rule) => ({ ...delivery(rule), hour: 7 })),
    filtered: {},
    rejections,
  });
  expect(batch.addStep('lago', new Set(rejections), 7)).toBeNull();
  expect(batch.addStep('hyperline', new Set(), 7)).toEqual({
    deliveries: [{ ...delivery('d'), hour: 7 }],
    filtered: { '7/web': 1 },
    rejections,
  });
  expect(batch.awayStep()).toEqual({
    taken: [mark(2, 'receiver'), mark(3, 'receiver')],
    left: {},
    from: '',
    through: '3-0',
  });
});
