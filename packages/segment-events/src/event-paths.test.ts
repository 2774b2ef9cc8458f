import { expect, test } from '@jest/globals';
import { eventPaths, mayBeAmong } from './event-paths.js';
import type { SegmentEvent } from './segment-event.js';

const pathsOf = (fields: object) => eventPaths(fields as SegmentEvent);
const manyKeys = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 1]));

test.each([
  ['the root alone', { event: 'A', userId: 'u' }, []],
  [
    'inner and outer ones',
    { properties: { tokens: 0, model: { size: '' } } },
    ['properties.tokens', 'properties.model', 'properties.model.size'],
  ],
  [
    'of three roots',
    { properties: { a: 1 }, traits: { b: false }, context: { c: 'x' }, integrations: { All: true } },
    ['properties.a', 'traits.b', 'context.c'],
  ],
  ['none for null', { properties: { a: null, b: undefined } }, ['properties.b']],
  [
    'a list is not followed',
    { properties: { items: [{ a: 1 }] } },
    ['properties.items', 'properties.items.*'],
  ],
  ['nor a table', { properties: { by: manyKeys } }, ['properties.by', 'properties.by.*']],
  [
    'a key that may be a value is not kept',
    { traits: { 'jo@example.com': { a: 1 }, '4711': 1, 'a.b': 1, ['x'.repeat(65)]: 1 } },
    ['traits.*', 'traits.*', 'traits.*', 'traits.*'],
  ],
  [
    'nor what lies deep',
    { context: { a: { b: { c: { d: { e: 1 } } } } } },
    ['context.a', 'context.a.b', 'context.a.b.c', 'context.a.b.c.d', 'context.a.b.c.d.*'],
  ],
])('collects paths: %s', (_what, fields, paths) => {
  expect(pathsOf(fields)).toEqual(paths);
});

test.each<[string, string[], string[], boolean]>([
  ['one that is there', ['properties.tokens'], ['properties', 'tokens'], true],
  ['one that is not', ['properties.tokens'], ['properties', 'tokns'], false],
  ['below one that is there', ['properties.tokens'], ['properties', 'tokens', 'in'], false],
  ['below a list', ['properties.items', 'properties.items.*'], ['properties', 'items', '0', 'id'], true],
  ['beside keys that were not kept', ['traits.*'], ['traits', 'plan'], true],
  ['where not all were kept', ['*'], ['properties', 'tokns'], true],
  ['a field at the root', [], ['userId'], true],
  ['a root itself', [], ['properties'], true],
  ['below another root', [], ['integrations', 'Lago'], true],
])('finds a path: %s', (_what, paths, path, expected) => {
  expect(mayBeAmong(new Set(paths), path)).toBe(expected);
});
