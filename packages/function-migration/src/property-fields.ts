import type { Field } from '@meterbridge/config-draft';
import { escapeKey } from '@meterbridge/config-draft';
import { type Findings, openField, valueField } from './findings.js';
import type { Vendor } from './recipes.js';
import type { SymField } from './symbols.js';

/** Named values, and every flat property where the function takes a whole object. Null where there are none. */
export function propertyFields(
  { value, line }: SymField,
  type: Vendor,
  key: 'properties' | 'record',
  findings: Findings,
): Field | null {
  if (value.kind === 'constant' && (value.value === undefined || value.value === null)) return null;
  if (value.kind === 'path' && value.path.length > 0) return { key, value: { '*': pathText(value.path) } };
  if (value.kind === 'fallback' && value.options[0]?.kind === 'path') {
    return propertyFields({ name: key, value: value.options[0], line }, type, key, findings);
  }
  if (value.kind !== 'object') {
    const isUnknown = value.kind === 'unknown';
    const why = isUnknown ? value.why : 'fields that the function does not name';
    const item = { line: isUnknown ? value.line : line, field: key, code: isUnknown ? value.code : '', why };
    return openField(findings, key, item);
  }
  const fields: Field[] = [];
  if (value.all) fields.push({ key: '*', value: pathText(value.all.path) });
  if (value.all?.over) {
    findings.differences.push({
      line: value.all.line,
      what: `...${pathText(value.all.path)} stood behind the messageId: a field of that name took its place; here it does not`,
    });
  }
  for (const part of value.fields) {
    const field = valueField(findings, type, part.name, part, `${key}.${part.name}`);
    if (field) fields.push(field);
  }
  return fields.length === 0 ? null : { key, value: { fields } };
}

function pathText(path: readonly string[]): string {
  return path.map(escapeKey).join('.');
}
