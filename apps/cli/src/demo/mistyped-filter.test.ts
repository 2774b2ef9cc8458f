import { expect, test } from '@jest/globals';
import { describeMistypedFilter } from './mistyped-filter.js';

test('the demonstration says where the mistake is and what was meant', () => {
  const lines = describeMistypedFilter().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/line 1, column 20: found evnt, .*did you mean event\?/);
});
