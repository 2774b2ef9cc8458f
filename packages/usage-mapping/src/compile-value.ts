import { compilePath, hashValue, maskValue } from '@meterbridge/segment-events';
import { Big } from 'big.js';
import { coerce, plainValue } from './coerce.js';
import { type Mapped, mapped, unmapped } from './mapped.js';
import { isScalar, type MappedValue, plainDecimal, type Scalar, typeName } from './scalar.js';
import type { TemplatePart } from './template.js';
import { type PathRule, partsOf, type ShapeRule, type TemplateRule, type ValueRule } from './value-rule.js';

export type ReadValue = (event: object) => Mapped<MappedValue>;

export type ValueOptions = {
  /** Whether a value that is missing is a failure, unless the rule has a default. */
  required: boolean;
  /**
   * Whether it names something that the API compares as a whole: text with white space at an end, also of one part, is
   * then a failure. It would be stored, and match nothing.
   */
  isName?: boolean;
  /** Whether other parts may never make the same text: a part that holds what stands behind it is then a failure. */
  isInjective?: boolean;
};

/**
 * Compiles a rule to a function over events. A value that is not required comes back as it was found, null
 * or undefined; a required one that is missing or null is a failure naming the paths, unless the rule has
 * a default (`default: null` allows it to be left out).
 */
export function compileValue(rule: ValueRule, options: ValueOptions): ReadValue {
  if (typeof rule === 'object' && 'value' in rule) {
    const constant = mapped<MappedValue>(rule.value);
    return () => constant;
  }
  if (typeof rule === 'object' && 'template' in rule) return compileTemplate(rule, options);
  const spelled: PathRule = typeof rule === 'string' || Array.isArray(rule) ? { path: rule } : rule;
  const paths = [spelled.path].flat();
  const label = paths.join(' | ');
  const shape = compileShape(spelled, label);
  const absent = compileAbsent(spelled, options.required);
  const find = compileFirst(paths);

  return (event) => {
    const found = find(event);
    if (found === undefined || found === null) return absent(found, label);
    if (options.isName && isPadded(found)) return padded(label);
    return shape(found);
  };
}

/** The first value that is not null; null where one of them is null and none has a value. */
function compileFirst(paths: readonly string[]): (event: object) => unknown {
  const readers = paths.map(compilePath);
  return (event) => {
    let found: unknown;
    for (const read of readers) {
      const value = read(event);
      if (value !== undefined && value !== null) return value;
      if (value === null) found = null;
    }
    return found;
  };
}

/** A template is missing where a part is, or is empty: half of an id would be another id. */
function compileTemplate(rule: TemplateRule, options: ValueOptions): ReadValue {
  const parts = partsOf(rule.template);
  const readers = parts.map((part, index): ReadPart => {
    if ('text' in part) return { read: () => mapped(part.text), label: '' };
    return compilePart(part.paths, textBehind(parts, index), options);
  });
  const shape = compileShape(rule, rule.template);
  const absent = compileAbsent(rule, options.required);

  return (event) => {
    const texts: string[] = [];
    for (const { read, label } of readers) {
      const text = read(event);
      if (!text.ok) return text;
      if (text.value === '') return absent(undefined, label);
      texts.push(text.value);
    }
    return shape(texts.join(''));
  };
}

/** Reads one part of a template; empty where it is missing. */
type ReadPart = { read: (event: object) => Mapped<string>; label: string };

/** The text between a part and the next path; undefined behind the last one, which may hold anything. */
function textBehind(parts: readonly TemplatePart[], index: number): string | undefined {
  if (!parts.slice(index + 1).some((part) => 'paths' in part)) return undefined;
  const next = parts[index + 1];
  return next && 'text' in next ? next.text : '';
}

function compilePart(
  paths: readonly string[],
  behind: string | undefined,
  { isName, isInjective }: ValueOptions,
): ReadPart {
  const label = paths.join(' | ');
  const find = compileFirst(paths);
  const read = (event: object): Mapped<string> => {
    const found = find(event) ?? '';
    if (isName && isPadded(found)) return padded(label);
    const text = coerce(found, 'string', label) as Mapped<string>;
    if (text.ok && isName && text.value.trim() === '') return mapped('');
    if (!text.ok || !isInjective || behind === undefined || !text.value.includes(behind)) return text;
    const detail = `${label} holds ${JSON.stringify(behind)}, which stands between the parts: two ids could become one; write another text between them`;
    return unmapped('unsupported_value', label, detail);
  };
  return { read, label };
}

/** Blank text is no name at all, and another failure. */
function isPadded(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.trim() !== value;
}

function padded(label: string): Mapped<never> {
  const detail = `${label} begins or ends with white space: the API would take it for another name, and bill nobody`;
  return unmapped('unsupported_value', label, detail);
}

/** What happens to a value that is there. */
function compileShape(
  { as, times, mask, hash }: ShapeRule,
  label: string,
): (value: unknown) => Mapped<MappedValue> {
  const factor = times === undefined ? undefined : new Big(times);
  const read = as
    ? (value: unknown) => coerce(value, as, label, factor)
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
  rule: ShapeRule,
  required: boolean,
): (found: null | undefined, label: string) => Mapped<MappedValue> {
  if (rule.default !== undefined) {
    const standIn =
      rule.as && rule.default !== null
        ? coerce(rule.default, rule.as, 'default')
        : mapped<MappedValue>(rule.default);
    return () => standIn;
  }
  if (!required) return mapped;
  return (found, label) =>
    unmapped(
      'missing_value',
      label,
      label.includes(' | ')
        ? `none of ${label} has a value; one was expected`
        : `${label} is ${typeName(found)}; a value was expected`,
    );
}
