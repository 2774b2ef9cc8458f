import { compilePath, isJsonObject } from '@meterbridge/segment-events';
import { exactNumber, plainValue } from './coerce.js';
import { compileValue } from './compile-value.js';
import { type Mapped, mapped, unmapped } from './mapped.js';
import { isScalar, type MappedValue, typeName } from './scalar.js';
import { isTyped, type PropertiesRule, type ValueRule } from './value-rule.js';

/**
 * Mapped properties by name, those of `"*"` first. A plain object, so that `JSON.stringify` writes it in one
 * go; see `put` for the one name that needs care.
 */
export type MappedProperties = Record<string, Exclude<MappedValue, undefined>>;

export type PropertiesOptions = {
  /** Whether a name with a bare path must have a value. Names with `as` always must, without a default. */
  bareRequired: boolean;
  /** Whether the API takes lists of scalars. Where not, `"*"` skips them and a named one is a failure. */
  lists: boolean;
};

/**
 * Compiles a set of named values. `"*"` takes what is flat and skips the rest, since nobody named it; what
 * is named is either right or a failure. A name hides the same name under `"*"` even when it has no value:
 * it may be there to mask it.
 */
export function compileProperties(
  rule: PropertiesRule,
  options: PropertiesOptions,
): (event: object) => Mapped<MappedProperties> {
  const { '*': all, ...named } = rule;
  const values = Object.entries(named as Record<string, ValueRule>).map(([name, value]) => ({
    name,
    read: compileValue(value, { required: options.bareRequired || isTyped(value) }),
  }));
  const names = new Set(values.map(({ name }) => name));
  const takeAll = all === undefined ? undefined : compileAll(all, names, options.lists);

  return (event) => {
    const properties: MappedProperties = {};
    const failed = takeAll?.(event, properties);
    if (failed) return failed;
    for (const { name, read } of values) {
      const result = read(event);
      if (!result.ok) return result;
      if (result.value === undefined) continue;
      if (Array.isArray(result.value) && !options.lists) {
        return unmapped('wrong_type', name, `${name} is a list; a single value was expected`);
      }
      put(properties, name, result.value);
    }
    return mapped(properties);
  };
}

/** Adds every flat property at a path; answers with the failure, where there is one. */
function compileAll(path: string, hidden: ReadonlySet<string>, lists: boolean) {
  const read = compilePath(path);
  return (event: object, into: MappedProperties): Mapped<never> | undefined => {
    const object = read(event);
    if (object === undefined || object === null) return undefined;
    if (!isJsonObject(object)) {
      return unmapped('wrong_type', path, `${path} is ${typeName(object)}; an object was expected`);
    }
    for (const name of Object.keys(object)) {
      if (hidden.has(name)) continue;
      const value = object[name];
      if (typeof value === 'number') {
        const exact = exactNumber(value, `${path}.${name}`);
        if (!exact.ok) return exact;
      }
      if (value === null || isScalar(value)) put(into, name, value);
      else if (lists && Array.isArray(value) && value.every(isScalar)) {
        const list = plainValue(value, `${path}.${name}`);
        if (!list.ok) return list;
        put(into, name, list.value);
      }
    }
    return undefined;
  };
}

/** A property that is called `__proto__` is a property; assigning it would do something else. */
function put(into: MappedProperties, name: string, value: MappedProperties[string]): void {
  if (name !== '__proto__') into[name] = value;
  else Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
}
