import type { FqlNode } from './ast.js';
import { literalRight } from './cases.js';
import type { EventShape, FieldShape } from './event-shape.js';
import { FUNCTIONS } from './functions.js';
import { isGlob } from './glob.js';
import { isVersion } from './semver.js';
import { sketch } from './sketch.js';
import { type FqlType, typeOf } from './values.js';

/** A part of a filter that cannot do what it says: `at` is its offset in the text. */
export type Misfit = { at: number; message: string };

type Comparison = FqlNode & { kind: 'compare' };
type Path = FqlNode & { kind: 'path' };
type Call = FqlNode & { kind: 'call' };
type Literal = FqlNode & { kind: 'literal' };

/** What a condition can read or say that fits no event, inside a negation as well. */
export function findMisfits(
  node: FqlNode,
  text: string,
  shape: EventShape,
  { isCondition = false } = {},
): Misfit[] {
  const inner = (part: FqlNode) => findMisfits(part, text, shape);
  switch (node.kind) {
    case 'literal':
      return [];
    case 'path': {
      const problem = text[node.start] === '\\' ? undefined : shape.problemOf(node.segments);
      if (problem !== undefined) return [{ at: node.start, message: problem }];
      return isCondition ? findNoCondition(node, text, shape) : [];
    }
    case 'not':
      return inner(node.operand);
    case 'and':
    case 'or':
      return node.operands.flatMap(inner);
    case 'call':
      return firstOf(node.args.flatMap(inner), () => findUnfitArguments(node, text, shape));
    case 'compare':
      return firstOf(
        [...inner(node.left), ...inner(node.right).map((misfit) => withQuotes(misfit, node.right))],
        () => findIncomparable(node, text, shape),
      );
  }
}

/** What stands behind a comparison as one word was mostly meant as text. */
function withQuotes({ at, message }: Misfit, node: FqlNode): Misfit {
  if (node.kind !== 'path' || node.segments.length > 1) return { at, message };
  return { at, message: `${message}; or in quotes, where it is text` };
}

/** The values an operand can have, whatever the event holds; undefined where they are not known. */
export function shapeOf(node: FqlNode, shape: EventShape): FieldShape | undefined {
  switch (node.kind) {
    case 'path':
      return shape.fieldOf(node.segments);
    case 'literal':
      return { types: [typeOf(node.value)] };
    case 'call': {
      const { returns, words } = FUNCTIONS.get(node.name)!;
      return { types: [returns, 'null'], words };
    }
    default:
      return { types: ['bool'] };
  }
}

function firstOf(found: Misfit[], otherwise: () => Misfit[]): Misfit[] {
  return found.length > 0 ? found : otherwise();
}

/** A field that is never `true`, standing as a condition. */
function findNoCondition(node: Path, text: string, shape: EventShape): Misfit[] {
  const types = shape.fieldOf(node.segments)?.types;
  if (!types || types.includes('bool')) return [];
  const field = sketch(node, text);
  const message = `found ${field}, which is ${list(types)} and never true; did you mean ${field} != null?`;
  return [{ at: node.start, message }];
}

function findUnfitArguments(call: Call, text: string, shape: EventShape): Misfit[] {
  const { parameters } = FUNCTIONS.get(call.name)!;
  for (const [index, argument] of call.args.entries()) {
    const parameter = parameters[index]!;
    const types = shapeOf(argument, shape)?.types;
    const isList = typeof parameter !== 'string';
    if (argument.kind !== 'literal' && isList && types && !overlap(types, [...parameter])) {
      const found = `found ${sketch(argument, text)}, which is ${list(types)}`;
      return [{ at: argument.start, message: `${found}, expected ${list(parameter)} in ${call.name}` }];
    }
  }
  return findUnfitText(call);
}

/** A pattern or a version that fits nothing. */
function findUnfitText({ name, args }: Call): Misfit[] {
  if (name !== 'match' && name !== 'semver') return [];
  const texts = name === 'match' ? args.slice(1) : [args[0]!, args[2]!];
  const isFit = name === 'match' ? isGlob : isVersion;
  return texts.flatMap((node) => {
    if (node.kind !== 'literal' || typeof node.value !== 'string' || isFit(node.value)) return [];
    const message =
      name === 'match'
        ? 'found a pattern that matches nothing, expected one like "API *", "[a-z]?" or "a\\*b"'
        : 'found a text that is no version, expected one like "1.9" or "1.9.0"';
    return [{ at: node.start, message }];
  });
}

