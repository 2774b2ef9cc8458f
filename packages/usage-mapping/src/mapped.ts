/** A mapping step's result. What cannot be mapped is data; it becomes a dead letter. */
export type Mapped<T> = { ok: true; value: T } | { ok: false; failure: MappingFailure };

export type MappingFailureCode =
  | 'missing_value'
  | 'wrong_type'
  | 'unsupported_value'
  | 'too_many_properties'
  | 'unknown_rule';

export type MappingFailure = {
  code: MappingFailureCode;
  /** Where in the event, e.g. `properties.tokens`; several tried paths are joined by ` | `. */
  path: string;
  /** Names the path, the type found and what was expected; never the value. */
  detail: string;
};

export function mapped<T>(value: T): Mapped<T> {
  return { ok: true, value };
}

export function unmapped(code: MappingFailureCode, path: string, detail: string): Mapped<never> {
  return { ok: false, failure: { code, path, detail } };
}
