import {
  checkSubscriptionReads,
  type HttpClient,
  isLookup,
  type LagoSettings,
  readLagoMetrics,
} from '@meterbridge/destinations';
import type { Finding } from './finding.js';
import { judgeLagoRule } from './judge-rule.js';

/** Holds a Lago destination's rules against what is there: billable metrics, and subscriptions to be read. */
export async function checkLagoRules(
  settings: LagoSettings,
  http: Pick<HttpClient, 'get'>,
  report: (finding: Finding) => void,
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
