import type { CallExpression, Expression } from 'acorn';
import { callBuiltin } from './builtins.js';
import { isOneOf, placeOf } from './compare.js';
import { isTextField } from './condition.js';
import { type Machine, Thrown } from './machine.js';
import { masks } from './masking.js';
import { member } from './member.js';
import { lineOf, type Scope, type Sym, snapshot, UNDEFINED } from './symbols.js';

/** What a call gives back. A request among what it does is noted, and so is what cannot be read. */
export function call(machine: Machine, node: CallExpression, scope: Scope): Sym {
  const result = resultOf(machine, node, scope);
  if (result.kind === 'unknown' && !result.answer) machine.unread.push(result);
  return result;
}

function resultOf(machine: Machine, node: CallExpression, scope: Scope): Sym {
  const { callee } = node;
  if (callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier') {
    const { name } = callee.property;
    if (name === 'catch' || name === 'then') return settlePromise(machine, name, node, scope);
    const object = machine.parts.evaluate(machine, callee.object as Expression, scope);
    return callMethod(machine, object, name, argumentsOf(machine, node, scope), node);
  }
  const target = machine.parts.evaluate(machine, callee as Expression, scope);
  const given = argumentsOf(machine, node, scope);
  if (target.kind === 'closure') return callClosure(machine, target, given, node);
  if (target.kind === 'builtin') return callBuiltin(machine, target.name, given, node);
  return target.kind === 'unknown' ? target : machine.unknown(node, 'calls something unknown');
}

function argumentsOf(machine: Machine, node: CallExpression, scope: Scope): Sym[] {
  return node.arguments.map((each) =>
    each.type === 'SpreadElement'
      ? machine.unknown(each, 'arguments from a list')
      : machine.parts.evaluate(machine, each, scope),
  );
}

/** A function that hides what it is given is `mask`; any other is read like the code around it. */
function callClosure(
  machine: Machine,
  closure: Sym & { kind: 'closure' },
  given: Sym[],
  node: CallExpression,
): Sym {
  const [first] = given;
  if (first && given.length === 1 && isOfEvent(first) && masks(closure)) {
    return { kind: 'masked', of: first, line: lineOf(node) };
  }
  return machine.parts.callClosure(machine, closure, given, node);
}

function isOfEvent(sym: Sym): boolean {
  if (sym.kind === 'path') return sym.path.length > 0;
  if (sym.kind === 'converted' || sym.kind === 'optional') return isOfEvent(sym.of);
  return sym.kind === 'fallback' && sym.options.every((each) => each.kind === 'constant' || isOfEvent(each));
}

/** `promise.then(…)` goes on with its value, `promise.catch(…)` with what it threw. */
function settlePromise(machine: Machine, name: 'then' | 'catch', node: CallExpression, scope: Scope): Sym {
  const promise = (node.callee as { object: Expression }).object;
  const [first, second] = name === 'then' ? node.arguments : [undefined, node.arguments[0]];
  const goOn = (handler: CallExpression['arguments'][number] | undefined, value: Sym): Sym => {
    if (!handler) return value;
    const target = machine.parts.evaluate(machine, handler as Expression, scope);
    return target.kind === 'closure'
      ? callClosure(machine, target, [value], node)
      : machine.unknown(node, 'calls something unknown');
  };
  let value: Sym;
  try {
    value = machine.parts.evaluate(machine, promise, scope);
  } catch (error) {
    if (!(error instanceof Thrown) || !second) throw error;
    return goOn(second, error.value);
  }
  return goOn(first, value);
}

function callMethod(machine: Machine, object: Sym, name: string, given: Sym[], node: CallExpression): Sym {
  const [first] = given;
  switch (object.kind) {
    case 'builtin':
      return callBuiltin(machine, `${object.name}.${name}`, given, node);
    case 'response':
      return callResponse(machine, name, node);
    case 'list':
      return callList(machine, object, name, given, node);
    case 'events':
      return callEvents(machine, name, first, node);
    case 'hasher':
      if (name === 'update' && object.of === null && first) return { kind: 'hasher', of: first };
      if (name === 'digest' && object.of && first?.kind === 'constant' && first.value === 'hex') {
        return { kind: 'hashed', of: object.of };
      }
      return machine.unknown(node, 'hashes in another way than SHA-256 in hex');
    case 'time':
      if (name === 'toISOString' || name === 'toJSON') return { ...object, form: 'iso' };
      if (name === 'getTime' || name === 'valueOf') return { ...object, form: 'ms' };
      return machine.unknown(node, 'a time in another form');
    case 'path':
    case 'converted':
    case 'fallback':
      return callText(machine, object, name, first, node);
    case 'object': {
      const method = member(machine, object, name, node);
      return method.kind === 'closure'
        ? callClosure(machine, method, given, node)
        : machine.unknown(node, 'calls something unknown');
    }
    case 'unknown':
      return { ...object, code: machine.quote(node) };
    default:
      return machine.unknown(node, 'Meterbridge has nothing like it');
  }
}

function callResponse(machine: Machine, name: string, node: CallExpression): Sym {
  const hasBody = machine.answer !== 'unreachable' && machine.answer.hasBody;
  if (name === 'json' && !hasBody) throw new Thrown({ kind: 'error', name: 'SyntaxError' });
  return { ...machine.unknown(node, 'what the API answered'), answer: true };
}

/** Methods of text that a filter or a mapping has, too. */
function callText(
  machine: Machine,
  object: Sym,
  name: string,
  first: Sym | undefined,
  node: CallExpression,
): Sym {
  if (name === 'toString') return { kind: 'converted', as: 'string', of: object };
  const path = placeOf(object);
  const text = first?.kind === 'constant' && typeof first.value === 'string' ? first.value : null;
  if (path && text !== null) {
    const match = { kind: 'match', path, text } as const;
    if (name === 'startsWith') return { kind: 'test', test: { ...match, before: false, after: true } };
    if (name === 'endsWith') return { kind: 'test', test: { ...match, before: true, after: false } };
    // Elsewhere it could be a list.
    if (name === 'includes' && isTextField(path))
      return { kind: 'test', test: { ...match, before: true, after: true } };
  }
  return machine.unknown(node, 'Meterbridge changes no text and no list');
}

function callList(
  machine: Machine,
  list: Sym & { kind: 'list' },
  name: string,
  given: Sym[],
  node: CallExpression,
): Sym {
  const [first] = given;
  if ((name === 'includes' || name === 'has') && first) {
    return { kind: 'test', test: isOneOf(machine, first, list.items, node) };
  }
  if (name === 'push') {
    list.items.push(...given.map(snapshot));
    return UNDEFINED;
  }
  if ((name === 'map' || name === 'forEach') && first?.kind === 'closure') {
    return { kind: 'list', items: list.items.map((item) => callClosure(machine, first, [item], node)) };
  }
  return machine.unknown(node, 'Meterbridge changes no list');
}

function callEvents(machine: Machine, name: string, first: Sym | undefined, node: CallExpression): Sym {
  const event: Sym = { kind: 'path', path: [] };
  if (first?.kind !== 'closure') return machine.unknown(node, 'does something with the whole batch');
  if (name === 'map' || name === 'forEach' || name === 'flatMap') {
    return { kind: 'list', items: [callClosure(machine, first, [event], node)] };
  }
  if (name !== 'filter') return machine.unknown(node, 'does something with the whole batch');
  const kept = callClosure(machine, first, [event], node);
  const test = kept.kind === 'test' ? kept.test : null;
  if (test) return machine.decide(test) ? { kind: 'events' } : { kind: 'list', items: [] };
  return machine.unknown(node, 'takes some events of the batch');
}
