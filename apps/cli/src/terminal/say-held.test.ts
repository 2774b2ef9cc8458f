import { describe, expect, test } from '@jest/globals';
import type { Held } from '@meterbridge/operations';
import { sayHeld, whyNotSent } from './say-held.js';

const held = (of: Partial<Held> = {}): Held => ({
  destination: 'lago',
  type: 'lago',
  asked: 10,
  notAsked: 0,
  late: 0,
  maybeLate: 0,
  same: 0,
  otherContent: 0,
  otherCode: 0,
  otherOwner: 0,
  ...of,
});

describe('what is there already as something else is sent by its exact number alone', () => {
  test.each<[string, Held[], Parameters<typeof whyNotSent>[1], RegExp | null]>([
    ['nothing there', [held()], {}, null],
    ['the same', [held({ same: 10 })], {}, null],
    ['not asked is no doubt', [held({ notAsked: 3, problem: 'x' })], {}, null],
    ['another subscription', [held({ otherOwner: 5 })], {}, /lago: 5 under another subscription: .*twice\./],
    ['another code', [held({ otherCode: 5 })], {}, /needs a new transactionIdSuffix .*stays billed there/],
    [
      'other content',
      [held({ otherContent: 1 })],
      {},
      /^1 of what would be sent is there .*--send-again 1$/s,
    ],
    [
      'their number',
      [held({ otherOwner: 5, otherCode: 1 }), held({ otherContent: 1 })],
      { sendAgain: 7 },
      null,
    ],
    ['another number', [held({ otherOwner: 5 })], { sendAgain: 4 }, /^--send-again 4 was said, and 5 of/],
    ['a number, and none', [held()], { sendAgain: 4 }, /^--send-again 4 was said, and none/],
    ['not all asked', [held({ otherOwner: 5, notAsked: 3 })], { sendAgain: 5 }, /3 more .*--check-all/],
    ['as many as can be', [held({ otherOwner: 5, notAsked: 3 })], { sendAgain: 5, checkAll: true }, null],
    ['Hyperline', [held({ type: 'hyperline', otherOwner: 1 })], {}, /of another customer/],
  ])('%s', (_, of, said, expected) => {
    const why = whyNotSent(of, said);
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });
});

test('each kind is a line, and what was not asked says why', () => {
  const lines = sayHeld([
    held({ same: 4, otherOwner: 2 }),
    held({ destination: 'other', asked: 0, notAsked: 9, problem: 'no answer: ECONNREFUSED' }),
  ]);
  expect(lines.map(({ events }) => events)).toEqual([4, 2, 0, 9]);
  expect(lines[0]!.words).toBe(
    'lago: there already, the same, of 10 that it was asked about; they will count as duplicates',
  );
  expect(lines[1]!.words).toContain('lago: under another subscription: they would be billed twice');
  expect(lines[3]!.words).toContain('other: not asked: no answer: ECONNREFUSED');
});
