import { expect, test } from '@jest/globals';
import {
  type DeadOfMonth,
  decideDeadLetters,
  decideFindings,
  decideInFlight,
  type InFlight,
} from './decide-work.js';

test.each<[InFlight, boolean, string]>([
  [{ deliveries: 0, unreadableJobs: 0 }, true, 'nothing of the month is in flight'],
  [{ deliveries: 1, unreadableJobs: 0 }, false, '1 delivery of the month is in flight: wait until'],
  [{ deliveries: 2_000, unreadableJobs: 0 }, false, '2,000 deliveries of the month are in flight'],
  [{ deliveries: 0, unreadableJobs: 3 }, false, '3 jobs of a newer version may hold events of the month'],
])('in flight: %j', (found, ok, words) => {
  const decision = decideInFlight(found);
  expect(decision.ok).toBe(ok);
  expect(decision.words.join('\n')).toContain(words);
});

const noLetters: DeadOfMonth = { delivery: {}, receiver: {}, unreadable: 0 };
test.each<[Partial<DeadOfMonth>, boolean, string]>([
  [{}, true, 'no dead letters of the month'],
  [
    { delivery: { unmapped: 2, refused: 1 } },
    false,
    '3 dead letters (unmapped 2, refused 1): replay or discard',
  ],
  [{ receiver: { invalid_event: 1 } }, false, '1 dead letter of the receiver (invalid_event 1)'],
  [{ unreadable: 1 }, false, '1 dead letter of a newer version may be of the month'],
])('dead letters: %j', (found, ok, words) => {
  const decision = decideDeadLetters({ ...noLetters, ...found });
  expect(decision.ok).toBe(ok);
  expect(decision.words.join('\n')).toContain(words);
});

test('open findings are named, five of them', () => {
  expect(decideFindings([], 0)).toEqual({ ok: true, words: ['no findings are open'] });
  expect(decideFindings([], 2).words).toEqual(['no findings are open, but for 2 that somebody waived']);
  const many = Array.from({ length: 7 }, (_, index) => ({
    id: `f-${index}`,
    kind: 'refused',
    detail: 'why',
  }));
  const { ok, words } = decideFindings(many, 0);
  expect(ok).toBe(false);
  expect(words).toEqual([...many.slice(0, 5).map(({ id }) => `${id} (refused): why`), '… and 2 more lines']);
});
