import type { CallExpression } from 'acorn';
import { type Machine, Thrown } from './machine.js';
import { spread } from './spread.js';
import { constant, lineOf, type ObjectSym, type Sym, snapshot, UNDEFINED } from './symbols.js';

type Builtin = (machine: Machine, given: readonly Sym[], node: CallExpression) => Sym;

const NOW: Sym = { kind: 'time', of: null, form: 'ms' };

const BUILTINS: Record<string, Builtin> = {
  fetch: send,
  Number: (_, [value = UNDEFINED]) => toNumber(value),
  parseFloat: (_, [value = UNDEFINED]) => toNumber(value),
  parseInt: (_, [value = UNDEFINED], node) => {
    const number = toNumber(value);
    return number.kind === 'converted' ? { ...number, cuts: lineOf(node) } : number;
  },
  String: (_, [value = UNDEFINED]) =>
    value.kind === 'constant'
      ? constant(String(value.value))
      : { kind: 'converted', as: 'string', of: value },
  'JSON.stringify': (_, [value = UNDEFINED]) => ({ kind: 'json', of: snapshot(value) }),
  'Date.now': () => NOW,
  'Date.parse': (_, [value = UNDEFINED]) => ({ kind: 'time', of: value, form: 'ms' }),
  'Math.floor': ofSeconds,
  'Math.round': ofSeconds,
  'Math.trunc': ofSeconds,
  'Object.assign': (machine, [target, ...given], node) => {
    if (target?.kind !== 'object') return machine.unknown(node, 'puts fields into something unknown');
    const object: ObjectSym = target;
    for (const each of given) {
      const problem = spread(object, each, lineOf(node));
      if (problem) return machine.unknown(node, problem);
    }
    return object;
  },
  'Promise.all': (_, [value = UNDEFINED]) => value,
  'Promise.allSettled': (_, [value = UNDEFINED]) => value,
  'Promise.resolve': (_, [value = UNDEFINED]) => value,
  'crypto.createHash': (machine, [algorithm], node) =>
    algorithm?.kind === 'constant' && algorithm.value === 'sha256'
      ? { kind: 'hasher', of: null }
      : machine.unknown(node, 'hashes in another way than SHA-256 in hex'),
  'crypto.randomUUID': () => ({ kind: 'random' }),
  'Math.random': () => ({ kind: 'random' }),
  'uuidv5.uuidv5': (machine, _, node) => machine.unknown(node, 'makes an id'),
};

/** A function of JavaScript's or of Segment's runtime. */
export function callBuiltin(
  machine: Machine,
  name: string,
  given: readonly Sym[],
  node: CallExpression,
): Sym {
  if (name.startsWith('console.')) return UNDEFINED;
  const builtin = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
  return builtin ? builtin(machine, given, node) : machine.unknown(node, `calls ${name}`);
}

function send(
  machine: Machine,
  [url = UNDEFINED, options = UNDEFINED]: readonly Sym[],
  node: CallExpression,
): Sym {
  const part = (name: string): Sym => {
    if (options.kind !== 'object') return options.kind === 'unknown' ? options : UNDEFINED;
    return snapshot(options.fields.find((field) => field.name === name)?.value ?? UNDEFINED);
  };
  machine.requests.push({
    line: lineOf(node),
    url,
    headers: part('headers'),
    body: part('body'),
    literals: [...machine.literals],
  });
  if (machine.answer === 'unreachable') throw new Thrown({ kind: 'error', name: 'FetchError' });
  return { kind: 'response' };
}

function toNumber(value: Sym): Sym {
  return value.kind === 'constant'
    ? constant(Number(value.value))
    : { kind: 'converted', as: 'number', of: value };
}

function ofSeconds(machine: Machine, [value = UNDEFINED]: readonly Sym[], node: CallExpression): Sym {
  return value.kind === 'time' && value.form !== 'date' ? value : machine.unknown(node, 'rounds');
}