function findIncomparable(node: Comparison, text: string, shape: EventShape): Misfit[] {
  const [left, right] = [shapeOf(node.left, shape)?.types, shapeOf(node.right, shape)?.types];
  switch (node.operator) {
    case '=':
    case '!=': {
      const isWithNull = [node.left, node.right].some(
        (side) => side.kind === 'literal' && side.value === null,
      );
      if (left && right && !isWithNull && !overlap(left, right)) return [neverEqual(node, text, shape)];
      break;
    }
    case 'in':
      if (right && !right.includes('list')) return [unfitSide(node.right, text, right, 'a list')];
      break;
    default:
      for (const [side, types] of [
        [node.left, left],
        [node.right, right],
      ] as const) {
        const isNumber = !types || types.includes('number') || side.kind === 'literal';
        if (!isNumber) return [unfitSide(side, text, types, 'a number')];
      }
  }
  return findUnknownValues(node, text, shape);
}

function unfitSide(side: FqlNode, text: string, types: readonly FqlType[], expected: string): Misfit {
  return {
    at: side.start,
    message: `found ${sketch(side, text)}, which is ${list(types)}, expected ${expected}`,
  };
}

function neverEqual(node: Comparison, text: string, shape: EventShape): Misfit {
  const { operand, literal } = literalRight(node) ?? { operand: node.left, literal: node.right };
  const [ours, theirs] = [shapeOf(operand, shape)!.types, shapeOf(literal, shape)!.types];
  const meant = ours.includes('string') ? 'in quotes' : 'without quotes';
  const isScalar = theirs.some((type) => type === 'string' || type === 'number' || type === 'bool');
  const isQuoting = literal.kind === 'literal' && isScalar && overlap(ours, ['string', 'number', 'bool']);
  const hint = isQuoting ? `; did you mean it ${meant}?` : '';
  const found = `found ${list(theirs)} beside ${sketch(operand, text)}, which is ${list(ours)}`;
  return { at: literal.start, message: `${found}: they are never equal${hint}` };
}

/** Literals that a field or a function never is. */
function findUnknownValues(node: Comparison, text: string, shape: EventShape): Misfit[] {
  const compared = literalRight(node);
  if (!compared || !['=', '!=', 'in'].includes(compared.operator)) return [];
  const { operand, literal } = compared;
  const known = shapeOf(operand, shape);
  const canReturn = operand.kind === 'call' ? FUNCTIONS.get(operand.name)!.canReturn : undefined;
  const values = valuesOf(literal);
  const unknown = values.filter((value) => {
    if (
      typeof value === 'string' &&
      known?.words &&
      ![...known.words, ...(known.absent ?? [])].includes(value)
    ) {
      return true;
    }
    return value !== null && known?.types.includes(typeOf(value)) && canReturn && !canReturn(value);
  });
  const field = sketch(operand, text);
  const found = unknown.map((value): Misfit => {
    const meant = typeof value === 'string' && known?.words && shape.nearest(value, known.words);
    const words = known?.words ? `; expected one of ${known.words.join(', ')}` : '';
    const hint = meant ? `; did you mean "${meant}"?` : words;
    return { at: literal.start, message: `found ${aTypeOf(value)} that ${field} never is${hint}` };
  });
  if (found.length > 0 || values.length === 0) return found;
  const isOther = known && values.every((value) => value !== null && !known.types.includes(typeOf(value)));
  return isOther ? [neverIn(operand, literal, text, known.types)] : [];
}

function neverIn(operand: FqlNode, literal: Literal, text: string, types: readonly FqlType[]): Misfit {
  const meant = types.includes('string') ? '; did you mean its items in quotes?' : '';
  const message = `found a list without ${list(types)}, which is all that ${sketch(operand, text)} can be${meant}`;
  return { at: literal.start, message };
}

function valuesOf({ value }: Literal) {
  return Array.isArray(value) ? value : [value as Exclude<typeof value, readonly unknown[]>];
}

function overlap(a: readonly FqlType[], b: readonly FqlType[]): boolean {
  return a.some((type) => b.includes(type));
}

function aTypeOf(value: unknown): string {
  return `a ${typeOf(value)}`;
}

/** Types in words, without the null that most fields can be. */
function list(types: readonly FqlType[]): string {
  const named = types
    .filter((type) => type !== 'null')
    .map((type) => (type === 'object' ? 'an object' : `a ${type}`));
  return named.join(' or ') || 'null';
}
