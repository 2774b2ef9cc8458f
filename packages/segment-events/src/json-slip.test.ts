import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findJsonSlip } from './json-slip.js';

test.each([
  ['', 1, 1, 'a value'],
  ['{\n  "event": "a",\n  "userId": }', 3, 13, 'a value'],
  ['{"a": 1,}', 1, 9, 'a name in double quotes'],
  ["{'a': 1}", 1, 2, 'a name in double quotes, or }'],
  ['{"a" 1}', 1, 6, 'a colon'],
  ['{"a": 1 "b": 2}', 1, 9, 'a comma or the end of the list or object'],
  ['[1, 2', 1, 6, 'a comma or the end of the list or object'],
  ['[1}', 1, 3, 'a comma or the end of the list or object'],
  ['[1,]', 1, 4, 'a value'],
  ['{"a": "b\n"}', 1, 9, 'a closing quote, or a character that needs none of \\'],
  ['{"a": 1}\n{', 2, 1, 'nothing more'],
  ['{"a": NaN}', 1, 7, 'a value'],
  ['{"a": 01}', 1, 8, 'a comma or the end of the list or object'],
])('%j', (text, line, column, expected) => {
  expect(findJsonSlip(text)).toEqual({ line, column, expected });
});

test('it finds a slip exactly where JSON.parse refuses', () => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc.tuple(fc.json(), fc.nat(), fc.string()).map(([json, at, other]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + other + json.slice(place + 1);
    }),
  );
  const isJson = (json: string) => {
    try {
      JSON.parse(json);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(text, (each) => {
      expect(findJsonSlip(each) === undefined).toBe(isJson(each));
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) },
  );
});
