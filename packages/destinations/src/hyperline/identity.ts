import { splitPath } from '@meterbridge/segment-events';
import { type EventValue, holdsValueOf, partsOf, pathsOf, type ValueRule } from '@meterbridge/usage-mapping';
import type { RuleIdentity } from '../destination.js';
import type { HyperlineRule } from './settings.js';

/** Hyperline tells events apart by event type and record id; the customer is no part of it. */
export const hyperlineIdentity: RuleIdentity<HyperlineRule> = {
  name: 'event_type and record.id',
  of: (rule) => JSON.stringify([sourceOf(rule.eventType), sourceOf(idOf(rule))]),
  shared(a, b) {
    if (!mayBeOneId(sourceOf(idOf(a)), sourceOf(idOf(b)))) return null;
    const [one, other] = [sourceOf(a.eventType), sourceOf(b.eventType)];
    if (isSame(one, other) && mayMixCustomers(a, b)) return { ofCustomers: true };
    if ('value' in one && 'value' in other) return one.value === other.value ? {} : null;
    const where = whereEqual(a.eventType, other) ?? whereEqual(b.eventType, one);
    return where ? { where } : {};
  },
  remedy: () => 'an eventType or a record.id of its own',
};

/** Where a value comes from: always the same, or paths of the event (a template's parts as one) and what is made of it. */
type Source = { value: string } | { paths: string[]; made: string };

function sourceOf(rule: ValueRule): Source {
  if (typeof rule === 'string' || Array.isArray(rule)) return { paths: [rule].flat(), made: '' };
  if ('value' in rule) return { value: String(rule.value) };
  const made = `${rule.mask ? 'mask' : (rule.hash ?? '')}${rule.times === undefined ? '' : `*${rule.times}`}`;
  if ('path' in rule) return { paths: [rule.path].flat(), made };
  const parts = partsOf(rule.template);
  const [only] = parts;
  if (parts.length === 1 && only && 'paths' in only) return { paths: only.paths, made };
  return { paths: [JSON.stringify(parts)], made };
}

/** What a value comes to is exactly what stands in the event, as text. */
function isAsWritten(rule: ValueRule): boolean {
  if (typeof rule === 'string' || Array.isArray(rule)) return true;
  return 'path' in rule && !rule.mask && !rule.hash && rule.default === undefined && rule.as === undefined;
}

/** Whether a rule's records are of one event each: their id is the messageId, or holds it. */
export function isIdOfEvent(rule: Pick<HyperlineRule, 'record'>): boolean {
  return holdsValueOf(idOf(rule), 'messageId');
}

/**
 * What is wrong with the id of a rule's records, or null. Hyperline tells records apart by event type and id: where two
 * customers have one id, the newer takes the other's usage.
 */
export function findIdProblem(rule: Pick<HyperlineRule, 'customer' | 'record' | 'uniqueIds'>): string | null {
  const id = idOf(rule);
  if (hasPartsWithNothingBetween(id))
    return 'write some text between the parts of an id, or two ids become one';
  if (rule.uniqueIds || isIdOfEvent(rule) || holdsValueOf(id, rule.customer)) return null;
  const [customer, own] = [pathsOf(rule.customer), pathsOf(id)].map((paths) => `\${${paths.join(' | ')}}`);
  const remedy = `Write { template: "${customer}:${own}" }, or uniqueIds: true beside record where no two customers ever share an id`;
  return `the id leaves the customer out, as Hyperline does: it would take one customer's usage for another's. ${remedy}`;
}

function hasPartsWithNothingBetween(id: ValueRule): boolean {
  if (typeof id !== 'object' || !('template' in id)) return false;
  const parts = partsOf(id.template);
  return parts.some((part, index) => 'paths' in part && 'paths' in (parts[index + 1] ?? {}));
}

function idOf(rule: Pick<HyperlineRule, 'record'>): ValueRule {
  return (rule.record as Record<string, ValueRule | undefined>).id ?? 'messageId';
}

/** Two paths that differ lead to one value by accident only, and so do a path and a fixed id. */
function mayBeOneId(a: Source, b: Source): boolean {
  if ('value' in a || 'value' in b) return 'value' in a && 'value' in b && a.value === b.value;
  return a.made === b.made && a.paths.some((path) => b.paths.includes(path));
}

/** Whether two rules with one id give records to two customers: each of them by itself knows of one alone. */
function mayMixCustomers(a: HyperlineRule, b: HyperlineRule): boolean {
  if (isIdOfEvent(a) || isIdOfEvent(b) || (a.uniqueIds && b.uniqueIds)) return false;
  return !isSame(sourceOf(a.customer), sourceOf(b.customer));
}

function isSame(a: Source, b: Source): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What an event has to have for a value to come to a fixed one; nothing where no filter could tell. */
function whereEqual(taken: ValueRule, fixed: Source): EventValue | undefined {
  const source = sourceOf(taken);
  if ('value' in source || source.paths.length !== 1 || !isAsWritten(taken)) return undefined;
  // A filter that asks for the number 5 does not exclude what is sent as the text 5.
  if (!('value' in fixed) || !Number.isNaN(Number(fixed.value))) return undefined;
  const split = splitPath(source.paths[0]!);
  return split.ok ? { path: split.path, value: fixed.value } : undefined;
}
