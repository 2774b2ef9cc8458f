import type {
  Expression,
  MemberExpression,
  NewExpression,
  ObjectExpression,
  SpreadElement,
  Super,
} from 'acorn';
import { isDummy } from 'acorn-loose';
import { call } from './calls.js';
import type { Test } from './condition.js';
import { joinText } from './join-text.js';
import type { Machine } from './machine.js';
import { member } from './member.js';
import { assignment, binary, logical, unary, update } from './operators.js';
import { spread } from './spread.js';
import {
  constant,
  lineOf,
  lookUp,
  type ObjectSym,
  type Scope,
  type Sym,
  setField,
  UNDEFINED,
} from './symbols.js';
import { not, settled, truthOf } from './truth.js';

/** What an expression stands for. What it does on the way (a request, an assignment) is done. */
export function evaluate(machine: Machine, node: Expression | Super | SpreadElement, scope: Scope): Sym {
  machine.step();
  switch (node.type) {
    case 'Literal':
      return literal(machine, node);
    case 'Identifier':
      if (node.name === 'undefined') return UNDEFINED;
      if (isDummy(node)) return machine.unknown(node, 'cannot be read');
      return lookUp(scope, node.name) ?? { kind: 'builtin', name: node.name };
    case 'TemplateLiteral': {
      const texts = node.quasis.map(({ value }) => constant(value.cooked ?? ''));
      const parts = node.expressions.map((each) => evaluate(machine, each, scope));
      return joinText(texts.flatMap((text, index) => [text, ...(parts[index] ? [parts[index]] : [])]));
    }
    case 'ObjectExpression':
      return objectOf(machine, node, scope);
    case 'ArrayExpression':
      return {
        kind: 'list',
        items: node.elements.map((each) => (each ? evaluate(machine, each, scope) : UNDEFINED)),
      };
    case 'MemberExpression':
      return memberOf(machine, node, scope);
    case 'ChainExpression':
    case 'ParenthesizedExpression':
      return evaluate(machine, node.expression, scope);
    case 'AwaitExpression':
      return evaluate(machine, node.argument, scope);
    case 'CallExpression':
      return call(machine, node, scope);
    case 'NewExpression':
      return construct(machine, node, scope);
    case 'ConditionalExpression':
      return conditional(machine, node.test, node.consequent, node.alternate, scope);
    case 'LogicalExpression':
      return logical(machine, node, scope);
    case 'UnaryExpression':
      return unary(machine, node.operator, node.argument, scope, node);
    case 'BinaryExpression':
      return binary(machine, node, scope);
    case 'AssignmentExpression':
      return assignment(machine, node, scope);
    case 'UpdateExpression':
      return update(machine, node, scope);
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return { kind: 'closure', node, scope };
    case 'SequenceExpression':
      return node.expressions.map((each) => evaluate(machine, each, scope)).at(-1) ?? UNDEFINED;
    default:
      return machine.unknown(node, 'Meterbridge has nothing like it');
  }
}

/** The same where only yes or no matters: `and` and `or` stay what they are. */
export function testOf(machine: Machine, node: Expression, scope: Scope): Test {
  if (node.type === 'LogicalExpression' && node.operator !== '??') {
    const left = testOf(machine, node.left, scope);
    const right = testOf(machine, node.right, scope);
    if (node.operator === '&&' && isGuardOf(left, right)) return right;
    return { kind: node.operator === '&&' ? 'and' : 'or', of: [left, right] };
  }
  if (node.type === 'UnaryExpression' && node.operator === '!')
    return not(testOf(machine, node.argument, scope));
  return truthOf(machine, evaluate(machine, node, scope), node);
}

/** `a && a.b`: where there is no `a`, there is no `a.b` either. */
function isGuardOf(guard: Test, test: Test): boolean {
  if (guard.kind !== 'truthy' || !('path' in test)) return false;
  const asksForNull = test.kind === 'equals' && test.value === null;
  return (
    !asksForNull &&
    guard.path.length < test.path.length &&
    guard.path.every((key, at) => test.path[at] === key)
  );
}

function literal(machine: Machine, node: Expression & { type: 'Literal' }): Sym {
  const { value } = node;
  if (value === null && !node.regex) return constant(null);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return constant(value);
  }
  return machine.unknown(node, 'a pattern or a big integer');
}

function objectOf(machine: Machine, node: ObjectExpression, scope: Scope): Sym {
  const object: ObjectSym = { kind: 'object', fields: [], all: null, line: lineOf(node) };
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const problem = spread(object, evaluate(machine, property.argument, scope), lineOf(property));
      if (problem) return machine.unknown(property, problem);
      continue;
    }
    const name = property.computed ? evaluate(machine, property.key, scope) : keyOf(property.key);
    if (name.kind !== 'constant') return machine.unknown(property, 'a field whose name comes from the event');
    setField(
      object,
      String(name.value),
      settled(machine, evaluate(machine, property.value, scope)),
      lineOf(property),
    );
  }
  return object;
}

function keyOf(key: Expression): Sym {
  if (key.type === 'Identifier') return constant(key.name);
  return constant(key.type === 'Literal' ? String(key.value) : '?');
}

function memberOf(machine: Machine, node: MemberExpression, scope: Scope): Sym {
  const object = evaluate(machine, node.object, scope);
  if (!node.computed) {
    const name = node.property.type === 'Identifier' ? node.property.name : '?';
    return member(machine, object, name, node);
  }
  const key = evaluate(machine, node.property as Expression, scope);
  if (key.kind === 'constant') return member(machine, object, String(key.value), node);
  if (key.kind === 'path' && object.kind === 'object' && !object.all) {
    // A table: a way of its own for each of its entries.
    const entry = object.fields.find(({ name }) =>
      machine.decide({ kind: 'equals', path: key.path, value: name }),
    );
    return entry?.value ?? UNDEFINED;
  }
  return machine.unknown(node, 'a field whose name comes from the event');
}

function construct(machine: Machine, node: NewExpression, scope: Scope): Sym {
  const callee = evaluate(machine, node.callee, scope);
  const [first] = node.arguments.map((each) => evaluate(machine, each, scope));
  const name = callee.kind === 'builtin' ? callee.name : '';
  if (/(Error|NotSupported|InvalidEventPayload)$/.test(name)) return { kind: 'error', name };
  if (name === 'Date') return { kind: 'time', of: first ?? null, form: 'date' };
  if (name === 'Set' && first?.kind === 'list') return first;
  if (name === 'Headers' && first) return first;
  return machine.unknown(node, 'Meterbridge has nothing like it');
}

function conditional(machine: Machine, test: Expression, yes: Expression, no: Expression, scope: Scope): Sym {
  return evaluate(machine, machine.decide(testOf(machine, test, scope)) ? yes : no, scope);
}
