import type {
  AnyNode,
  Expression,
  ForInStatement,
  ForOfStatement,
  Pattern,
  Statement,
  SwitchStatement,
  TryStatement,
  VariableDeclaration,
} from 'acorn';
import { compare } from './compare.js';
import { type Machine, Thrown } from './machine.js';
import { member } from './member.js';
import { lineOf, type Scope, type Sym, UNDEFINED } from './symbols.js';

/** How a statement ended. */
type Completion = { how: 'next' | 'break' | 'continue' } | { how: 'return'; value: Sym };

const NEXT: Completion = { how: 'next' };
const MAX_DEPTH = 12;

/** Goes through statements in order, those of a function's body or of a block. */
function executeAll(machine: Machine, body: readonly AnyNode[], outer: Scope): Completion {
  const scope: Scope = { names: new Map(), outer };
  for (const node of body) declare(node, scope);
  for (const node of body) {
    const completion = execute(machine, node as Statement, scope);
    if (completion.how !== 'next') return completion;
  }
  return NEXT;
}

/** Functions can be called before the line they stand in. */
export function declare(node: AnyNode, scope: Scope): void {
  if (node.type === 'FunctionDeclaration' && node.id) {
    scope.names.set(node.id.name, { kind: 'closure', node, scope });
  }
}

export function execute(machine: Machine, node: Statement, scope: Scope): Completion {
  machine.step();
  const { evaluate, test } = machine.parts;
  switch (node.type) {
    case 'ExpressionStatement':
      executeExpression(machine, node.expression, scope);
      return NEXT;
    case 'VariableDeclaration':
      declareVariables(machine, node, scope);
      return NEXT;
    case 'ReturnStatement':
      return { how: 'return', value: node.argument ? evaluate(machine, node.argument, scope) : UNDEFINED };
    case 'ThrowStatement':
      throw new Thrown(evaluate(machine, node.argument, scope));
    case 'BlockStatement':
      return executeAll(machine, node.body, scope);
    case 'IfStatement':
      if (machine.decide(test(machine, node.test, scope))) return execute(machine, node.consequent, scope);
      return node.alternate ? execute(machine, node.alternate, scope) : NEXT;
    case 'SwitchStatement':
      return executeSwitch(machine, node, scope);
    case 'TryStatement':
      return executeTry(machine, node, scope);
    case 'ForOfStatement':
    case 'ForInStatement':
      return executeEach(machine, node, scope);
    case 'ForStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
      return executeOnce(machine, node, scope);
    case 'LabeledStatement':
      return execute(machine, node.body, scope);
    case 'BreakStatement':
      return { how: 'break' };
    case 'ContinueStatement':
      return { how: 'continue' };
    default:
      return NEXT;
  }
}

/** What a statement does is all that it is for: where that cannot be told, it may have been anything. */
function executeExpression(machine: Machine, node: Expression, scope: Scope): void {
  const value = machine.parts.evaluate(machine, node, scope);
  if (value.kind !== 'unknown' || value.answer) return;
  if (node.type !== 'AssignmentExpression' && node.type !== 'UpdateExpression') machine.doubts.push(value);
}

function declareVariables(machine: Machine, node: VariableDeclaration, scope: Scope): void {
  for (const { id, init } of node.declarations) {
    bind(machine, id, init ? machine.parts.evaluate(machine, init, scope) : UNDEFINED, scope);
  }
}

/** Gives names to a value, or to the parts of it that a pattern takes out. */
export function bind(machine: Machine, pattern: Pattern, value: Sym, scope: Scope): void {
  switch (pattern.type) {
    case 'Identifier':
      scope.names.set(pattern.name, value);
      return;
    case 'AssignmentPattern':
      bind(machine, pattern.left, withDefault(machine, value, pattern.right, scope), scope);
      return;
    case 'ArrayPattern':
      pattern.elements.forEach((each, at) => {
        if (each) bind(machine, each, member(machine, value, String(at), each), scope);
      });
      return;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        if (property.type === 'RestElement') {
          bind(machine, property.argument, machine.unknown(property, 'the rest of an object'), scope);
        } else if (property.key.type === 'Identifier' && !property.computed) {
          bind(machine, property.value, member(machine, value, property.key.name, property), scope);
        } else if (property.key.type === 'Literal') {
          bind(machine, property.value, member(machine, value, String(property.key.value), property), scope);
        } else {
          bind(machine, property.value, machine.unknown(property, 'a field whose name is computed'), scope);
        }
      }
      return;
    case 'RestElement':
      bind(machine, pattern.argument, machine.unknown(pattern, 'the rest of a list'), scope);
      return;
    default:
      return;
  }
}

