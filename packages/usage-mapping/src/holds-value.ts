import { partsOf, pathsOf, type ValueRule } from './value-rule.js';

/**
 * Whether two events that differ in one value differ in another, too: an id that holds the customer is never one of
 * two customers. Looks at the rules alone; what cannot be told is no.
 * @param whole compiled as injective, where it is a template
 */
export function holdsValueOf(whole: ValueRule, value: ValueRule): boolean {
  if (typeof value === 'object' && 'value' in value) return true;
  const given = partsIn(whole);
  return partsIn(value).every((wanted) => given.some((paths) => beginsWith(paths, wanted)));
}

/** The paths of each part that stands in a value as it is found, or hashed. */
function partsIn(rule: ValueRule): string[][] {
  if (typeof rule === 'string' || Array.isArray(rule)) return [[rule].flat()];
  if ('value' in rule || rule.mask || (rule.as ?? 'string') !== 'string') return [];
  if ((rule.default ?? null) !== null) return [];
  return 'path' in rule
    ? [pathsOf(rule)]
    : partsOf(rule.template).flatMap((part) => ('paths' in part ? [part.paths] : []));
}

/** Where the first paths are the same, and one of them has a value, it is this one that is taken. */
function beginsWith(paths: readonly string[], first: readonly string[]): boolean {
  return first.every((path, index) => paths[index] === path);
}
