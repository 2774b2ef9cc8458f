import { expect, test } from '@jest/globals';
import { howToRun, listSteps } from './hint.js';

test('a command is typed as the one before it was', () => {
  expect(howToRun('check', {})).toBe('meterbridge check');
  expect(howToRun('check', { npm_lifecycle_event: 'start' })).toBe('npm run -s meterbridge -- check');
});

test('what a step is for stands in a column', () => {
  expect(
    listSteps([
      ['a', 'one'],
      ['bcd', 'two'],
    ]),
  ).toEqual(['  a    one', '  bcd  two']);
});
