import type {
  AssignmentExpression,
  BinaryExpression,
  Expression,
  LogicalExpression,
  Pattern,
  UpdateExpression,
} from 'acorn';
import { COMPARISONS, compare } from './compare.js';
import type { Test } from './condition.js';
import { writeFactor } from './factor.js';
import { joinText } from './join-text.js';
import type { Machine } from './machine.js';
import { assign, constant, lineOf, type Scope, type Sym, setField, UNDEFINED } from './symbols.js';
import { not, settled, truthOf } from './truth.js';

/** `||`, `??` and `&&` as a value. */
export function logical(machine: Machine, node: LogicalExpression, scope: Scope): Sym {
  const left = machine.parts.evaluate(machine, node.left, scope);
  const lax = node.operator === '||';
  if (left.kind === 'constant') {
    const stays = lax ? Boolean(left.value) : (left.value ?? null) !== null;
    if (node.operator === '&&') return left.value ? machine.parts.evaluate(machine, node.right, scope) : left;
    return stays ? left : machine.parts.evaluate(machine, node.right, scope);
  }
  if (node.operator === '&&') return guarded(machine, left, node, scope);
  const right = machine.parts.evaluate(machine, node.right, scope);
  if (left.kind === 'test' && lax) {
    const test: Test = { kind: 'or', of: [left.test, truthOf(machine, right, node.right)] };
    return { kind: 'test', test };
  }
  if (left.kind === 'unknown') return left;
  if (left.kind === 'settings') return left;
  const options = [left, right].flatMap((each) => (each.kind === 'fallback' ? each.options : [each]));
  return { kind: 'fallback', options, passes: lax ? 'empty' : 'null', line: lineOf(node) };
}

/** `a && a.b` only keeps JavaScript from stumbling; any other `&&` is a condition. */
function guarded(machine: Machine, left: Sym, node: LogicalExpression, scope: Scope): Sym {
  const right = machine.parts.evaluate(machine, node.right, scope);
  if (left.kind === 'path' && right.kind === 'path' && left.path.every((key, at) => right.path[at] === key)) {
    return right;
  }
  const test = truthOf(machine, left, node.left);
  if (right.kind === 'test') return { kind: 'test', test: { kind: 'and', of: [test, right.test] } };
  if (machine.decide(test)) return right;
  return left.kind === 'test' ? constant(false) : left;
}

/** `!x`, `+x`, `-x`, `delete x.y`. */
export function unary(
  machine: Machine,
  operator: string,
  argument: Expression,
  scope: Scope,
  node: Expression,
): Sym {
  if (operator === '!') return { kind: 'test', test: not(machine.parts.test(machine, argument, scope)) };
  const value = machine.parts.evaluate(machine, argument, scope);
  if (operator === '+')
    return value.kind === 'constant'
      ? constant(Number(value.value))
      : { kind: 'converted', as: 'number', of: value };
  if (operator === '-' && value.kind === 'constant') return constant(-Number(value.value));
  if (operator === 'delete') return remove(machine, argument, scope, node);
  if (operator === 'void') return UNDEFINED;
  return machine.unknown(node, 'Meterbridge computes nothing');
}

function remove(machine: Machine, argument: Expression, scope: Scope, node: Expression): Sym {
  if (argument.type === 'MemberExpression' && argument.property.type === 'Identifier' && !argument.computed) {
    const { name } = argument.property;
    const object = machine.parts.evaluate(machine, argument.object, scope);
    if (object.kind === 'object' && !object.all) {
      object.fields = object.fields.filter((field) => field.name !== name);
      return constant(true);
    }
  }
  return machine.unknown(node, 'takes something out of the event');
}

