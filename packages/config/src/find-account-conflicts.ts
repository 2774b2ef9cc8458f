import {
  billingAccounts,
  type DestinationSettings,
  describeSharedIds,
  findSharedIds,
} from '@meterbridge/destinations';
import type { ConfigProblem } from './problem.js';

/** What a billing account has one of: its destinations share a limiter. */
const OF_THE_ACCOUNT = ['requestsPerSecond', 'readsPerSecond', 'concurrency'] as const;

/**
 * What is wrong between destinations, or rules, of one billing account. The loader knows nothing of what was
 * delivered: of two rules it names the later one.
 */
export function findAccountConflicts(
  destinations: readonly DestinationSettings[],
  { allowSharedIds = false }: { allowSharedIds?: boolean },
): ConfigProblem[] {
  return [...findLimitConflicts(destinations), ...(allowSharedIds ? [] : findIdConflicts(destinations))];
}

function findIdConflicts(destinations: readonly DestinationSettings[]): ConfigProblem[] {
  return findSharedIds(destinations).map((pair) => ({
    path: ['destinations', pair.later.at.destination, 'rules', pair.later.at.rule],
    message: `rule ${pair.later.rule} of ${pair.later.destination} ${describeSharedIds(pair, pair.later)}. If this rule has delivered already and the other has not, change the other: \`meterbridge check\` tells`,
  }));
}

function findLimitConflicts(destinations: readonly DestinationSettings[]): ConfigProblem[] {
  const accounts = billingAccounts(destinations);
  return destinations.flatMap(({ name, limit }, index) => {
    const first = destinations.find((each) => each.name === accounts.get(name))!;
    return OF_THE_ACCOUNT.filter((key) => limit[key] !== first.limit[key]).map((key) => ({
      path: ['destinations', index, 'limit', key],
      message: `${name} and ${first.name} have one URL and key, and so one limit: say the same in both, for the two together`,
    }));
  });
}
