import { expect, test } from '@jest/globals';
import { coerce, plainValue, type ValueType } from './coerce.js';

test.each<[ValueType, unknown, unknown]>([
  ['number', 0, 0],
  ['number', -12.5, -12.5],
  ['number', '12', 12],
  ['number', ' 12.50 ', 12.5],
  ['number', '-3', -3],
  ['number', '007', 7],
  ['number', '9007199254740991', 9007199254740991],
  ['number', '9007199254740993', '9007199254740993'],
  ['number', '-123456789012345678901234567890', '-123456789012345678901234567890'],
  ['number', '0.000000000000000012345', 0.000000000000000012345],
  ['number', '0.12345678901234567890', '0.12345678901234567890'],
  ['string', 'a', 'a'],
  ['string', '', ''],
  ['string', 12.5, '12.5'],
  ['string', 1e-7, '0.0000001'],
  ['string', false, 'false'],
  ['boolean', true, true],
  ['boolean', 'true', true],
  ['boolean', 'false', false],
  ['timestamp', '2026-08-01T02:00:00+02:00', '2026-08-01T00:00:00.000Z'],
  ['timestamp', '2026-08-01T00:00:00.123456Z', '2026-08-01T00:00:00.123Z'],
  ['timestamp', '2026-08-01', '2026-08-01T00:00:00.000Z'],
])('as %s reads %p as %p', (as, value, expected) => {
  expect(coerce(value, as, 'properties.x')).toEqual({ ok: true, value: expected });
});

test.each<[ValueType, unknown, string]>([
  ['number', '1,000', 'string'],
  ['number', '1e3', 'string'],
  ['number', '+5', 'string'],
  ['number', '.5', 'string'],
  ['number', '5.', 'string'],
  ['number', '1 000', 'string'],
  ['number', '', 'string'],
  ['number', 'NaN', 'string'],
  ['number', true, 'boolean'],
  ['number', [1], 'list'],
  ['number', {}, 'object'],
  ['string', {}, 'object'],
  ['string', ['a'], 'list'],
  ['boolean', 'yes', 'string'],
  ['boolean', 1, 'number'],
  ['timestamp', 1785542400, 'number'],
  ['timestamp', '2026-02-30T00:00:00Z', 'string'],
  ['timestamp', 'yesterday', 'string'],
  ['timestamp', true, 'boolean'],
])('as %s refuses %p, naming a %s and not the value', (as, value, found) => {
  const result = coerce(value, as, 'properties.x');
  expect(result).toMatchObject({ ok: false, failure: { code: 'wrong_type', path: 'properties.x' } });
  expect(result.ok || result.failure.detail).toMatch(new RegExp(`^properties\\.x is ${found}; expected `));
});

test.each<[ValueType, unknown]>([
  ['number', 2 ** 53],
  ['number', 1e21],
  ['number', Number.NaN],
  ['number', Number.POSITIVE_INFINITY],
  ['string', 2 ** 60],
])('as %s refuses the number %p, which is not what was written', (as, value) => {
  expect(coerce(value, as, 'x')).toMatchObject({ ok: false, failure: { code: 'unsupported_value' } });
});

test.each([['a'], [1.5], [false], [['a', 1, true]], [[]]])('a bare path takes %j as it is', (value) => {
  expect(plainValue(value, 'x')).toEqual({ ok: true, value });
});

test.each([
  [{ a: 1 }, 'wrong_type'],
  [[{ a: 1 }], 'wrong_type'],
  [[null], 'wrong_type'],
  [[[1]], 'wrong_type'],
  [2 ** 53, 'unsupported_value'],
  [[2 ** 53], 'unsupported_value'],
])('a bare path refuses %j', (value, code) => {
  expect(plainValue(value, 'x')).toMatchObject({ ok: false, failure: { code, path: 'x' } });
});
