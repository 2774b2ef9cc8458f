import { type Atom, type Literal, type Scalar, toFql, valuesLeft } from './condition.js';
import { mergeCases } from './merge-ways.js';

/** A rule's filter; `unclear`: what of it nobody can tell from the code. */
export type When = { fql: string; unclear: (Atom & { kind: 'unclear' })[] };

/** The filter that takes an event of a type in any of the cases. A type of null: of every type. */
export function writeWhen(type: string | null, cases: readonly Literal[][]): When | null {
  const base = type === null ? [] : [`type = "${type}"`];
  const simple = joinByIn(mergeCases(cases).map(dropImplied));
  const unclear = simple.flat().flatMap(({ atom }) => (atom.kind === 'unclear' ? [atom] : []));
  const isClear = ({ atom }: Literal) => atom.kind !== 'unclear';
  const parts = simple.map((each) => toFql(each.filter(isClear)) ?? []);
  if (parts.some((each) => each.length === 0)) {
    if (unclear.length === 0) return base.length === 0 ? null : { fql: base.join(), unclear };
    return { fql: joinParts([...base, '']), unclear };
  }
  const [only, ...others] = parts;
  const text =
    others.length === 0 ? only! : [`(${parts.map((each) => `(${each.join(' and ')})`).join(' or ')})`];
  // What is unclear leaves an `and` without its end: such a filter is refused until somebody writes it.
  return { fql: joinParts([...base, ...text, ...(unclear.length > 0 ? [''] : [])]), unclear };
}

function joinParts(parts: readonly string[]): string {
  return parts.join(' and ').trim();
}

/** The names of the events that are asked for, where there is nothing but names. */
export function eventNames(cases: readonly Literal[][]): string[] {
  return cases.flatMap((each) =>
    each.flatMap(({ atom, holds }) =>
      holds && atom.kind === 'equals' && isEvent(atom) ? [String(atom.value)] : [],
    ),
  );
}

function isEvent(atom: Atom & { kind: 'equals' }): boolean {
  return atom.path.length === 1 && atom.path[0] === 'event';
}

/** What a place can still be, said once: `event = "A"` says that it is not "B". */
function dropImplied(literals: readonly Literal[]): Literal[] {
  const said = new Set<string>();
  return literals.flatMap((literal): Literal[] => {
    const { atom } = literal;
    if (atom.kind !== 'equals' && atom.kind !== 'in') return [literal];
    const values = valuesLeft(literals, atom.path);
    if (values === null) return [literal];
    const place = JSON.stringify(atom.path);
    if (said.has(place)) return [];
    said.add(place);
    return [{ atom: oneOf(atom.path, values), holds: true }];
  });
}

function oneOf(path: readonly string[], values: readonly Scalar[]): Atom {
  return values.length === 1 ? { kind: 'equals', path, value: values[0]! } : { kind: 'in', path, values };
}

/** Cases that differ in one value of one place are one, of a list of values. */
function joinByIn(cases: readonly Literal[][]): Literal[][] {
  const groups = new Map<string, { rest: Literal[]; path: readonly string[]; values: Scalar[] }>();
  const others: Literal[][] = [];
  for (const each of cases) {
    const at = each.findIndex(({ atom, holds }) => holds && atom.kind === 'equals');
    const atom = each[at]?.atom;
    if (atom?.kind !== 'equals') {
      others.push(each);
      continue;
    }
    const rest = each.filter((_, index) => index !== at);
    const key = JSON.stringify([atom.path, rest], (name, value) => (name === 'line' ? undefined : value));
    const group = groups.get(key) ?? { rest, path: atom.path, values: [] };
    group.values.push(atom.value);
    groups.set(key, group);
  }
  const joined = [...groups.values()].map(({ rest, path, values }): Literal[] => [
    { atom: oneOf(path, values), holds: true },
    ...rest,
  ]);
  return [...joined, ...others];
}
