import { compileDestination, type DestinationSettings } from '@meterbridge/destinations';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { MappingFailure } from '@meterbridge/usage-mapping';
import { fieldsOf, type Rule, ruleWithOnly } from './rule-fields.js';

/** One thing that keeps an event from being mapped, and which field of the rule asks for it. */
export type FieldFailure = MappingFailure & {
  /** From the rule's root in the configuration; empty where it is the whole that is wrong. */
  field: string[];
};

/**
 * Everything that keeps an event from being mapped by a rule: a mapping stops at the first, a person mends all
 * of them at once. Each field is mapped alone by the destination's own code, so that this says nothing but
 * what the worker would.
 */
export function explainFailure(
  settings: DestinationSettings,
  rule: Rule,
  event: SegmentEvent,
): FieldFailure[] {
  const whole = failureOf(settings, rule, event);
  if (!whole) return [];
  const found = fieldsOf(settings.type, rule).flatMap((field) => {
    const failure = failureOf(settings, ruleWithOnly(settings.type, rule, field), event);
    return failure ? [{ ...failure, field: field.path }] : [];
  });
  const isFound = found.some(({ code, detail }) => code === whole.code && detail === whole.detail);
  return isFound ? found : [{ ...whole, field: [] }, ...found];
}

function failureOf(
  settings: DestinationSettings,
  rule: Rule,
  event: SegmentEvent,
): MappingFailure | undefined {
  const alone = { ...settings, rules: [rule] } as DestinationSettings;
  const mapped = compileDestination(alone).map(rule.name, event);
  return mapped.ok ? undefined : mapped.failure;
}
