import { describeProblem } from '../check-connection.js';
import type { KindFinding } from '../description.js';
import type { Get } from '../destination.js';
import { judgeRule } from './judge-rule.js';
import { readLagoMetrics } from './read-metrics.js';
import { isLookup, type LagoSettings } from './settings.js';

/** Holds rules against what the account has: billable metrics, and subscriptions to be read. Changes nothing there. */
export async function* checkLagoRules(get: Get, { rules }: LagoSettings): AsyncGenerator<KindFinding> {
  if (rules.some(({ subscription }) => isLookup(subscription))) yield await checkSubscriptionReads(get);
  const read = await readLagoMetrics({ get });
  if (!read.ok) {
    const detail = `the billable metrics could not be read (${read.problem}): no code was checked`;
    yield { level: 'warn', detail };
    return;
  }
  for (const rule of rules) yield { about: `rule ${rule.name}`, ...judgeRule(rule, read.metrics) };
}

/** Whether the key may read subscriptions, which a rule with a lookup needs. */
async function checkSubscriptionReads(get: Get): Promise<KindFinding> {
  const about = 'subscriptions';
  const answer = await get('/api/v1/subscriptions?page=1&per_page=1');
  if ('status' in answer && answer.status === 200) {
    return { level: 'ok', about, detail: 'can be read, for rules that look them up' };
  }
  const problem = describeProblem(answer);
  const detail = `cannot be read (${problem}): usage of rules that look them up would wait`;
  return { level: 'fail', about, detail };
}