function withDefault(machine: Machine, value: Sym, standIn: Expression, scope: Scope): Sym {
  if (value.kind === 'constant')
    return value.value === undefined ? machine.parts.evaluate(machine, standIn, scope) : value;
  if (value.kind !== 'path' && value.kind !== 'fallback') return value;
  const options = [value, machine.parts.evaluate(machine, standIn, scope)];
  return {
    kind: 'fallback',
    options: options.flatMap((each) => (each.kind === 'fallback' ? each.options : [each])),
    passes: 'undefined',
    line: lineOf(standIn),
  };
}

/** Calls a function of the code, with what it is given. */
export function callClosure(
  machine: Machine,
  { node, scope: outer }: Sym & { kind: 'closure' },
  given: readonly Sym[],
  at: AnyNode,
): Sym {
  if (machine.depth >= MAX_DEPTH) return machine.unknown(at, 'calls itself');
  const scope: Scope = { names: new Map(), outer };
  node.params.forEach((param, index) => {
    bind(machine, param, given[index] ?? UNDEFINED, scope);
  });
  machine.depth += 1;
  try {
    if (node.body.type !== 'BlockStatement') return machine.parts.evaluate(machine, node.body, scope);
    const completion = executeAll(machine, node.body.body, scope);
    return completion.how === 'return' ? completion.value : UNDEFINED;
  } finally {
    machine.depth -= 1;
  }
}

function executeSwitch(machine: Machine, node: SwitchStatement, scope: Scope): Completion {
  const value = machine.parts.evaluate(machine, node.discriminant, scope);
  const isHit = ({ test }: SwitchStatement['cases'][number]) => {
    if (!test) return false;
    const right = machine.parts.evaluate(machine, test, scope);
    // `switch (true)` asks each case by itself.
    const asked = value.kind === 'constant' && right.kind === 'test' ? right.test : null;
    return machine.decide(asked ?? compare(machine, '===', value, right, test));
  };
  const hit = node.cases.findIndex(isHit);
  const first = hit >= 0 ? hit : node.cases.findIndex(({ test }) => !test);
  if (first < 0) return NEXT;
  const completion = executeAll(
    machine,
    node.cases.slice(first).flatMap(({ consequent }) => consequent),
    scope,
  );
  return completion.how === 'break' ? NEXT : completion;
}

function executeTry(machine: Machine, node: TryStatement, scope: Scope): Completion {
  let completion: Completion;
  try {
    completion = executeAll(machine, node.block.body, scope);
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
    if (!node.handler) {
      if (node.finalizer) executeAll(machine, node.finalizer.body, scope);
      throw error;
    }
    const inner: Scope = { names: new Map(), outer: scope };
    if (node.handler.param) bind(machine, node.handler.param, error.value, inner);
    completion = executeAll(machine, node.handler.body.body, inner);
  }
  if (!node.finalizer) return completion;
  const last = executeAll(machine, node.finalizer.body, scope);
  return last.how === 'next' ? completion : last;
}

/** A loop over the batch is gone through once, for any of its events; one over a list, for each item. */
function executeEach(machine: Machine, node: ForOfStatement | ForInStatement, scope: Scope): Completion {
  const over = machine.parts.evaluate(machine, node.right, scope);
  const isOver = node.type === 'ForOfStatement';
  if (isOver && over.kind === 'events') return executeFor(machine, node, [{ kind: 'path', path: [] }], scope);
  if (isOver && over.kind === 'list') return executeFor(machine, node, over.items, scope);
  machine.loops.add(lineOf(node));
  return executeFor(machine, node, [machine.unknown(node.right, 'goes through something unknown')], scope);
}

function executeFor(
  machine: Machine,
  node: ForOfStatement | ForInStatement,
  items: readonly Sym[],
  outer: Scope,
): Completion {
  for (const item of items) {
    const scope: Scope = { names: new Map(), outer };
    const target = node.left.type === 'VariableDeclaration' ? node.left.declarations[0]!.id : node.left;
    bind(machine, target, item, scope);
    const completion = execute(machine, node.body, scope);
    if (completion.how === 'return') return completion;
    if (completion.how === 'break') break;
  }
  return NEXT;
}

/** Any other loop is gone through once, and said to be. */
function executeOnce(
  machine: Machine,
  node: Statement & { type: 'ForStatement' | 'WhileStatement' | 'DoWhileStatement' },
  outer: Scope,
): Completion {
  machine.loops.add(lineOf(node));
  const scope: Scope = { names: new Map(), outer };
  if (node.type === 'ForStatement' && node.init?.type === 'VariableDeclaration') {
    declareVariables(machine, node.init, scope);
  }
  const completion = execute(machine, node.body, scope);
  return completion.how === 'return' ? completion : NEXT;
}
