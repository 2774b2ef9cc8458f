import type { FqlComparison, FqlNode } from './ast.js';
import { mayBe } from './check-types.js';
import {
  type Cursor,
  current,
  cursorOver,
  endOfPrevious,
  expected,
  isSymbol,
  nested,
  takeSymbol,
  takeWord,
} from './cursor.js';
import { parseOperand } from './parse-operand.js';
import type { FqlProblem } from './problem.js';

export type ParseResult = { ok: true; ast: FqlNode } | { ok: false; problem: FqlProblem };

/** The longest filter read, in UTF-16 units: room for thousands of event names in one list. */
const MAX_LENGTH = 65_536;

const COMPARISONS: readonly FqlComparison[] = ['=', '!=', '>', '>=', '<', '<=', 'in'];

/** Parses a filter as a whole. Never throws: what cannot be read is a problem with its place. */
export function parseFql(text: string): ParseResult {
  if (text.length > MAX_LENGTH) {
    const message = `found ${text.length} characters, expected at most ${MAX_LENGTH}`;
    return { ok: false, problem: { line: 1, column: 1, message } };
  }
  const cursor = cursorOver(text);
  const ast = parseOr(cursor);
  if (ast !== undefined && current(cursor).kind !== 'end') {
    expected(cursor, 'an operator, "and", "or" or the end');
  } else if (ast !== undefined) isCondition(cursor, ast);
  if (cursor.problem !== undefined) return { ok: false, problem: cursor.problem };
  if (ast === undefined) throw new Error('a parser gave up without a problem');
  return { ok: true, ast };
}

function parseOr(cursor: Cursor): FqlNode | undefined {
  return parseJoined(cursor, 'or', parseAnd);
}

function parseAnd(cursor: Cursor): FqlNode | undefined {
  return parseJoined(cursor, 'and', parseUnary);
}

function parseJoined(
  cursor: Cursor,
  kind: 'and' | 'or',
  parseOne: (cursor: Cursor) => FqlNode | undefined,
): FqlNode | undefined {
  const start = current(cursor).start;
  const operands: FqlNode[] = [];
  do {
    const operand = parseOne(cursor);
    if (operand === undefined) return undefined;
    operands.push(operand);
  } while (takeWord(cursor, kind));
  if (operands.length === 1) return operands[0];
  if (!operands.every((operand) => isCondition(cursor, operand))) return undefined;
  return { kind, operands, start, end: endOfPrevious(cursor) };
}

function parseUnary(cursor: Cursor): FqlNode | undefined {
  return isSymbol(current(cursor), '!') ? parseNot(cursor, parseUnaryOperand) : parseComparison(cursor);
}

/** `!a = b` could mean two things and Segment does not say which: it is refused. */
function parseNot(cursor: Cursor, parseOne: (cursor: Cursor) => FqlNode | undefined): FqlNode | undefined {
  const start = current(cursor).start;
  takeSymbol(cursor, '!');
  const operand = nested(cursor, () => parseOne(cursor));
  if (operand === undefined || !isCondition(cursor, operand)) return undefined;
  if (comparisonAt(cursor) !== undefined) {
    return expected(cursor, '"and", "or" or the end: put a comparison behind "!" in parentheses');
  }
  return { kind: 'not', operand, start, end: endOfPrevious(cursor) };
}

function parseUnaryOperand(cursor: Cursor): FqlNode | undefined {
  return isSymbol(current(cursor), '!') ? parseNot(cursor, parseUnaryOperand) : parseOperand(cursor, parseOr);
}

function parseComparison(cursor: Cursor): FqlNode | undefined {
  const start = current(cursor).start;
  const left = parseOperand(cursor, parseOr);
  if (left === undefined) return undefined;
  const operator = comparisonAt(cursor);
  if (operator === undefined) return left;
  cursor.index++;
  const right = parseOperand(cursor, parseOr);
  if (right === undefined || !isComparable(cursor, operator, left, right)) return undefined;
  if (comparisonAt(cursor) !== undefined) return expected(cursor, '"and", "or", ")" or the end');
  return { kind: 'compare', operator, left, right, start, end: endOfPrevious(cursor) };
}

function comparisonAt(cursor: Cursor): FqlComparison | undefined {
  const token = current(cursor);
  const raw = token.kind === 'symbol' ? token.symbol : token.kind === 'word' ? token.word : undefined;
  return COMPARISONS.find((operator) => operator === raw);
}

function isComparable(cursor: Cursor, operator: FqlComparison, left: FqlNode, right: FqlNode): boolean {
  if (operator === '=' || operator === '!=') return true;
  if (operator === 'in') {
    const scalars = ['string', 'number', 'bool'] as const;
    return mayBe(cursor, left, scalars, 'before "in"') && mayBe(cursor, right, ['list'], 'behind "in"');
  }
  const place = `beside "${operator}"`;
  return mayBe(cursor, left, ['number'], place) && mayBe(cursor, right, ['number'], place);
}

function isCondition(cursor: Cursor, node: FqlNode): boolean {
  return mayBe(cursor, node, ['bool'], 'as a condition');
}
