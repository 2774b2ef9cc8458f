import Sequencer from '@jest/test-sequencer';

/**
 * What takes longest on a quiet machine, most of it waiting. A clean clone has no durations of an earlier run, and one
 * of these at the end would have all others wait for it.
 */
const LONGEST = [
  ...['cli/test/sent-again', 'cli/test/replay-interrupted', 'cli/test/backfill', 'worker/test/crashes'],
  ...[
    'cli/test/rule-activity',
    'worker/test/late-usage',
    'worker/test/what-answers-speak-of',
    'cli/test/audit',
  ],
  ...['rate-limiter/test/within-the-rate', 'cli/test/failover-backfill', 'worker/test/compared-duplicates'],
  ...[
    'cli/test/failover-by-hand',
    'sender/test/sender',
    'cli/test/sentinel-failover',
    'cli/test/cluster-shards',
  ],
  ...['worker/test/subscription-lookup', 'worker/test/worker-trouble', 'deploy/test/queries'],
  ...['rate-limiter/test/failover', 'queue/test/settlement-failover', 'cli/test/package'],
];

/** The longest suites first, then those that start processes: the short ones fill what is left at the end. */
export default class extends Sequencer {
  /** @param {import('@jest/test-result').Test[]} tests */
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

/** @param {import('@jest/test-result').Test} test */
function rankOf({ path }) {
  const rank = LONGEST.findIndex((name) => path.endsWith(`/${name}.integration.test.ts`));
  if (rank >= 0) return rank;
  return path.endsWith('.integration.test.ts') ? LONGEST.length : LONGEST.length + 1;
}
