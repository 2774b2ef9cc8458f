import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../segment-events/test/any-character.js';
import { hostileJson, isPrototypeUntouched, runs } from '../../segment-events/test/hostile-json.js';
import { compileFql, explainFql, parseFql } from './index.js';

const PIECES = [
  ...['type', 'properties.a', 'a\\ b', 'and', 'or', 'in', '!', '(', ')', '[', ']', ',', '=', '!=', '>', '<='],
  ...[
    '"x"',
    "'y'",
    '5',
    '-0.5',
    'true',
    'null',
    'contains(',
    'length(',
    'semver(',
    "'>='",
    ' ',
    '\n',
    '\\',
    '.',
  ],
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(' '));
const anyText = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 200 }),
  fc.string({ maxLength: 200 }),
  soup,
);

test('any text is a filter or a problem within the text, and any event is matched without a throw', () => {
  fc.assert(
    fc.property(anyText, fc.anything(), (text, event) => {
      const compiled = compileFql(text);
      expect(parseFql(text).ok).toBe(compiled.ok);
      if (compiled.ok) {
        expect(typeof compiled.matches(event)).toBe('boolean');
        expect(explainFql(text, event)).toMatchObject({ ok: true, matches: compiled.matches(event) });
        return;
      }
      const lines = text.split(/\r\n|\r|\n/);
      const { line, column, message } = compiled.problem;
      expect(lines[line - 1]!.length + 1).toBeGreaterThanOrEqual(column);
      expect(message).toMatch(/^found .+, expected .+/s);
    }),
    runs(2_000),
  );
});

/** A filter as text, with what it should say of `event`, found without the package's own tree. */
type Case = { text: string; value: unknown };
const event = {
  s: 'abc',
  n: 5,
  zero: 0,
  t: true,
  f: false,
  list: ['abc', 5, null],
  nil: null,
  deep: { n: -1.5 },
};
const wrap = (part: Case): string => `(${part.text})`;

const operand: fc.Arbitrary<Case> = fc.constantFrom(
  ...Object.entries(event)
    .filter(([name]) => name !== 'deep')
    .map(([text, value]) => ({ text, value })),
  { text: 'deep.n', value: -1.5 },
  { text: 'missing.n', value: null },
  { text: "'abc'", value: 'abc' },
  { text: '"x"', value: 'x' },
  { text: '5', value: 5 },
  { text: 'null', value: null },
  { text: "['abc', 5, null]", value: ['abc', 5, null] },
  { text: 'length(s)', value: 3 },
  { text: 'number(s)', value: null },
  { text: 'uppercase(s)', value: 'ABC' },
);
const numeric = operand.filter(
  ({ value, text }) => value === null || typeof value === 'number' || /^\w+$/.test(text),
);

const comparison: fc.Arbitrary<Case> = fc.oneof(
  fc.tuple(operand, fc.constantFrom('=', '!='), operand).map(([left, operator, right]) => ({
    text: `${left.text} ${operator} ${right.text}`,
    value: (JSON.stringify(left.value) === JSON.stringify(right.value)) === (operator === '='),
  })),
  fc.tuple(numeric, fc.constantFrom('<', '<=', '>', '>='), numeric).map(([left, operator, right]) => {
    const a = left.value;
    const b = right.value;
    const holds = { '<': a! < b!, '<=': a! <= b!, '>': a! > b!, '>=': a! >= b! }[operator];
    const areNumbers = typeof a === 'number' && typeof b === 'number';
    return { text: `${left.text}${operator}${right.text}`, value: areNumbers && holds };
  }),
  fc.constantFrom('t', 'f', 'nil', 'missing', 'true', 'null').map((text) => ({
    text,
    value: text === 't' || text === 'true',
  })),
);

const { condition } = fc.letrec<{ condition: Case }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    comparison,
    fc.array(tie('condition'), { minLength: 2, maxLength: 4 }).map((parts) => ({
      text: parts.map(wrap).join(' and '),
      value: parts.every((part) => part.value === true),
    })),
    fc.array(tie('condition'), { minLength: 2, maxLength: 4 }).map((parts) => ({
      text: parts.map(wrap).join(' or\n'),
      value: parts.some((part) => part.value === true),
    })),
    // Without parentheses: (a and b) or c, a or (b and c).
    fc.tuple(comparison, comparison, comparison).map(([a, b, c]) => ({
      text: `${a.text} and ${b.text} or ${c.text}`,
      value: (a.value && b.value) || c.value,
    })),
    fc.tuple(comparison, comparison, comparison).map(([a, b, c]) => ({
      text: `${a.text} or ${b.text} and ${c.text}`,
      value: a.value || (b.value && c.value),
    })),
    tie('condition').map((part) => ({ text: `!${wrap(part)}`, value: part.value !== true })),
  ),
}));

test('a compiled filter agrees with the plain reading of the same filter', () => {
  fc.assert(
    fc.property(condition, ({ text, value }) => {
      const compiled = compileFql(text);
      expect(compiled).toMatchObject({ ok: true });
      if (compiled.ok) expect(compiled.matches(event)).toBe(value === true);
    }),
    runs(2_000),
  );
});

test('a filter says yes or no of any event, and explains the same', () => {
  const json = hostileJson.map((text) => JSON.parse(text));
  const held = fc.dictionary(fc.constantFrom(...Object.keys(event)), fc.oneof(json, fc.anything()));
  fc.assert(
    fc.property(condition, fc.oneof(held, json), ({ text }, given) => {
      const compiled = compileFql(text);
      const matches = compiled.ok && compiled.matches(given);
      expect(typeof matches).toBe('boolean');
      expect(explainFql(text, given)).toMatchObject({ ok: true, matches });
    }),
    runs(300),
  );
  expect(isPrototypeUntouched()).toBe(true);
});

test('any key is reachable through an escaped path', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: anyCharacter, minLength: 1 }), { minLength: 1, maxLength: 4 }),
      (keys) => {
        const text = keys.map((key) => [...key].map((character) => `\\${character}`).join('')).join('.');
        const holder = keys.reduceRight<unknown>((value, key) => Object.fromEntries([[key, value]]), 'here');
        const compiled = compileFql(`${text} = 'here'`);
        expect(compiled.ok && compiled.matches(holder)).toBe(true);
      },
    ),
  );
});

const WILDCARDS = new Map([
  ['*', '.*'],
  ['?', '.'],
]);

test('a glob agrees with a regular expression on texts too short to backtrack', () => {
  const star = fc.array(fc.constantFrom('*', '?', 'a', 'b', '[ab]', '[^a]', '\\*'), { maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', 'c'), maxLength: 8 });
  fc.assert(
    fc.property(star, text, (parts, s) => {
      const source = parts.map((part) => WILDCARDS.get(part) ?? part).join('');
      const compiled = compileFql(`match(s, '${parts.join('')}')`);
      expect(compiled.ok && compiled.matches({ s })).toBe(new RegExp(`^${source}$`, 'u').test(s));
    }),
    runs(2_000),
  );
});
