import { escapeFqlKey, escapeGlob, quoteFql } from '@meterbridge/config-draft';

export type Scalar = string | number | boolean | null;

/** A question about the event that FQL can ask, by itself. */
export type Atom =
  | { kind: 'equals'; path: readonly string[]; value: Scalar }
  | { kind: 'in'; path: readonly string[]; values: readonly Scalar[] }
  | { kind: 'number'; path: readonly string[]; operator: '>' | '>=' | '<' | '<='; value: number }
  /** Text that begins, ends or goes on with something. */
  | { kind: 'match'; path: readonly string[]; before: boolean; text: string; after: boolean }
  /** Neither missing nor null, false, 0 or empty. */
  | { kind: 'truthy'; path: readonly string[] }
  | { kind: 'unclear'; line: number; code: string; why: string };

/** A condition as the code has it. */
export type Test =
  | Atom
  | { kind: 'known'; holds: boolean }
  | { kind: 'not'; of: Test }
  | { kind: 'and' | 'or'; of: readonly Test[] };

/** One thing that is known of the event on some way through the code. */
export type Literal = { atom: Atom; holds: boolean };

/** What Segment's spec keeps for text: an id or a name, or nothing. */
const TEXT_FIELDS = [
  'type',
  'event',
  'userId',
  'anonymousId',
  'messageId',
  'groupId',
  'previousId',
  'name',
  'context.groupId',
];
const OBJECT_FIELDS = ['context', 'properties', 'traits', 'integrations'];

export function isTextField(path: readonly string[]): boolean {
  return TEXT_FIELDS.includes(path.join('.'));
}

/** What JavaScript takes for false, of what can stand in a place. */
function emptiesOf(path: readonly string[]): string[] {
  if (OBJECT_FIELDS.includes(path.join('.'))) return ['null'];
  return isTextField(path) ? ['null', '""'] : ['null', '""', '0', 'false'];
}

/** Equal for the same question, wherever it is asked. */
export function atomKey(atom: Atom): string {
  return JSON.stringify(atom, (name, value) => (name === 'line' ? undefined : value));
}

/** What is already known of an atom by what has been decided; null where it is open. */
export function infer(known: readonly Literal[], atom: Atom): boolean | null {
  const key = atomKey(atom);
  const same = known.find((literal) => atomKey(literal.atom) === key);
  if (same) return same.holds;
  if (!('path' in atom)) return null;
  const values = valuesLeft(known, atom.path);
  if (atom.kind === 'equals') {
    if (values?.every((value) => value === atom.value)) return true;
    if (values && !values.includes(atom.value)) return false;
    return isExcluded(known, atom) ? false : null;
  }
  if (values === null) return null;
  if (atom.kind === 'in') return agreed(values.map((value) => atom.values.includes(value)));
  return atom.kind === 'truthy' ? agreed(values.map(Boolean)) : null;
}

/** What a place can hold by what has been decided; null where that could be anything. */
export function valuesLeft(known: readonly Literal[], path: readonly string[]): Scalar[] | null {
  let left: Scalar[] | null = null;
  for (const { atom, holds } of aboutPlace(known, path)) {
    if (!holds || (atom.kind !== 'equals' && atom.kind !== 'in')) continue;
    const values = atom.kind === 'equals' ? [atom.value] : [...atom.values];
    left = left === null ? values : left.filter((value) => values.includes(value));
  }
  return left === null ? null : left.filter((value) => !isExcluded(known, { kind: 'equals', path, value }));
}

function isExcluded(known: readonly Literal[], { path, value }: Atom & { kind: 'equals' }): boolean {
  return aboutPlace(known, path).some(({ atom, holds }) => {
    if (holds) return false;
    return atom.kind === 'equals' ? atom.value === value : atom.kind === 'in' && atom.values.includes(value);
  });
}

function aboutPlace(known: readonly Literal[], path: readonly string[]): Literal[] {
  const place = JSON.stringify(path);
  return known.filter(({ atom }) => 'path' in atom && JSON.stringify(atom.path) === place);
}

function agreed(answers: readonly boolean[]): boolean | null {
  const [first, ...others] = answers;
  return first !== undefined && others.every((each) => each === first) ? first : null;
}

/** The condition in FQL, nearly always as short as a person would write it. Null for what nobody can tell. */
export function toFql(literals: readonly Literal[]): string[] | null {
  const parts: string[] = [];
  for (const { atom, holds } of literals) {
    if (atom.kind === 'unclear') return null;
    parts.push(...atomToFql(atom, holds));
  }
  return parts;
}

/** Parts that all have to hold. */
function atomToFql(atom: Exclude<Atom, { kind: 'unclear' }>, holds: boolean): string[] {
  const path = atom.path.map(escapeFqlKey).join('.');
  switch (atom.kind) {
    case 'equals':
      return [`${path} ${holds ? '=' : '!='} ${scalarToFql(atom.value)}`];
    case 'in':
      return [negated(holds, `${path} in [${atom.values.map(scalarToFql).join(', ')}]`)];
    case 'number':
      // JavaScript compares text that is a number, too.
      return [negated(holds, `number(${path}) ${atom.operator} ${atom.value}`)];
    case 'match': {
      const glob = `${atom.before ? '*' : ''}${escapeGlob(atom.text)}${atom.after ? '*' : ''}`;
      return [negated(holds, `match(${path}, ${quoteFql(glob)})`)];
    }
    case 'truthy': {
      const empties = emptiesOf(atom.path);
      if (holds) return empties.map((empty) => `${path} != ${empty}`);
      const parts = empties.map((empty) => `${path} = ${empty}`);
      return parts.length === 1 ? parts : [`(${parts.join(' or ')})`];
    }
  }
}

function negated(holds: boolean, text: string): string {
  return holds ? text : `!(${text})`;
}

function scalarToFql(value: Scalar): string {
  return typeof value === 'string' ? quoteFql(value) : String(value);
}