/** A comparison, text put together, or something computed, which a mapping does not. */
export function binary(machine: Machine, node: BinaryExpression, scope: Scope): Sym {
  if (node.left.type === 'PrivateIdentifier') return machine.unknown(node, 'Meterbridge has nothing like it');
  const left = machine.parts.evaluate(machine, node.left, scope);
  const right = machine.parts.evaluate(machine, node.right, scope);
  const { operator } = node;
  if (operator === 'instanceof' && left.kind === 'error' && right.kind === 'builtin') {
    return constant(right.name === 'Error' || right.name === left.name);
  }
  if (COMPARISONS.includes(operator)) {
    return { kind: 'test', test: compare(machine, operator, left, right, node) };
  }
  if (
    operator === '/' &&
    left.kind === 'time' &&
    left.form === 'ms' &&
    right.kind === 'constant' &&
    right.value === 1000
  ) {
    return { ...left, form: 's' };
  }
  const isText = (sym: Sym) =>
    sym.kind === 'text' || (sym.kind === 'constant' && typeof sym.value === 'string');
  if (operator === '+' && (isText(left) || isText(right))) return joinText([left, right]);
  if (left.kind === 'unknown') return left;
  if (right.kind === 'unknown') return right;
  return scaled(node, left, right) ?? machine.unknown(node, COMPUTES_LITTLE);
}

const COMPUTES_LITTLE = 'of all that can be computed, Meterbridge multiplies by a constant only';
const NUMBERS: readonly Sym['kind'][] = ['path', 'converted', 'fallback', 'scaled'];

/** `x * 2`, `2 * x`, `x / 1000`; null for all else. */
function scaled({ operator, loc }: BinaryExpression, left: Sym, right: Sym): Sym | null {
  if (operator !== '*' && operator !== '/') return null;
  const isTurned = operator === '*' && left.kind === 'constant';
  const [of, factor] = isTurned ? [right, left] : [left, right];
  if (factor.kind !== 'constant' || !NUMBERS.includes(of.kind)) return null;
  const line = loc?.start.line ?? 0;
  if (of.kind === 'scaled') {
    const times = writeFactor(operator, factor.value, of.times);
    return times === null ? null : { ...of, times };
  }
  const times = writeFactor(operator, factor.value);
  return times === null ? null : { kind: 'scaled', of, times, line };
}

/** `x = y`, and `x.y = z` on what the code itself put together. */
export function assignment(machine: Machine, node: AssignmentExpression, scope: Scope): Sym {
  const target = node.left;
  const given = settled(machine, machine.parts.evaluate(machine, node.right, scope));
  const value = node.operator === '=' ? given : machine.unknown(node, 'Meterbridge computes nothing');
  if (target.type !== 'MemberExpression') {
    if (target.type === 'Identifier') assign(scope, target.name, value);
    else machine.parts.bind(machine, target as Pattern, value, scope);
    return value;
  }
  const object = machine.parts.evaluate(machine, target.object, scope);
  const key = target.computed
    ? machine.parts.evaluate(machine, target.property as Expression, scope)
    : constant(target.property.type === 'Identifier' ? target.property.name : '?');
  if (object.kind === 'object' && key.kind === 'constant') {
    setField(object, String(key.value), value, lineOf(node));
  } else if (object.kind === 'object') {
    setField(
      object,
      machine.quote(target),
      machine.unknown(node, 'a field whose name comes from the event'),
      lineOf(node),
    );
  } else if (object.kind !== 'builtin' && object.kind !== 'closure') {
    const isEvent = object.kind === 'path' || object.kind === 'events';
    machine.doubts.push(
      machine.unknown(node, isEvent ? 'changes the event itself' : 'changes something unknown'),
    );
  }
  return value;
}

/** `n++`: nobody counts here, and what is counted is unknown from then on. */
export function update(machine: Machine, node: UpdateExpression, scope: Scope): Sym {
  const value = machine.unknown(node, 'Meterbridge computes nothing');
  if (node.argument.type === 'Identifier') assign(scope, node.argument.name, value);
  else machine.doubts.push(value);
  return value;
}
