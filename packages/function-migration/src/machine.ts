import type { AnyNode, Expression, Pattern, Super } from 'acorn';
import { type Atom, infer, type Literal, type Test } from './condition.js';
import { lineOf, type Scope, type Sym, type Unknown } from './symbols.js';

/** What the billing API is taken to answer on one way through the code. */
export type Answer = { status: number; hasBody: boolean } | 'unreachable';

/** A request as it leaves the function. */
export type Request = {
  line: number;
  url: Sym;
  headers: Sym;
  body: Sym;
  /** What is known of the event by then. */
  literals: readonly Literal[];
};

/** What a `throw` of the code carries upwards. */
export class Thrown {
  readonly value: Sym;
  constructor(value: Sym) {
    this.value = value;
  }
}

/** The code goes on for longer than anybody would read it. */
export class TooLong extends Error {
  override name = 'TooLong';
}

const MAX_STEPS = 20_000;

/**
 * One way through the code: where it asks about the event, the answer is one of the given choices, and yes
 * where those end. Nothing of the code is run; this knows what its words mean.
 */
export class Machine {
  readonly source: string;
  readonly globals: Scope = { names: new Map(), outer: null };
  readonly answer: Answer;
  readonly choices: boolean[];
  readonly literals: Literal[] = [];
  readonly requests: Request[] = [];
  /** Lines of loops, whose body is read once. */
  readonly loops = new Set<number>();
  /** What the code does beside its values, and nobody can tell what that changes. */
  readonly doubts: Unknown[] = [];
  /** Calls of what is not in the code. */
  readonly unread: Unknown[] = [];
  /** How deep calls are nested. */
  depth = 0;
  /** How many questions were asked. */
  taken = 0;
  readonly parts: Parts;
  #steps = 0;

  constructor(given: { source: string; answer: Answer; choices: readonly boolean[]; parts: Parts }) {
    this.source = given.source;
    this.answer = given.answer;
    this.choices = [...given.choices];
    this.parts = given.parts;
  }

  /** @throws TooLong */
  step(): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw new TooLong('too long');
  }

  decide(test: Test): boolean {
    switch (test.kind) {
      case 'known':
        return test.holds;
      case 'not':
        return !this.decide(test.of);
      case 'and':
        return test.of.every((each) => this.decide(each));
      case 'or':
        return test.of.some((each) => this.decide(each));
      default:
        return this.#decideAtom(test);
    }
  }

  #decideAtom(atom: Atom): boolean {
    const known = infer(this.literals, atom);
    if (known !== null) return known;
    const holds = this.choices[this.taken] ?? true;
    this.choices[this.taken] = holds;
    this.taken += 1;
    this.literals.push({ atom, holds });
    return holds;
  }

  /** A piece of the code as it stands, short, and without what could be a key. */
  quote(node: AnyNode): string {
    const code = this.source
      .slice(node.start, node.end)
      .replace(/(["'`])[^"'`\s]{12,}\1/g, '$1…$1')
      .replace(/\s+/g, ' ');
    return code.length > 80 ? `${code.slice(0, 79)}…` : code;
  }

  unknown(node: AnyNode, why: string): Unknown {
    return { kind: 'unknown', line: lineOf(node), code: this.quote(node), why };
  }
}

/** What the parts of the walk ask of each other. */
export type Parts = {
  evaluate(machine: Machine, node: Expression | Super, scope: Scope): Sym;
  /** The same where only yes or no matters. */
  test(machine: Machine, node: Expression, scope: Scope): Test;
  callClosure(machine: Machine, closure: Sym & { kind: 'closure' }, given: readonly Sym[], at: AnyNode): Sym;
  bind(machine: Machine, pattern: Pattern, value: Sym, scope: Scope): void;
};
