import { type ObjectSym, type Sym, setField } from './symbols.js';

/** Takes the fields of another value over. Returns why that cannot be told, or null. */
export function spread(object: ObjectSym, from: Sym, line: number): string | null {
  if (from.kind === 'object') {
    if (from.all) {
      const problem = spread(object, { kind: 'path', path: from.all.path }, line);
      if (problem) return problem;
    }
    for (const field of from.fields) setField(object, field.name, field.value, field.line);
    return null;
  }
  if (from.kind === 'constant' && !from.value) return null;
  // `...(event.properties || {})`
  if (from.kind === 'fallback' && from.options[0]?.kind === 'path' && from.options.slice(1).every(isEmpty)) {
    return spread(object, from.options[0], line);
  }
  if (from.kind !== 'path') return 'takes over the fields of something unknown';
  if (object.all) return 'takes over the fields of two objects';
  object.all = { path: from.path, over: object.fields.length > 0, line };
  return null;
}

function isEmpty(sym: Sym): boolean {
  if (sym.kind === 'constant') return !sym.value;
  return sym.kind === 'object' && sym.fields.length === 0 && sym.all === null;
}
