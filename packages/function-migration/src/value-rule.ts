import type { Plain } from '@meterbridge/config-draft';
import { escapeKey } from '@meterbridge/config-draft';
import type { Vendor } from './recipes.js';
import type { Constant, Sym } from './symbols.js';

/** Something for a person to read, about a line of the function. */
export type Remark = { line: number; what: string };

/** A value of the configuration; `omit`: none at all; or why there cannot be one. */
export type Translation =
  | { is: 'rule'; rule: Plain; remarks: Remark[] }
  | { is: 'omit' }
  | { is: 'open'; line: number; code: string; why: string };

type PathRule = {
  /** Empty where a template stands in its place. */
  path: string[];
  template?: string;
  as?: 'number' | 'string' | 'timestamp';
  times?: string;
  default?: Exclude<Constant, undefined>;
  mask?: true;
  hash?: 'sha256';
};

/** Why a value cannot be told; a line of its own, where it has one, wins over the field's. */
class Open extends Error {
  override name = 'Open';
  readonly place: { line: number; code: string } | null;
  constructor(why: string, place: { line: number; code: string } | null = null) {
    super(why);
    this.place = place;
  }
}

/**
 * A value as the configuration says it.
 * @param at the field's line and text, for what cannot be said
 */
export function translate(sym: Sym, type: Vendor, at: { line: number; code: string }): Translation {
  const remarks: Remark[] = [];
  try {
    if (sym.kind === 'constant') {
      if (sym.value === undefined) return { is: 'omit' };
      if (sym.value === null) throw new Open('null for every event');
      return { is: 'rule', rule: { value: sym.value }, remarks };
    }
    const rule = toPathRule(sym, type, remarks, at.line);
    return { is: 'rule', rule: shorten(rule), remarks };
  } catch (error) {
    if (!(error instanceof Open)) throw error;
    return { is: 'open', ...at, ...error.place, why: error.message };
  }
}

/** The shortest way to write a rule: a path, a list of paths, or an object. */
function shorten({ path, template, as, times, default: standIn, mask, hash }: PathRule): Plain {
  const paths: Plain = path.length === 1 ? path[0]! : path;
  const rest = { as, times, default: standIn, mask, hash };
  const said = Object.fromEntries(
    Object.entries(rest).filter(
      (entry): entry is [string, Exclude<Constant, undefined>] => entry[1] !== undefined,
    ),
  );
  if (template !== undefined) return { template, ...said };
  return Object.keys(said).length === 0 ? paths : { path: paths, ...said };
}

function toPathRule(sym: Sym, type: Vendor, remarks: Remark[], line: number): PathRule {
  switch (sym.kind) {
    case 'path':
      if (sym.path.length === 0) throw new Open('the whole event');
      return { path: [sym.path.map(escapeKey).join('.')] };
    case 'optional': {
      const rule = toPathRule(sym.of, type, remarks, line);
      // Hyperline leaves a bare path out by itself; Lago's would be a dead letter.
      return type === 'hyperline' && rule.as === undefined ? rule : { default: null, ...rule };
    }
    case 'converted': {
      const rule = toPathRule(sym.of, type, remarks, line);
      if (sym.cuts !== undefined) {
        remarks.push({ line: sym.cuts, what: 'parseInt cut the decimals off; `as: number` sends them' });
      }
      return withType(rule, sym.as);
    }
    case 'masked':
      remarks.push({
        line: sym.line,
        what: '`mask: true` writes J*** and l***.c***@yourcompany.com: compare it with what the function wrote',
      });
      return { ...toPathRule(sym.of, type, remarks, line), mask: true };
    case 'hashed':
      return { ...toPathRule(sym.of, type, remarks, line), hash: 'sha256' };
    case 'time':
      if (sym.of === null) throw new Open('the time of sending');
      if (sym.form !== 'iso') throw new Open('a time in numbers; Meterbridge writes ISO 8601');
      return withType(toPathRule(sym.of, type, remarks, line), 'timestamp');
    case 'fallback':
      return fallbackRule(sym, type, remarks, line);
    case 'settings':
      throw new Open(`the setting ${sym.path.join('.')}, whose value is not in the code`);
    case 'unknown':
      throw new Open(sym.why, sym.line > 0 ? { line: sym.line, code: sym.code } : null);
    case 'object':
      throw new Open('an object; the API takes single values');
    case 'list':
      throw new Open('a list that the function makes');
    case 'text':
      return { path: [], template: toTemplate(sym.parts, remarks, line) };
    case 'scaled':
      return scaledRule(sym, type, remarks);
    case 'json':
      throw new Open('a value written as JSON');
    case 'random':
      throw new Open('chance');
    case 'constant':
    case 'test':
    case 'events':
    case 'hasher':
    case 'response':
    case 'closure':
    case 'builtin':
    case 'error':
      throw new Open('no value of the event');
  }
}

