import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { groupByReason } from './group-by-reason.js';

const aLetter = (messageId: string, more: Partial<DeadLetter> = {}, lastStatus?: number) =>
  ({
    source: 'backend',
    rule: 'api-calls',
    reason: 'unmapped',
    event: { messageId },
    tries: { attempts: 1, lastStatus },
    ...more,
  }) as unknown as DeadLetter;

test('what has source, rule, reason and status in common is one group', () => {
  const dead = [
    aLetter('m1'),
    aLetter('m2', { rule: 'tokens' }),
    aLetter('m3'),
    aLetter('m4', { reason: 'refused' }, 422),
    aLetter('m5', { reason: 'refused' }, 400),
    aLetter('m6', { source: 'web' }),
  ];
  expect(groupByReason(dead).map(({ messageIds }) => messageIds)).toEqual([
    ['m1', 'm3'],
    ['m2'],
    ['m4'],
    ['m5'],
    ['m6'],
  ]);
});

test('all are counted, and the first ten named', () => {
  const [group] = groupByReason(Array.from({ length: 500 }, (_, n) => aLetter(`m${n}`)));
  expect(group).toMatchObject({ count: 500, status: undefined });
  expect(group!.messageIds).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9']);
});

test('nothing dead is nothing to say', () => {
  expect(groupByReason([])).toEqual([]);
});
