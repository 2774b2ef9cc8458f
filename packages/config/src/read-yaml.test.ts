import { expect, test } from '@jest/globals';
import { readYaml } from './read-yaml.js';

test.each<[string, unknown]>([
  ['0.1234567890123456789', '0.1234567890123456789'],
  ['12345678901234567890', '12345678901234567890'],
  ['-9007199254740993', '-9007199254740993'],
  ['+.12345678901234567', '0.12345678901234567'],
  ['0012345678901234567.5', '12345678901234567.5'],
  ['1.2345678901234567891e5', '123456.78901234567891'],
  ['9007199254740991', 9007199254740991],
  ['1.10', 1.1],
  ['1e3', 1000],
  ['0x1f', 31],
  ['.5', 0.5],
  ['"12345678901234567890"', '12345678901234567890'],
  ['.inf', Number.POSITIVE_INFINITY],
])(
  'a number keeps the digits that are written, as text where a double has not so many: %s',
  (written, value) => {
    expect(readYaml(`a: &n ${written}\nb: [*n]\n`)).toMatchObject({
      ok: true,
      data: { a: value, b: [value] },
    });
  },
);