/** Exact, where the function rounded to a double. */
function scaledRule(
  { of, times, line }: Sym & { kind: 'scaled' },
  type: Vendor,
  remarks: Remark[],
): PathRule {
  const rule = withType(toPathRule(of, type, remarks, line), 'number');
  // A default stands in as it is, and is not computed with.
  if (rule.default) throw new Open('a default that is computed with');
  remarks.push({ line, what: `\`times: "${times}"\` is exact; the function rounded what it computed` });
  return { ...rule, times };
}

function toTemplate(parts: readonly Sym[], remarks: Remark[], line: number): string {
  remarks.push({
    line,
    what: 'where a part is missing the whole value is; the function wrote "undefined" into it',
  });
  return parts
    .map((part) =>
      part.kind === 'constant'
        ? String(part.value).replaceAll('\\', '\\\\').replaceAll('${', '\\${')
        : `\${${placesOf(part).join(' | ')}}`,
    )
    .join('');
}

/** The paths of a template's part. */
function placesOf(part: Sym): string[] {
  if (part.kind === 'converted' && part.as === 'string') return placesOf(part.of);
  if (part.kind === 'path' && part.path.length > 0) {
    return [part.path.map((key) => escapeKey(key).replace(/[|}]/g, '\\$&')).join('.')];
  }
  if (part.kind === 'fallback' && part.passes !== 'undefined') return part.options.flatMap(placesOf);
  throw new Open('text put together of something else than values of the event');
}

function withType(rule: PathRule, as: 'number' | 'string' | 'timestamp'): PathRule {
  if (rule.as !== undefined && rule.as !== as) throw new Open('converted twice');
  return { ...rule, as };
}

/** Paths in order of preference, and a constant behind them as the default. */
function fallbackRule(
  sym: Sym & { kind: 'fallback' },
  type: Vendor,
  remarks: Remark[],
  line: number,
): PathRule {
  const rules: PathRule[] = [];
  for (const [index, option] of sym.options.entries()) {
    if (option.kind !== 'constant') {
      rules.push(toPathRule(option, type, remarks, line));
      continue;
    }
    if (index < sym.options.length - 1) throw new Open('a constant before other values');
    remarks.push(...aboutDefault(sym, option.value));
    if (option.value !== undefined) rules.push({ path: [], default: option.value });
  }
  const [first, ...others] = rules.map(({ path: _, default: __, ...shape }) => JSON.stringify(shape));
  const shapes = others.filter((_, index) => rules[index + 1]!.path.length > 0);
  if (shapes.some((shape) => shape !== first)) throw new Open('values that are treated differently');
  if (rules.slice(0, -1).some((rule) => rule.default !== undefined))
    throw new Open('one default within another');
  const last = rules.at(-1)!;
  return {
    ...rules[0]!,
    path: rules.flatMap(({ path }) => path),
    default: last.default,
  };
}

/** `x || 1` makes 1 of a 0, and a null that stays null is no 1: either is another bill. */
function aboutDefault({ passes, line }: Sym & { kind: 'fallback' }, value: Constant): Remark[] {
  const text = JSON.stringify(value);
  if (passes === 'empty' && value) {
    const what = `\`|| ${text}\` stood for 0, false and empty text, too; a default stands for what is missing`;
    return [{ line, what }];
  }
  if (passes !== 'undefined' || value === undefined || value === null) return [];
  return [
    {
      line,
      what: `null was sent as null where ${text} stood for what is missing; a default stands for both`,
    },
  ];
}
