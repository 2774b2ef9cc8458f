import type { Outcome } from '@meterbridge/delivery';

/** How often one rule is told of: its deliveries are tried in turn for a day. */
const TELL_EVERY_MS = 60_000;

export type MissingRulesOptions = {
  /** Epoch milliseconds. */
  now: () => number;
  /** Keeps the names for `status`; rejects as Redis does. */
  keep: (rules: string[]) => Promise<void>;
  onMissing: (rule: string) => void;
  onProblem: (error: unknown) => void;
};

/**
 * Watches outcomes for deliveries that wait for a rule which was removed, and tells of each rule now and then. The result
 * is given the rule of each delivery and its outcome: events held while they are sent would fill the memory.
 */
export function watchMissingRules({ now, keep, onMissing, onProblem }: MissingRulesOptions) {
  const told = new Map<string, number>();
  return (rules: readonly string[], outcomes: readonly Outcome[]): void => {
    const missing = new Set<string>();
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.outcome === 'failed' && outcome.code === 'rule_removed') missing.add(rules[index]!);
    }
    const at = now();
    const due = [...missing].filter(
      (rule) => at - (told.get(rule) ?? Number.NEGATIVE_INFINITY) >= TELL_EVERY_MS,
    );
    if (due.length === 0) return;
    for (const rule of due) {
      told.set(rule, at);
      onMissing(rule);
    }
    keep(due).catch(onProblem);
  };
}
