import { expect, test } from '@jest/globals';
import type { Outcome } from '@meterbridge/delivery';
import { watchMissingRules } from './missing-rules.js';

const removed: Outcome = { outcome: 'failed', code: 'rule_removed' };

test('each rule that deliveries wait for is kept and told of, once a minute however many they are', () => {
  let at = 1_000_000;
  const [kept, told]: [string[][], string[]] = [[], []];
  const see = watchMissingRules({
    now: () => at,
    keep: async (rules) => void kept.push(rules),
    onMissing: (rule) => told.push(rule),
    onProblem: () => {},
  });
  see(['calls', 'calls', 'users', 'other'], [removed, removed, removed, { outcome: 'delivered' }]);
  see(['calls'], [removed]);
  expect(kept).toEqual([['calls', 'users']]);
  at += 60_000;
  see(['calls'], [removed]);
  expect(told).toEqual(['calls', 'users', 'calls']);
});
