import { expect, test } from '@jest/globals';
import { compareVersions } from './semver.js';

test.each([
  ['1.10.0', '>', '1.9.9', true],
  ['1.10.0', '>=', '1.10', true],
  ['1.10.0', '=', '1.10', true],
  ['2', '=', '2.0.0', true],
  ['2', '!=', '2.0.1', true],
  ['1.0', '<', '1.0.1', true],
  ['1.0.1', '<=', '1.0.1', true],
  ['1.0.2', '<=', '1.0.1', false],
  ['1.0.0-rc.1', '<', '1.0.0', true],
  ['1.0.0-rc.2', '<', '1.0.0-rc.10', true],
  ['1.0.0-alpha', '<', '1.0.0-alpha.1', true],
  ['1.0.0-1', '<', '1.0.0-alpha', true],
  ['1.0.0-beta', '>', '1.0.0-alpha', true],
  ['1.0.0+a', '=', '1.0.0+b', true],
  ['v1.0', '!=', '2.0', false],
  ['1.2.3.4', '>', '1', false],
  ['', '!=', '1', false],
  ['1.', '>=', '1', false],
  ['1.x', '>=', '1', false],
  ['latest', '!=', '1', false],
  [null, '!=', '1', false],
  [1, '=', '1', false],
  ['1', '=', null, false],
  ['1', '~', '1', false],
  [`1.${'9'.repeat(400)}`, '>', '1', false],
] as const)('%s %s %s is %s', (left, operator, right, expected) => {
  expect(compareVersions(left, operator, right)).toBe(expected);
});
