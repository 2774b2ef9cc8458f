import { readPath, readString } from './lex-text.js';

const WORDS = ['and', 'or', 'in', 'true', 'false', 'null'] as const;
export type Word = (typeof WORDS)[number];

const SYMBOLS = ['!=', '>=', '<=', '=', '>', '<', '!', '(', ')', '[', ']', ','] as const;
export type TokenSymbol = (typeof SYMBOLS)[number];

/**
 * One token, with its offsets. A `bad` token is the last of its text: it carries its own message where the
 * lexer knows what was expected, and otherwise leaves that to the parser.
 */
export type Token = { start: number; end: number } & (
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'path'; segments: readonly string[] }
  | { kind: 'word'; word: Word }
  | { kind: 'symbol'; symbol: TokenSymbol }
  | { kind: 'end' }
  | { kind: 'bad'; message?: string }
);

/** Splits a filter's text into tokens. Never throws; ends with `end`, or with the first `bad` token. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
    const token = readToken(text, at);
    tokens.push(token);
    if (token.kind === 'end' || token.kind === 'bad') return tokens;
    at = token.end;
  }
}

function readToken(text: string, start: number): Token {
  const first = text[start];
  if (first === undefined) return { kind: 'end', start, end: start };
  if (first === '"' || first === "'") return readString(text, start);
  if (/[-0-9]/.test(first)) return readNumber(text, start);
  if (/[A-Za-z_\\]/.test(first)) return toWord(text, readPath(text, start));
  const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, start));
  if (symbol !== undefined) return { kind: 'symbol', symbol, start, end: start + symbol.length };
  return { kind: 'bad', start, end: start + String.fromCodePoint(text.codePointAt(start)!).length };
}

/** A reserved word is one only as written: `properties.in` and `\in` are fields. */
function toWord(text: string, token: Token): Token {
  const raw = text.slice(token.start, token.end);
  const word = token.kind === 'path' ? WORDS.find((candidate) => candidate === raw) : undefined;
  return word === undefined ? token : { kind: 'word', word, start: token.start, end: token.end };
}

function readNumber(text: string, start: number): Token {
  const pattern = /-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.\\-])/y;
  pattern.lastIndex = start;
  const raw = pattern.exec(text)?.[0];
  if (raw === undefined) {
    return {
      kind: 'bad',
      message:
        'found what begins like a number, expected one like 5, -5 or 0.5 (a field that begins so needs a backslash)',
      start,
      end: start + 1,
    };
  }
  const value = Number(raw);
  const end = start + raw.length;
  // Past 2^53 neighbours become one number here and in the event: an equality would hold for the wrong one.
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    return {
      kind: 'bad',
      message: 'found a number too large to compare exactly, expected one within 2^53 of zero',
      start,
      end,
    };
  }
  return { kind: 'number', value, start, end };
}
