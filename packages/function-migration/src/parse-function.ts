import { type Options, Parser, type Program } from 'acorn';
import { parse as parseLoosely } from 'acorn-loose';

/** A function's text as a tree, and what keeps JavaScript itself from reading it. */
export type ParsedFunction = {
  program: Program;
  problems: { line: number; message: string }[];
  /** False where the text had to be guessed at: what was read from it may not be what it says. */
  isExact: boolean;
};

const OPTIONS: Options = { ecmaVersion: 'latest', sourceType: 'script', locations: true };

/** acorn's parser, as far as its types do not tell: `raiseRecoverable` is where it reports early errors. */
type Hooks = { raiseRecoverable(position: number, message: string): void; parse(): Program };
type HookedParser = new (options: Options, input: string) => Hooks;

/**
 * Reads what somebody pasted; nothing of it is ever run. JavaScript refuses a name that is declared twice only
 * after its grammar has been read: such a text has a tree that is exactly what it says. Only what has no
 * grammar at all is guessed at.
 */
export function parseFunction(source: string): ParsedFunction {
  const problems: ParsedFunction['problems'] = [];
  class Lenient extends (Parser as unknown as HookedParser) {
    override raiseRecoverable(position: number, message: string): void {
      problems.push({ line: lineAt(source, position), message });
    }
  }
  try {
    return { program: new Lenient(OPTIONS, source).parse(), problems, isExact: true };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { pos = 0 } = error as SyntaxError & { pos?: number };
    // acorn appends the place, which is said otherwise here.
    const message = error.message.replace(/ \(\d+:\d+\)$/, '');
    problems.push({ line: lineAt(source, pos), message });
    return { program: parseLoosely(source, OPTIONS), problems, isExact: false };
  }
}

/** The line of an offset, from 1. */
function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/).length;
}
