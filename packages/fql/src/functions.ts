import { Buffer } from 'node:buffer';
import type { FqlScalar } from './ast.js';
import { compileGlob } from './glob.js';
import { compareVersions } from './semver.js';
import { FQL_TYPES, type FqlType, typeOf } from './values.js';

/** What an argument may be, where its type is known from the text; null may stand anywhere. */
export type Parameter = readonly FqlType[] | 'anything' | 'semver operator';

export type FqlFunction = {
  parameters: readonly Parameter[];
  returns: FqlType;
  /** Total: takes whatever the event holds; null where the language has no answer. */
  apply: (a: unknown, b: unknown, c: unknown) => unknown;
  /** Whether a value of its type can ever come out; any where left out. */
  canReturn?: (value: FqlScalar) => boolean;
  /** All texts it returns. */
  words?: readonly string[];
};

const TEXT = ['string'] as const;

/**
 * A pattern read from an event is bounded together with its text, since a match takes as long as both multiplied:
 * about a millisecond, where 32 KB against 1,000 characters take a fifth of a second and thousands of events may come.
 */
const MAX_STEPS_FROM_EVENT = 100_000;

const TABLE: Record<string, FqlFunction> = {
  contains: {
    parameters: [TEXT, TEXT],
    returns: 'bool',
    apply: (text, part) => typeof text === 'string' && typeof part === 'string' && text.includes(part),
  },
  match: { parameters: [TEXT, TEXT], returns: 'bool', apply: matchesPattern },
  length: {
    parameters: [['list', 'string']],
    returns: 'number',
    apply: lengthOf,
    canReturn: (value) => Number.isInteger(value) && Number(value) >= 0,
  },
  lowercase: ofText((text) => text.toLowerCase()),
  uppercase: ofText((text) => text.toUpperCase()),
  snakecase: ofText((text) => text.replaceAll(' ', '_')),
  kebabcase: ofText((text) => text.replaceAll(' ', '-')),
  titlecase: ofText((text) => text.replace(/(?<!\S)\S/gu, (first) => first.toUpperCase())),
  typeof: { parameters: ['anything'], returns: 'string', apply: typeOf, words: FQL_TYPES },
  bool: { parameters: ['anything'], returns: 'bool', apply: toBool },
  string: { parameters: ['anything'], returns: 'string', apply: toText },
  number: { parameters: [['number', 'string']], returns: 'number', apply: toNumber },
  semver: { parameters: [TEXT, 'semver operator', TEXT], returns: 'bool', apply: compareVersions },
};

/** A map, so that `constructor(…)` is as unknown as any other name. */
export const FUNCTIONS: ReadonlyMap<string, FqlFunction> = new Map(Object.entries(TABLE));

function ofText(change: (text: string) => string): FqlFunction {
  return {
    parameters: [TEXT],
    returns: 'string',
    apply: (text) => (typeof text === 'string' ? change(text) : null),
    // Changed once, a text stays as it is when it is changed again.
    canReturn: (value) => typeof value !== 'string' || change(value) === value,
  };
}

function matchesPattern(text: unknown, pattern: unknown): boolean {
  if (typeof text !== 'string' || typeof pattern !== 'string') return false;
  return pattern.length * text.length <= MAX_STEPS_FROM_EVENT && compileGlob(pattern)(text);
}

/** Elements of a list, UTF-8 bytes of a string, 0 for null; an object or a number has no length. */
function lengthOf(value: unknown): number | null {
  if (value === null) return 0;
  if (Array.isArray(value)) return value.length;
  return typeof value === 'string' ? Buffer.byteLength(value) : null;
}

/** Only the words `true` and `false` are read from a string: `bool("no")` is null and so not true. */
function toBool(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value === null) return false;
  return value === 'true' ? true : value === 'false' ? false : null;
}

function toText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? JSON.stringify(value) : null;
}

/** Decimal text only. Null, not 0, for the rest: `number(properties.missing) < 5` must not be true. */
function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
