import { expect, test } from '@jest/globals';
import { holdsLoneSurrogate } from './text.js';

test.each<[string, boolean]>([
  ['{"a":"\\ud800"}', true],
  ['{"a":[{"b":"x\\udc00y"}]}', true],
  ['{"\\ud83d":1}', true],
  ['["\\udc00\\ud800"]', true],
  ['{"a":"\\ud83d\\ude00"}', false],
  ['{"a":"😀"}', false],
  ['{"a":"\\\\ud800"}', false],
  ['{"a":1,"b":null}', false],
])('%s holds half a character: %j', (body, holds) => {
  expect(holdsLoneSurrogate(body, JSON.parse(body))).toBe(holds);
});
