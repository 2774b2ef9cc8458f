import { stringify } from 'yaml';

/** One key of a YAML file that explains itself. */
export type Field = {
  key: string;
  value: Plain | { fields: readonly Field[] } | { items: readonly (readonly Field[])[] };
  /** Comment lines above the key. */
  above?: readonly string[];
  /** A comment behind it. */
  beside?: string;
};

/** Values that stand on one line, objects and lists in their flow form. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** Writes a YAML map with its comments. Text is quoted where YAML would read it as something else. */
export function writeYaml(fields: readonly Field[]): string {
  return `${fieldLines(fields).join('\n')}\n`;
}

/** A value on one line, as it would stand behind a key. */
function inlineYaml(value: Plain): string {
  return typeof value === 'object' && value !== null ? flowYaml(value) : scalarYaml(value);
}

/** A scalar on one line, without quotes where YAML needs none. */
function scalarYaml(value: string | number | boolean | null): string {
  return stringify(value, { lineWidth: 0, blockQuote: false }).trimEnd();
}

/** `{ a: 1 }` and `[a, b]`. Within them braces and commas need quotes, which a list of one shows. */
function flowYaml(value: Plain): string {
  if (isList(value)) return `[${value.map(flowYaml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${flowYaml(key)}: ${flowYaml(item)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  const list = stringify([value], { collectionStyle: 'flow', lineWidth: 0, blockQuote: false });
  return list.trim().slice(1, -1).trim();
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

/** Comment lines; what a comment quotes may hold line breaks of its own. */
function commentLines(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(/\r\n|[\n\r\u2028\u2029]/)).map((line) => `# ${line}`.trimEnd());
}

function fieldLines(fields: readonly Field[]): string[] {
  return fields.flatMap(({ key, value, above = [], beside }) => {
    const behind = beside === undefined ? '' : ` # ${beside}`;
    const name = `${inlineYaml(key)}:`;
    const nested = linesOf(value);
    const first = typeof nested === 'string' ? `${name} ${nested}` : name;
    return [...commentLines(above), first + behind, ...(typeof nested === 'string' ? [] : nested)];
  });
}

function linesOf(value: Field['value']): string | string[] {
  if (isBlock(value, 'fields')) return indent(fieldLines(value.fields));
  if (isBlock(value, 'items')) return indent(value.items.flatMap(itemLines));
  return inlineYaml(value as Plain);
}

/** The dash stands before the first key, behind the comments above that. */
function itemLines(fields: readonly Field[]): string[] {
  const [first, ...others] = fields;
  if (first === undefined) return ['- {}'];
  const { above = [], ...bare } = first;
  const [line = '', ...more] = [...fieldLines([bare]), ...fieldLines(others)];
  return [...commentLines(above), `- ${line}`, ...indent(more)];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function isBlock<Key extends 'fields' | 'items'>(
  value: Field['value'],
  key: Key,
): value is Extract<Field['value'], Record<Key, readonly unknown[]>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Array.isArray((value as never)[key])
  );
}
