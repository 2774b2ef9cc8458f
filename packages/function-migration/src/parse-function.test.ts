import { expect, test } from '@jest/globals';
import { parseFunction } from './parse-function.js';

test('what JavaScript takes is read as it is', () => {
  const { problems, isExact, program } = parseFunction('async function onTrack(event) {\n  return 1;\n}');
  expect({ problems, isExact, statements: program.body.length }).toEqual({
    problems: [],
    isExact: true,
    statements: 1,
  });
});

test('a name that is declared twice is a problem of a text that can be read', () => {
  const { problems, isExact } = parseFunction(
    'function onTrack(event) {\n  const event = { a: event.b };\n}',
  );
  expect(problems).toEqual([{ line: 2, message: "Identifier 'event' has already been declared" }]);
  expect(isExact).toBe(true);
});

test.each([
  ['a brace that is missing', 'function onTrack(event) {\n  fetch("x");\n', 3],
  ['two words side by side', 'function onTrack(event) {\n  const body = event userId;\n}', 2],
  ['nothing of the kind', 'on: [push]\njobs:\n  - run: x y', 3],
])('%s is guessed at, and said to be', (_, source, line) => {
  const { problems, isExact } = parseFunction(source);
  expect(isExact).toBe(false);
  expect(problems).toEqual([{ line, message: expect.stringMatching(/^[A-Z].*[^)]$/) }]);
});

test('an empty text is an empty program', () => {
  expect(parseFunction('').program.body).toEqual([]);
});
