import { type DestinationSettings, type DestinationType, kindOf } from '@meterbridge/destinations';
import { splitPath } from '@meterbridge/segment-events';
import { type PropertiesRule, pathsOf, type ValueRule } from '@meterbridge/usage-mapping';

export type Rule = DestinationSettings['rules'][number];

/** One value of a rule: its keys from the rule's root, and from the root of the usage event. */
export type RuleField = { path: string[]; target: string[]; rule: ValueRule };

/** A value that the destination is asked for, and what it is asked by. */
type Lookup = { lookup: string; customer: ValueRule };

function isLookup(value: ValueRule | Lookup): value is Lookup {
  return typeof value === 'object' && 'lookup' in value;
}

/** Every value of a rule, in the order in which it is mapped. */
export function fieldsOf(type: DestinationType, rule: Rule): RuleField[] {
  const { values, set } = kindOf(type).sent;
  const given = rule as unknown as Record<string, ValueRule | Lookup | undefined>;
  const single = Object.entries(values).flatMap(([name, target]): RuleField[] => {
    const value = given[name];
    if (value === undefined) return [];
    return isLookup(value)
      ? [{ path: [name, 'customer'], target: [...target], rule: value.customer }]
      : [{ path: [name], target: [...target], rule: value }];
  });
  const named = Object.entries(propertiesOf(type, rule)).map(([name, value]) => ({
    path: [set.field, name],
    target: [...set.target, name],
    rule: value as ValueRule,
  }));
  return [...single, ...named];
}

/**
 * The rule with nothing in it that can fail but one field. What `"*"` takes is what is not named beside it,
 * so that names stay.
 */
export function ruleWithOnly(type: DestinationType, rule: Rule, { path }: RuleField): Rule {
  const { values, set } = kindOf(type).sent;
  const [field, name] = path;
  const given = rule as unknown as Record<string, unknown>;
  const alone: Record<string, unknown> = { ...given };
  for (const other of Object.keys(values)) {
    if (given[other] !== undefined && other !== field) alone[other] = SAFE;
  }
  const all = propertiesOf(type, rule);
  alone[set.field] =
    field !== set.field
      ? {}
      : Object.fromEntries(
          Object.entries(all).flatMap(([other, value]) => {
            if (other === name) return [[other, value]];
            return name === '*' ? [[other, SAFE]] : [];
          }),
        );
  return alone as unknown as Rule;
}

/** Right for every field: an id, a number, a text. */
const SAFE = { value: '0' };

function propertiesOf(type: DestinationType, rule: Rule): PropertiesRule {
  return (rule as unknown as Record<string, PropertiesRule>)[kindOf(type).sent.set.field] ?? {};
}

/** What a rule hides: the field it is sent as, the paths it is read from, and how. */
export type Concealed = { target: string[]; paths: string[]; how: 'masked' | 'hashed' };

export function concealedBy(type: DestinationType, rule: Rule): Concealed[] {
  return fieldsOf(type, rule).flatMap(({ target, rule: value }) => {
    if (typeof value !== 'object' || Array.isArray(value) || 'value' in value) return [];
    if (!value.mask && !value.hash) return [];
    return [{ target, paths: pathsOf(value), how: value.mask ? ('masked' as const) : ('hashed' as const) }];
  });
}

/** Whether a path of an event leads to, into, or around what some rule hides: its value is not to be shown. */
export function isConcealed(path: string, destinations: readonly DestinationSettings[]): boolean {
  return destinations.some(({ type, rules }) =>
    (rules as readonly Rule[]).some((rule) =>
      concealedBy(type, rule).some(({ paths }) => paths.some((hidden) => overlap(hidden, path))),
    ),
  );
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [splitPath(one), splitPath(other)];
  if (!a.ok || !b.ok) return one === other;
  return a.path.every((key, index) => index >= b.path.length || key === b.path[index]);
}
