import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../test/any-character.js';
import { hostileJson, isPrototypeUntouched, runs } from '../test/hostile-json.js';
import { parseJson } from './parse-json.js';
import { compilePrivacy, findPrivacyPathProblem } from './privacy.js';
import { toStorable } from './refused-event.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'email', 'a.b', '\\', '0', '1', 'constructor', 'toString', 'prototype', 'length'),
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 4 }).filter((text) => text !== '__proto__'),
);

/** JSON whose texts are each there once, `<1>`, `<2>` …, so that each can be looked for. */
const markedEvent = fc
  .letrec<{ node: unknown; object: Record<string, unknown> }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('text', 'text', 7, null, true),
      fc.array(tie('node'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(key, tie('node'), { maxKeys: 4, noNullPrototype: true }),
  }))
  .object.map((event) => {
    let marks = 0;
    return JSON.parse(JSON.stringify(event), (_key, value) => (value === 'text' ? `<${++marks}>` : value));
  });

/** A path to something in the event, or near it; list items by their index, or all of them by none. */
function pathIn(event: unknown, choices: Iterator<number>): string[] {
  const path: string[] = [];
  let value = event;
  while (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    const chosen = keys[choices.next().value % Math.max(1, keys.length)];
    if (chosen === undefined || (path.length > 0 && choices.next().value % 4 === 0)) break;
    if (!Array.isArray(value) || choices.next().value % 2 === 0) path.push(chosen);
    value = (value as Record<string, unknown>)[chosen];
  }
  return path;
}

const spell = (path: string[]) => path.map((each) => each.replace(/[\\.]/g, '\\$&')).join('.');

/** The marks at the end of a path: what a rule for it must take. */
function marksAt(value: unknown, path: readonly string[]): string[] {
  const [first, ...rest] = path;
  if (first === undefined) return marksIn(value);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value) && !/^\d+$/.test(first)) return value.flatMap((item) => marksAt(item, path));
  const next = Array.isArray(value) ? value[Number(first)] : Object.hasOwn(value, first) && get(value, first);
  return marksAt(next, rest);
}

const get = (value: object, name: string) => (value as Record<string, unknown>)[name];
const marksIn = (value: unknown) => JSON.stringify(value)?.match(/<\d+>/g) ?? [];

test.each(['drop', 'mask', 'hash', 'sha256'] as const)(
  'what %s takes by any paths is nowhere in the event, and everything else still is',
  (what) => {
    fc.assert(
      fc.property(markedEvent, fc.infiniteStream(fc.nat(1_000)), (event, choices) => {
        const paths = [1, 2, 3].map(() => pathIn(event, choices)).filter(({ length }) => length > 0);
        const before = JSON.stringify(event);
        const after = compilePrivacy({ [what]: paths.map(spell) }, 'key')(event);
        const taken = new Set(paths.flatMap((path) => marksAt(event, path)));
        expect(marksIn(after)).toEqual(marksIn(event).filter((mark) => !taken.has(mark)));
        expect(JSON.stringify(event)).toBe(before);
      }),
      runs(200),
    );
  },
);

test('any path is refused or works on any event, refused ones included', () => {
  const path = fc.oneof(
    fc.constantFrom('__proto__.x', 'constructor.prototype.x', 'a.__proto__', 'properties.a.b', 'context.0.a'),
    fc.string({ unit: anyCharacter }),
  );
  fc.assert(
    fc.property(path, hostileJson, (text, json) => {
      if (findPrivacyPathProblem(text) !== null) return;
      const privacy = compilePrivacy({ drop: [text], mask: [`${text}.a`], hash: [`${text}.b`] }, 'key');
      const refused = toStorable(parseJson(json));
      expect(() => JSON.stringify(privacy(refused))).not.toThrow();
    }),
    runs(200),
  );
});
