import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { renderGoals } from './report.js';

test('all goals are one table: what, how much it is to be, what it is, and whether that will do', () => {
  const lines = stripVTControlCharacters(
    renderGoals([
      { what: 'CPU seconds a million events', value: 44.21, unit: 's', atMost: 30 },
      { what: 'of the budget used', value: 0.982, atLeast: 0.98 },
    ]),
  ).split('\n');
  const cells = lines
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(cells).toEqual([
    ['figure', 'goal', 'measured', ''],
    ['CPU seconds a million events', 'at most 30 s', '44.2 s', '✗'],
    ['of the budget used', 'at least 0.98', '0.982', '✓'],
  ]);
});
