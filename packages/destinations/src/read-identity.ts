import {
  compileValue,
  type Mapped,
  mapped,
  plainDecimal,
  typeName,
  unmapped,
  type ValueOptions,
  type ValueRule,
} from '@meterbridge/usage-mapping';

/**
 * Compiles a value that says who or what is billed: one string that is neither blank nor padded. The APIs take a
 * blank or unknown one without a word and never bill it.
 * @param field the name of the rule's field, for the message
 */
export function compileIdentity(
  rule: ValueRule,
  field: string,
  options: Omit<ValueOptions, 'required'> = { isName: true },
): (event: object) => Mapped<string> {
  const read = compileValue(rule, { required: true, ...options });
  return (event) => {
    const result = read(event);
    if (!result.ok) return result;
    const { value } = result;
    if (typeof value === 'number') return mapped(plainDecimal(value));
    if (typeof value !== 'string') {
      return unmapped(
        'wrong_type',
        field,
        `${field} is ${typeName(value)}; a string or a number was expected`,
      );
    }
    const trimmed = value.trim();
    if (trimmed === '') return unmapped('missing_value', field, `${field} is an empty string`);
    if (!options.isName || trimmed === value) return mapped(value);
    return unmapped('unsupported_value', field, `${field} begins or ends with white space`);
  };
}
