import { compilePath, hashValue, maskValue } from '@meterbridge/segment-events';
import { coerce, plainValue } from './coerce.js';
import { type Mapped, mapped, unmapped } from './mapped.js';
import { isScalar, type MappedValue, plainDecimal, type Scalar, typeName } from './scalar.js';
import type { PathRule, ValueRule } from './value-rule.js';

export type ReadValue = (event: object) => Mapped<MappedValue>;

/**
 * Compiles a rule to a function over events. A value that is not required comes back as it was found, null
 * or undefined; a required one that is missing or null is a failure naming the paths, unless the rule has
 * a default (`default: null` allows it to be left out).
 */
export function compileValue(rule: ValueRule, options: { required: boolean }): ReadValue {
  if (typeof rule === 'object' && 'value' in rule) {
    const constant = mapped<MappedValue>(rule.value);
    return () => constant;
  }
  const spelled: PathRule = typeof rule === 'string' || Array.isArray(rule) ? { path: rule } : rule;
  const paths = [spelled.path].flat();
  const readers = paths.map(compilePath);
  const label = paths.join(' | ');
  const shape = compileShape(spelled, label);
  const absent = compileAbsent(spelled, label, options.required);

  return (event) => {
    let found: unknown;
    for (const read of readers) {
      const value = read(event);
      if (value !== undefined && value !== null) return shape(value);
      if (value === null) found = null;
    }
    return absent(found as null | undefined);
  };
}

/** What happens to a value that is there. */
function compileShape(rule: PathRule, label: string): (value: unknown) => Mapped<MappedValue> {
  const { as, mask, hash } = rule;
  const read = as
    ? (value: unknown) => coerce(value, as, label)
    : (value: unknown): Mapped<Scalar | Scalar[]> => plainValue(value, label);
  if (!mask && !hash) return read;
  const conceal = mask ? maskValue : hashValue;
  return (value) => {
    const plain = read(value);
    if (!plain.ok) return plain;
    if (!isScalar(plain.value)) {
      return unmapped(
        'wrong_type',
        label,
        `${label} is ${typeName(value)}; only a single value can be hidden`,
      );
    }
    const text = typeof plain.value === 'number' ? plainDecimal(plain.value) : String(plain.value);
    return mapped(conceal(text) as string);
  };
}

/** What stands in for a value that is not there. */
function compileAbsent(
  rule: PathRule,
  label: string,
  required: boolean,
): (found: null | undefined) => Mapped<MappedValue> {
  if (rule.default !== undefined) {
    const standIn =
      rule.as && rule.default !== null
        ? coerce(rule.default, rule.as, 'default')
        : mapped<MappedValue>(rule.default);
    return () => standIn;
  }
  if (!required) return mapped;
  const several = label.includes(' | ');
  return (found) =>
    unmapped(
      'missing_value',
      label,
      several
        ? `none of ${label} has a value; one was expected`
        : `${label} is ${typeName(found)}; a value was expected`,
    );
}
