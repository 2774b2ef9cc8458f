import type { ReceiptCounts } from './manifest.js';
import type { ReceiptOutcome } from './receipt.js';

/**
 * Adds up events by bucket, rule and outcome. Names come from outside: in a plain object `constructor` would be there
 * before it is counted, and `__proto__` never. Pure.
 */
export class CountSum {
  private readonly buckets = new Map<string, Map<string, Map<ReceiptOutcome, number>>>();

  add(bucket: string, rule: string, outcome: ReceiptOutcome, events: number): void {
    const rules = getOrMake(this.buckets, bucket);
    const outcomes = getOrMake(rules, rule);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + events);
  }

  addAll(counts: ReceiptCounts): void {
    for (const [bucket, rules] of Object.entries(counts)) {
      for (const [rule, outcomes] of Object.entries(rules)) {
        for (const [outcome, events] of Object.entries(outcomes)) {
          this.add(bucket, rule, outcome as ReceiptOutcome, events);
        }
      }
    }
  }

  result(): ReceiptCounts {
    const toObject = <Value, Result>(map: Map<string, Value>, of: (value: Value) => Result) =>
      Object.fromEntries([...map].map(([name, value]) => [name, of(value)] as const));
    return toObject(this.buckets, (rules) => toObject(rules, (outcomes) => Object.fromEntries(outcomes)));
  }
}

function getOrMake<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const known = map.get(key);
  if (known) return known;
  const made = new Map<string, Value>();
  map.set(key, made);
  return made;
}
