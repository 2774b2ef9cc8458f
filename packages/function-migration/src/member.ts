import type { AnyNode } from 'acorn';
import type { Machine } from './machine.js';
import { constant, fieldOf, lineOf, type Sym, UNDEFINED } from './symbols.js';

/** What stands behind `object.name`. */
export function member(machine: Machine, object: Sym, name: string, node: AnyNode): Sym {
  switch (object.kind) {
    case 'path':
      if (name === 'length') return machine.unknown(node, 'a length');
      return { kind: 'path', path: [...object.path, name] };
    case 'settings':
      return { kind: 'settings', path: [...object.path, name] };
    case 'object': {
      const field = fieldOf(object, name);
      if (field) return field.value;
      return object.all ? { kind: 'path', path: [...object.all.path, name] } : UNDEFINED;
    }
    case 'list':
      return /^\d+$/.test(name)
        ? (object.items[Number(name)] ?? UNDEFINED)
        : machine.unknown(node, 'a length');
    case 'events':
      // A change to one of the batch is taken for a change to each.
      return /^\d+$/.test(name) ? { kind: 'path', path: [] } : machine.unknown(node, 'the length of a batch');
    case 'fallback':
      return firstOf(
        object,
        object.options.map((option) => member(machine, option, name, node)),
      );
    case 'optional':
      return member(machine, object.of, name, node);
    case 'response':
      return ofResponse(machine, name, node);
    case 'builtin':
      return { kind: 'builtin', name: `${object.name}.${name}` };
    case 'error':
      return { kind: 'unknown', line: 0, code: machine.quote(node), why: 'what an error says', answer: true };
    case 'unknown':
      return { ...object, line: lineOf(node), code: machine.quote(node) };
    default:
      return machine.unknown(node, 'Meterbridge has nothing like it');
  }
}

function firstOf(fallback: Sym & { kind: 'fallback' }, found: readonly Sym[]): Sym {
  const options = found.filter((each) => each.kind !== 'constant' || each.value !== undefined);
  const [only, ...others] = options;
  if (only === undefined) return UNDEFINED;
  return others.length === 0 ? only : { ...fallback, options };
}

function ofResponse(machine: Machine, name: string, node: AnyNode): Sym {
  const status = machine.answer === 'unreachable' ? 0 : machine.answer.status;
  if (name === 'status') return constant(status);
  if (name === 'ok') return constant(status >= 200 && status < 300);
  return { ...machine.unknown(node, 'what the API answered'), answer: true };
}
