import type { AnyNode } from 'acorn';
import type { Test } from './condition.js';
import type { Machine } from './machine.js';
import { constant, lineOf, type Sym } from './symbols.js';

/** Whether JavaScript takes a value for true. */
export function truthOf(machine: Machine, sym: Sym, node: AnyNode): Test {
  switch (sym.kind) {
    case 'test':
      return sym.test;
    case 'constant':
      return known(Boolean(sym.value));
    case 'path':
      return sym.path.length === 0 ? known(true) : { kind: 'truthy', path: sym.path };
    case 'optional':
    case 'masked':
      return truthOf(machine, sym.of, node);
    case 'scaled':
      return unclear(machine, node, 'a number that was computed with');
    case 'converted':
      // A number is false where it is 0 or none at all; as text that is another question.
      return sym.as === 'string'
        ? truthOf(machine, sym.of, node)
        : unclear(machine, node, 'a converted value');
    case 'fallback':
      return { kind: 'or', of: sym.options.map((option) => truthOf(machine, option, node)) };
    // The function's author filled its settings in.
    case 'settings':
      return known(true);
    case 'unknown':
      return {
        kind: 'unclear',
        line: lineOf(node),
        code: machine.quote(node),
        why: sym.why,
      };
    case 'text':
    case 'time':
    case 'random':
    case 'hasher':
    case 'hashed':
    case 'object':
    case 'list':
    case 'events':
    case 'json':
    case 'response':
    case 'closure':
    case 'builtin':
    case 'error':
      return known(true);
  }
}

export function unclear(machine: Machine, node: AnyNode, why: string): Test {
  return { kind: 'unclear', line: lineOf(node), code: machine.quote(node), why };
}

export function known(holds: boolean): Test {
  return { kind: 'known', holds };
}

export function not(test: Test): Test {
  if (test.kind === 'known') return known(!test.holds);
  return test.kind === 'not' ? test.of : { kind: 'not', of: test };
}

/** A value that is yes or no of the event is decided where it is put somewhere. */
export function settled(machine: Machine, sym: Sym): Sym {
  return sym.kind === 'test' ? constant(machine.decide(sym.test)) : sym;
}
