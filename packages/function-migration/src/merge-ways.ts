import { type Atom, atomKey, type Literal } from './condition.js';
import { type ObjectSym, type Passed, type Sym, symKey } from './symbols.js';

/** One usage event that is sent, in each of the cases: within a case, everything has to hold. */
export type Sending = { line: number; body: ObjectSym; cases: Literal[][] };

/**
 * Makes of all ways through the code as few sendings as mean the same: what is sent either way needs no
 * condition, and `a` where there is one, else `b`, is a list of two paths.
 */
export function mergeSendings(sendings: readonly Sending[]): Sending[] {
  let merged = [...sendings];
  for (;;) {
    merged = joinEqual(merged);
    const next = unifyTwo(merged);
    if (next === null) return merged;
    merged = next;
  }
}

function joinEqual(sendings: readonly Sending[]): Sending[] {
  const groups = new Map<string, Sending>();
  for (const { line, body, cases } of sendings) {
    const key = `${line} ${symKey(body)}`;
    const group = groups.get(key);
    if (group) group.cases.push(...cases);
    else groups.set(key, { line, body, cases: [...cases] });
  }
  return [...groups.values()].map((group) => ({ ...group, cases: mergeCases(group.cases) }));
}

/** Cases that differ in one question alone, with both answers, are one without it. */
export function mergeCases(cases: readonly Literal[][]): Literal[][] {
  let merged = distinctCases(cases);
  for (;;) {
    const pair = findPair(merged, (a, b) => questionBetween(a, b) !== null);
    if (!pair) break;
    const [a, b] = pair;
    const question = questionBetween(a, b)!;
    const common = a.filter(({ atom }) => atomKey(atom) !== atomKey(question));
    merged = distinctCases([...merged.filter((each) => each !== a && each !== b), common]);
  }
  return merged.filter((each) => !merged.some((other) => other !== each && isWithin(other, each)));
}

/** The first pair of sendings that differ in where one value comes from, made one. Null where there is none. */
function unifyTwo(sendings: readonly Sending[]): Sending[] | null {
  const pair = findPair(sendings, (a, b) => unifySendings(a, b) !== null);
  if (!pair) return null;
  const [a, b] = pair;
  return sendings.flatMap((each) => (each === a ? [unifySendings(a, b)!] : each === b ? [] : [each]));
}

function unifySendings(a: Sending, b: Sending): Sending | null {
  const [caseA, ...othersA] = a.cases;
  const [caseB, ...othersB] = b.cases;
  if (!caseA || !caseB || othersA.length > 0 || othersB.length > 0 || a.line !== b.line) return null;
  const question = questionBetween(caseA, caseB);
  const place = question && placeAskedFor(question);
  if (!question || !place) return null;
  const asked = caseA.find(({ atom }) => atomKey(atom) === atomKey(question))!;
  // `truthy` holds where there is something, `= null` where there is nothing.
  const hasInA = asked.holds === (question.kind === 'truthy');
  const passes = question.kind === 'truthy' ? 'empty' : 'null';
  const body = unifyObjects(hasInA ? a.body : b.body, hasInA ? b.body : a.body, place, passes);
  if (!body) return null;
  return { line: a.line, body, cases: [caseA.filter((literal) => literal !== asked)] };
}

/** The place of the event whose being there is the question. */
function placeAskedFor(atom: Atom): readonly string[] | null {
  if (atom.kind === 'truthy') return atom.path;
  return atom.kind === 'equals' && atom.value === null ? atom.path : null;
}

/** One value that is `present` where the event has the place, else `absent`. Null where that cannot be said. */
function unify(present: Sym, absent: Sym, place: readonly string[], passes: Passed): Sym | null {
  if (symKey(present) === symKey(absent)) return present;
  if (present.kind === 'object' && absent.kind === 'object')
    return unifyObjects(present, absent, place, passes);
  if (present.kind === 'json' && absent.kind === 'json') {
    const of = unify(present.of, absent.of, place, passes);
    return of && { kind: 'json', of };
  }
  if (present.kind === 'list' && absent.kind === 'list' && present.items.length === absent.items.length) {
    const items = present.items.map((item, at) => unify(item, absent.items[at]!, place, passes));
    return items.every((item) => item !== null) ? { kind: 'list', items } : null;
  }
  if (!comesFrom(present, place)) return null;
  if (absent.kind === 'constant' && absent.value === undefined) return { kind: 'optional', of: present };
  const options = [present, absent].flatMap((each) => (each.kind === 'fallback' ? each.options : [each]));
  return { kind: 'fallback', options, passes, line: 0 };
}

function unifyObjects(
  present: ObjectSym,
  absent: ObjectSym,
  place: readonly string[],
  passes: Passed,
): ObjectSym | null {
  if (JSON.stringify(present.all?.path) !== JSON.stringify(absent.all?.path)) return null;
  const others = new Map(absent.fields.map((field) => [field.name, field]));
  const fields: ObjectSym['fields'] = [];
  for (const field of present.fields) {
    const other = others.get(field.name);
    others.delete(field.name);
    const value = other
      ? unify(field.value, other.value, place, passes)
      : comesFrom(field.value, place)
        ? ({ kind: 'optional', of: field.value } as const)
        : null;
    if (!value) return null;
    fields.push({ ...field, value });
  }
  return others.size === 0 ? { ...present, fields } : null;
}

function comesFrom(sym: Sym, place: readonly string[]): boolean {
  if (sym.kind === 'path') return place.every((key, at) => sym.path[at] === key);
  if (sym.kind === 'converted' || sym.kind === 'scaled' || sym.kind === 'masked' || sym.kind === 'hashed')
    return comesFrom(sym.of, place);
  return false;
}

/** The one question that two cases answer differently, all else being equal. */
function questionBetween(a: readonly Literal[], b: readonly Literal[]): Atom | null {
  if (a.length !== b.length) return null;
  const answers = new Map(b.map(({ atom, holds }) => [atomKey(atom), holds]));
  let question: Atom | null = null;
  for (const { atom, holds } of a) {
    const other = answers.get(atomKey(atom));
    if (other === undefined || (other !== holds && question !== null)) return null;
    if (other !== holds) question = atom;
  }
  return question;
}

/** Whether the first case holds wherever the second does. */
function isWithin(wide: readonly Literal[], narrow: readonly Literal[]): boolean {
  const keys = new Set(narrow.map(literalKey));
  return wide.every((literal) => keys.has(literalKey(literal)));
}

function distinctCases(cases: readonly Literal[][]): Literal[][] {
  return [...new Map(cases.map((each) => [each.map(literalKey).toSorted().join(), each])).values()];
}

function literalKey({ atom, holds }: Literal): string {
  return `${holds} ${atomKey(atom)}`;
}

function findPair<T>(items: readonly T[], fits: (a: T, b: T) => boolean): [T, T] | null {
  for (const [index, a] of items.entries()) {
    const b = items.slice(index + 1).find((each) => fits(a, each));
    if (b !== undefined) return [a, b];
  }
  return null;
}
