import {
  checkSubscriptionReads,
  type HttpClient,
  isLookup,
  type LagoSettings,
  readLagoMetrics,
} from '@meterbridge/destinations';
import { judgeLagoRule } from './judge-rule.js';
import type { Line } from './line.js';
import { mayTakeTheSameEvent } from './overlap.js';

/** Holds a Lago destination's rules against what is there: billable metrics, and subscriptions to be read. */
export async function checkLagoRules(
  settings: LagoSettings,
  http: Pick<HttpClient, 'get'>,
  report: (line: Line) => void,
): Promise<void> {
  const { name, rules } = settings;
  if (rules.some(({ subscription }) => isLookup(subscription))) {
    const reads = await checkSubscriptionReads(http);
    const detail = reads.ready
      ? 'can be read, for rules that look them up'
      : `cannot be read (${reads.problem}): usage of rules that look them up would wait`;
    report({ level: reads.ready ? 'ok' : 'fail', what: `${name}, subscriptions`, detail });
  }
  const read = await readLagoMetrics(http);
  if (read.ok) {
    for (const rule of rules)
      report({ what: `${name}, rule ${rule.name}`, ...judgeLagoRule(rule, read.metrics) });
    return;
  }
  const detail = `the billable metrics could not be read (${read.problem}): no code was checked`;
  report({ level: 'warn', what: name, detail });
}

/** Rules of which each would write the same transaction_id for an event that both take. */
export function findSharedIds({ name, rules }: LagoSettings): Line[] {
  return rules.flatMap((rule, index) =>
    rules
      .slice(0, index)
      .filter((other) => (other.transactionIdSuffix ?? '') === (rule.transactionIdSuffix ?? ''))
      .filter((other) => mayTakeTheSameEvent(other, rule))
      .map(
        (other): Line => ({
          level: 'warn',
          what: `${name}, rules ${other.name} and ${rule.name}`,
          detail:
            'an event could be taken by both, under one transaction_id: Lago keeps one of two, so the second would be a dead letter (identity_collision). Give one a transactionIdSuffix, or filters that exclude each other.',
        }),
      ),
  );
}
