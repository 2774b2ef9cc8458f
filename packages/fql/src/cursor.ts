import { findSlip } from './find-slip.js';
import { lex, type Token, type TokenSymbol, type Word } from './lex.js';
import { type FqlProblem, problemAt } from './problem.js';

/** Far more than a person writes; keeps the parser and the compiled closures far from the stack's end. */
const MAX_DEPTH = 64;

/** A place in the token list. The first problem is kept; after it every reader returns undefined. */
export type Cursor = {
  readonly text: string;
  readonly tokens: readonly Token[];
  index: number;
  depth: number;
  problem?: FqlProblem;
};

export function cursorOver(text: string): Cursor {
  return { text, tokens: lex(text), index: 0, depth: 0 };
}

export function current(cursor: Cursor): Token {
  return cursor.tokens[cursor.index]!;
}

/** Where the last token that was taken ends. */
export function endOfPrevious(cursor: Cursor): number {
  return cursor.tokens[cursor.index - 1]?.end ?? 0;
}

export function isSymbol(token: Token | undefined, symbol: TokenSymbol): boolean {
  return token?.kind === 'symbol' && token.symbol === symbol;
}

export function takeSymbol(cursor: Cursor, symbol: TokenSymbol): boolean {
  if (!isSymbol(current(cursor), symbol)) return false;
  cursor.index++;
  return true;
}

export function takeWord(cursor: Cursor, word: Word): boolean {
  const token = current(cursor);
  if (token.kind !== 'word' || token.word !== word) return false;
  cursor.index++;
  return true;
}

/** Records that something else was expected where the cursor stands. */
export function expected(cursor: Cursor, what: string): undefined {
  const token = current(cursor);
  const known = token.kind === 'bad' ? token.message : undefined;
  if (known !== undefined) return refuse(cursor, token.start, known);
  const found = describe(cursor, token);
  return refuse(cursor, token.start, `found ${found}, expected ${what}${adviceAt(cursor, token.start)}`);
}

/** What to write instead, behind a problem; nothing where that is not known. */
export function adviceAt({ text }: Cursor, offset: number): string {
  const slip = findSlip(text, offset);
  return slip === undefined ? '' : `; ${slip}`;
}

export function refuse(cursor: Cursor, offset: number, message: string): undefined {
  cursor.problem ??= problemAt(cursor.text, offset, message);
  return undefined;
}

/** Reads one level deeper, unless that is too deep. */
export function nested<T>(cursor: Cursor, read: () => T | undefined): T | undefined {
  if (cursor.depth >= MAX_DEPTH) {
    return refuse(
      cursor,
      current(cursor).start,
      `found more than ${MAX_DEPTH} levels of nesting, expected fewer`,
    );
  }
  cursor.depth++;
  const result = read();
  cursor.depth--;
  return result;
}

/** Strings are named by their kind: what a filter compares with may be somebody's address. */
function describe(cursor: Cursor, token: Token): string {
  if (token.kind === 'end') return 'the end';
  if (token.kind === 'string' || token.kind === 'number') return `a ${token.kind}`;
  const raw = cursor.text.slice(token.start, token.end);
  // A curly quote or a hard space looks like the character that belongs there.
  if (token.kind === 'bad' && !/^[!-~]/.test(raw)) {
    const point = raw.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    return `${JSON.stringify(raw)} (U+${point})`;
  }
  return raw.length <= 60 ? JSON.stringify(raw) : `a ${token.kind} of ${raw.length} characters`;
}
