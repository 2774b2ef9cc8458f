import type { AnyNode, Function as FunctionNode } from 'acorn';
import type { Test } from './condition.js';

export type Constant = string | number | boolean | null | undefined;

/** What an expression of a Segment Function stands for, without a single event. */
export type Sym =
  /** A place in the event; an empty path is the event itself. */
  | { kind: 'path'; path: readonly string[] }
  /** What onBatch is given. */
  | { kind: 'events' }
  | { kind: 'settings'; path: readonly string[] }
  | { kind: 'constant'; value: Constant }
  | ObjectSym
  | { kind: 'list'; items: Sym[] }
  /** The first that is there; `passes`: what is passed over. */
  | { kind: 'fallback'; options: readonly Sym[]; passes: Passed; line: number }
  /** Left out where it is not there. */
  | { kind: 'optional'; of: Sym }
  /** `cuts`: the line where parseInt drops the decimals. */
  | { kind: 'converted'; as: 'number' | 'string'; of: Sym; cuts?: number }
  /** Multiplied by a constant, as `times` says it. */
  | { kind: 'scaled'; of: Sym; times: string; line: number }
  | { kind: 'masked'; of: Sym; line: number }
  | { kind: 'hasher'; of: Sym | null }
  | { kind: 'hashed'; of: Sym }
  /** A time: of something, or of now (null). */
  | { kind: 'time'; of: Sym | null; form: 'date' | 'iso' | 'ms' | 's' }
  /** Text put together. */
  | { kind: 'text'; parts: readonly Sym[] }
  | { kind: 'json'; of: Sym }
  | { kind: 'random' }
  | { kind: 'test'; test: Test }
  | { kind: 'response' }
  | { kind: 'closure'; node: FunctionNode; scope: Scope }
  /** Something of JavaScript's or Segment's own, by its name: `Number`, `crypto.createHash`. */
  | { kind: 'builtin'; name: string }
  | { kind: 'error'; name: string }
  | Unknown;

/** A default's `undefined`, `??`'s null, or what `||` takes for empty: '', 0 and false, too. */
export type Passed = 'undefined' | 'null' | 'empty';

export type ObjectSym = { kind: 'object'; fields: SymField[]; all: Spread | null; line: number };

export type SymField = { name: string; value: Sym; line: number };

/** `...event.properties`; `over`: it stood behind the messageId, and so before it where it had a field of its name. */
export type Spread = { path: readonly string[]; over: boolean; line: number };

/** What cannot be told. `answer`: it is something that was answered or thrown, which to read changes nothing. */
export type Unknown = { kind: 'unknown'; line: number; code: string; why: string; answer?: boolean };

export type Scope = { names: Map<string, Sym>; outer: Scope | null };

export const UNDEFINED: Sym = { kind: 'constant', value: undefined };

export function constant(value: Constant): Sym {
  return { kind: 'constant', value };
}

/** A copy that later changes to the original do not reach. */
export function snapshot(sym: Sym): Sym {
  if (sym.kind === 'object') {
    return { ...sym, fields: sym.fields.map((field) => ({ ...field, value: snapshot(field.value) })) };
  }
  if (sym.kind === 'list') return { ...sym, items: sym.items.map(snapshot) };
  if (sym.kind === 'json') return { ...sym, of: snapshot(sym.of) };
  return sym;
}

/** Equal for values that mean the same, wherever they stand. */
export function symKey(sym: Sym): string {
  return JSON.stringify(sym, (name, value) => (name === 'line' || name === 'scope' ? undefined : value));
}

/** A field's value; undefined where the object has none. */
export function fieldOf(object: ObjectSym, name: string): SymField | undefined {
  return object.fields.find((field) => field.name === name);
}

export function setField(object: ObjectSym, name: string, value: Sym, line: number): void {
  const field = fieldOf(object, name);
  if (field) Object.assign(field, { value, line });
  else object.fields.push({ name, value, line });
}

export function lookUp(scope: Scope | null, name: string): Sym | undefined {
  for (let at = scope; at; at = at.outer) {
    const found = at.names.get(name);
    if (found) return found;
  }
  return undefined;
}

/** Gives a name that is declared somewhere another value. */
export function assign(scope: Scope, name: string, value: Sym): void {
  for (let at: Scope | null = scope; at; at = at.outer) {
    if (at.names.has(name) || at.outer === null) {
      at.names.set(name, value);
      return;
    }
  }
}

export function lineOf(node: AnyNode): number {
  return node.loc?.start.line ?? 0;
}
