import {
  compileValue,
  type Mapped,
  mapped,
  plainDecimal,
  typeName,
  unmapped,
  type ValueRule,
} from '@meterbridge/usage-mapping';

/**
 * Compiles a value that says who or what is billed: one string that is not blank. The APIs take a blank or
 * unknown one without a word and never bill it.
 * @param field the name of the rule's field, for the message
 */
export function compileIdentity(rule: ValueRule, field: string): (event: object) => Mapped<string> {
  const read = compileValue(rule, { required: true });
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
    return value.trim() === ''
      ? unmapped('missing_value', field, `${field} is an empty string`)
      : mapped(value);
  };
}
