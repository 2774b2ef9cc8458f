import { expect, test } from '@jest/globals';
import { filterPaths } from './filter-paths.js';

test.each([
  ['event = "API Call"', ['event']],
  ['properties.tokens > 0 and properties.tokens < 9', ['properties.tokens']],
  ['!(traits.plan in ["a", "b"]) or properties.internal', ['traits.plan', 'properties.internal']],
  ['contains(lowercase(context.page.path), "/docs")', ['context.page.path']],
  ['properties.tokens >', []],
])('%s reads %j', (when, paths) => {
  expect(filterPaths(when).map((path) => path.join('.'))).toEqual(paths);
});
