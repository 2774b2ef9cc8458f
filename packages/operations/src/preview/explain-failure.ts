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
  // A field alone may count other things than all of them together.
  const isWhole = ({ code, path }: MappingFailure) => code === whole.code && path === whole.path;
  if (!found.some(isWhole)) return [{ ...whole, field: [] }, ...found];
  return found.map((failure) => (isWhole(failure) ? { ...failure, detail: whole.detail } : failure));
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
