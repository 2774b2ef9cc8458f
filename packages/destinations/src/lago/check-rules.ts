import { describeProblem } from '../check-connection.js';
import type { KindFinding } from '../description.js';
import type { Get } from '../destination.js';
import { readBillingTimes } from '../read-subscriptions.js';
import { lagoBilling } from './billing-lookup.js';
import { describePlanFault } from './describe-plan-fault.js';
import { judgeRule } from './judge-rule.js';
import { type MetricFacts, type PlanFacts, readMetricFacts, readPlanFacts } from './plan-facts.js';
import { findPlanFaults, namedSubscription } from './plan-faults.js';
import { readAllPages } from './read-pages.js';
import { isLookup, type LagoRule, type LagoSettings } from './settings.js';

/** Holds rules against what the account has: metrics, plans and subscriptions. Changes nothing there. */
export async function* checkLagoRules(get: Get, { rules }: LagoSettings): AsyncGenerator<KindFinding> {
  if (rules.some(({ subscription }) => isLookup(subscription))) yield await checkSubscriptionReads(get);
  const metrics = await readAllPages({ get }, 'billable_metrics', readMetricFacts);
  if (!metrics.ok) {
    const detail = `the billable metrics could not be read (${metrics.problem}): no code was checked`;
    yield { level: 'warn', detail };
    return;
  }
  const plans = await readAllPages({ get }, 'plans', readPlanFacts);
  if (!plans.ok) {
    const detail = `the plans could not be read (${plans.problem}): whether metrics are charged was not checked`;
    yield { level: 'warn', detail };
  }
  for (const rule of rules) {
    yield* checkRule(get, rule, { metrics: metrics.items, plans: plans.ok ? plans.items : null });
  }
}

/** What is said of one rule: a word for what it sends, unless there is something worse. */
async function* checkRule(
  get: Get,
  rule: LagoRule,
  { metrics, plans }: { metrics: readonly MetricFacts[]; plans: readonly PlanFacts[] | null },
): AsyncGenerator<KindFinding> {
  const about = `rule ${rule.name}`;
  const subscriptions = await knownOf(get, rule);
  const faults = findPlanFaults({ metrics, plans, subscriptions }, [rule]);
  const judged = judgeRule(rule, metrics);
  if (judged.level !== 'ok' || faults.length === 0) yield { about, ...judged };
  for (const fault of faults) yield { about, ...describePlanFault(fault) };
}

/** Of the one subscription that a rule names: whether Lago has it; undefined where it names none, or Lago does not say. */
async function knownOf(get: Get, rule: LagoRule): Promise<Set<string> | undefined> {
  const named = namedSubscription(rule);
  if (named === undefined) return undefined;
  const rows = await readBillingTimes(lagoBilling('send'), named, get);
  return rows ? new Set(rows.length > 0 ? [named] : []) : undefined;
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
