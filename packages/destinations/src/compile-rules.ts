import type { UsageEvent } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { Mapped } from '@meterbridge/usage-mapping';
import type { Destination, PendingUsage } from './destination.js';

/** Compiles every rule once and finds it by name; a queued event may name one that is gone since. */
export function compileRules<Rule extends { name: string }>(
  rules: readonly Rule[],
  compile: (rule: Rule) => (event: SegmentEvent) => Mapped<UsageEvent | PendingUsage>,
): Destination['map'] {
  const compiled = new Map(rules.map((rule) => [rule.name, compile(rule)]));
  return (name, event) => {
    const write = compiled.get(name);
    if (!write) {
      const detail = `the configuration has no rule "${name}" for this destination`;
      return { ok: false, code: 'unknown_rule', failure: { code: 'unknown_rule', path: 'rules', detail } };
    }
    const usage = write(event);
    if (!usage.ok) return { ok: false, code: 'unmapped', failure: usage.failure };
    return 'complete' in usage.value ? { ok: true, pending: usage.value } : { ok: true, usage: usage.value };
  };
}
