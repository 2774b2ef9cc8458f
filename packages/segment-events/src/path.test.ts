import { expect, test } from '@jest/globals';
import { compilePath, readPath, splitPath } from './path.js';

const event = {
  properties: {
    'a.b': 1,
    'back\\slash': 2,
    list: [{ units: 3 }, { units: 4 }],
    zero: 0,
    none: null,
    text: 'abc',
  },
};

test.each([
  ['properties.a\\.b', 1],
  ['properties.back\\\\slash', 2],
  ['properties.list.1.units', 4],
  ['properties.zero', 0],
  ['properties.none', null],
  ['properties.nope', undefined],
  ['properties.none.deeper', undefined],
  ['properties.text.length', undefined],
  ['properties.list.length', undefined],
  ['constructor.name', undefined],
  ['toString', undefined],
  ['properties.list.map', undefined],
])('%s reads %j', (path, expected) => {
  expect(compilePath(path)(event)).toBe(expected);
});

test.each([null, undefined, 'text', 7, []])('reads nothing from %j', (value) => {
  expect(readPath(value, ['length'])).toBeUndefined();
});

test.each(['', '.', 'a..b', '.a', 'a.', 'a\\', '__proto__.x', 'a.__proto__'])(
  'refuses %j as a path',
  (text) => {
    expect(splitPath(text).ok).toBe(false);
    expect(() => compilePath(text)).toThrow(TypeError);
  },
);
