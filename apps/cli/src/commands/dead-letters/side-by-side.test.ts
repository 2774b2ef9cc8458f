import { expect, test } from '@jest/globals';
import { alignSides, renderSides } from './side-by-side.js';

const say = (left: string[], right: string[]) =>
  alignSides(left, right).map(({ left = '', mark, right = '' }) => `${left}${mark}${right}`);

test.each<[string[], string[], string[]]>([
  [[], [], []],
  [['a'], ['a'], ['a a']],
  [['a'], ['b'], ['a|b']],
  [
    ['a', 'b', 'c'],
    ['a', 'c'],
    ['a a', 'b<', 'c c'],
  ],
  [
    ['a', 'c'],
    ['a', 'b', 'c'],
    ['a a', '>b', 'c c'],
  ],
  [
    ['a', 'b', 'c'],
    ['x', 'c', 'd'],
    ['a|x', 'b<', 'c c', '>d'],
  ],
  [['a', 'b'], [], ['a<', 'b<']],
])('%j beside %j', (left, right, lines) => {
  expect(say(left, right)).toEqual(lines);
});

const titles = { left: 'then', right: 'now' };

test('what differs is marked, and everything else is aligned', () => {
  expect(renderSides('{\n  "a": 1\n}', '{\n  "a": 1,\n  "b": 2\n}', titles, 80)).toBe(
    ['then       now', '{          {', '  "a": 1 |   "a": 1,', '         >   "b": 2', '}          }'].join(
      '\n',
    ),
  );
});

test('what is wider than its half goes on below; only what differs is coloured', () => {
  const styles = { left: (text: string) => `-${text}-`, right: (text: string) => `+${text}+` };
  expect(renderSides('abcdefgh\nsame', 'xy\nsame', titles, 11, styles)).toBe(
    ['then   now', '-abcd- | +xy+', '-efgh- | ++', 'same   same'].join('\n'),
  );
});

test('what goes on below is broken between words', () => {
  expect(renderSides('(nothing: it is missing; a value)', 'x', titles, 40)).toBe(
    ['then                 now', '(nothing: it is    | x', 'missing; a value)  |'].join('\n'),
  );
});
