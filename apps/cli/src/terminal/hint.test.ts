import { expect, test } from '@jest/globals';
import { howToRun, listSteps } from './hint.js';

test('a command is typed by its name, and in a clone by npm', () => {
  expect(howToRun('check', false)).toBe('meterbridge check');
  expect(howToRun('check', true)).toBe('npm run -s meterbridge -- check');
  expect(howToRun('up', true)).toBe('npm start');
});

test('what a step is for stands in a column', () => {
  expect(
    listSteps([
      ['a', 'one'],
      ['bcd', 'two'],
    ]),
  ).toEqual(['  a    one', '  bcd  two']);
});
