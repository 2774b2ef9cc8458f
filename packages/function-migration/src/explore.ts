import type { AnyNode, Program } from 'acorn';
import { evaluate, testOf } from './evaluate.js';
import { bind, callClosure, declare, execute } from './execute.js';
import { type Answer, Machine, type Request, Thrown, TooLong } from './machine.js';
import { lineOf, type Sym } from './symbols.js';

/** How the function ended, as Segment sees it: a success, a RetryError, or any other error. */
export type Ending = 'success' | 'repeated' | 'dropped';

/** One way through a handler. */
export type Way = {
  requests: readonly Request[];
  ending: Ending;
} & Pick<Machine, 'loops' | 'doubts' | 'unread'>;

/** `isComplete`: false where there are more ways than anybody could read a configuration for. */
export type Ways = { ways: Way[]; isComplete: boolean };

/** The calls of Segment's spec that carry usage, and the batch. onDelete carries none. */
export const HANDLERS = ['onTrack', 'onIdentify', 'onPage', 'onScreen', 'onGroup', 'onAlias', 'onBatch'];

const MAX_WAYS = 128;
const PARTS = { evaluate, test: testOf, callClosure, bind };

/** Every way through a handler, the API answering in one way: both answers to each question about the event. */
export function explore(source: string, program: Program, handler: string, answer: Answer): Ways {
  const ways: Way[] = [];
  let choices: boolean[] = [];
  while (ways.length < MAX_WAYS) {
    const machine = new Machine({ source, answer, choices, parts: PARTS });
    try {
      const ending = walk(machine, program, handler);
      const { requests, loops, doubts, unread } = machine;
      ways.push({ requests, ending, loops, doubts, unread });
    } catch (error) {
      if (error instanceof TooLong) return { ways, isComplete: false };
      throw error;
    }
    choices = machine.choices.slice(0, machine.taken);
    while (choices.at(-1) === false) choices.pop();
    if (choices.length === 0) return { ways, isComplete: true };
    choices[choices.length - 1] = false;
  }
  return { ways, isComplete: false };
}

export type Handler = { name: string; line: number };

/** The handlers that Segment would call, in the order of the text; `left`: those without usage. */
export function findHandlers(source: string, program: Program): { handlers: Handler[]; left: Handler[] } {
  const machine = new Machine({ source, answer: 'unreachable', choices: [], parts: PARTS });
  walkProgram(machine, program);
  const find = (names: readonly string[]) =>
    names
      .flatMap((name): Handler[] => {
        const found = machine.globals.names.get(name);
        return found?.kind === 'closure' ? [{ name, line: lineOf(found.node as AnyNode) }] : [];
      })
      .toSorted((a, b) => a.line - b.line);
  return { handlers: find(HANDLERS), left: find(['onDelete']) };
}

function walk(machine: Machine, program: Program, handler: string): Ending {
  walkProgram(machine, program);
  const closure = machine.globals.names.get(handler);
  if (closure?.kind !== 'closure') return 'success';
  const event: Sym = handler === 'onBatch' ? { kind: 'events' } : { kind: 'path', path: [] };
  try {
    callClosure(machine, closure, [event, { kind: 'settings', path: [] }], program);
    return 'success';
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
    return error.value.kind === 'error' && error.value.name === 'RetryError' ? 'repeated' : 'dropped';
  }
}

/** What stands outside of the handlers: constants and functions, before there is an event. */
function walkProgram(machine: Machine, program: Program): void {
  for (const node of program.body) declare(node, machine.globals);
  try {
    for (const node of program.body) {
      if (isStatement(node)) execute(machine, node, machine.globals);
    }
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
  }
}

function isStatement(node: Program['body'][number]): node is Parameters<typeof execute>[1] {
  return !/^(Import|Export)/.test(node.type);
}
