import { expect, test } from '@jest/globals';
import { findAlwaysTrue } from './always-true.js';

test.each<[string, number]>([
  ['true', 1],
  ['type = "track" or type != "track"', 1],
  ['event = "a" and (type = "track" or !(type = "track"))', 18],
  ['properties.n > 5 or event = "a" or !(properties.n > 5)', 1],
  ['properties.test or !properties.test', 1],
  ['!(type = "track" and type != "track")', 3],
  ['contains(event, "x") or !contains(event, "x")', 1],
  ['type = "track" or true', 19],
  ['event = "a" and true', 17],
])('%s excludes no event', (text, column) => {
  expect(findAlwaysTrue(text)).toMatchObject([
    { line: 1, column, message: expect.stringContaining('excludes no event') },
  ]);
});

test.each([
  'type = "track"',
  'type != "delete"',
  'type = "track" or type = "page"',
  'type = "track" and type != "page"',
  // Not true of an event without n.
  'properties.n > 5 or properties.n <= 5',
  'event != "a" and event != "b"',
  'length(properties.items) > 0 or event = "a"',
  'evnt =',
])('%s may exclude some', (text) => {
  expect(findAlwaysTrue(text)).toEqual([]);
});
