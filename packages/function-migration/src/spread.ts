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
  object.all = { path: from.path, over: takeOver(object, from.path, line), line };
  return null;
}

/**
 * What stands behind wins: `{ quantity: 1, ...event.properties }` is a default. The messageId stays what it is,
 * since an event that has an `id` of its own was hardly meant to take its place. Returns whether it stood there.
 */
function takeOver(object: ObjectSym, path: readonly string[], line: number): boolean {
  let hasMessageId = false;
  for (const field of object.fields) {
    if (isMessageId(field.value)) hasMessageId = true;
    else {
      const own: Sym = { kind: 'path', path: [...path, field.name] };
      field.value = { kind: 'fallback', options: [own, field.value], passes: 'undefined', line };
    }
  }
  return hasMessageId;
}

function isMessageId(sym: Sym): boolean {
  return sym.kind === 'path' && sym.path.join('.') === 'messageId';
}

function isEmpty(sym: Sym): boolean {
  if (sym.kind === 'constant') return !sym.value;
  return sym.kind === 'object' && sym.fields.length === 0 && sym.all === null;
}
