import { expect, test } from '@jest/globals';
import { compileProperties, type PropertiesOptions } from './compile-properties.js';
import type { PropertiesRule } from './value-rule.js';

const strict: PropertiesOptions = { bareRequired: true, lists: false };
const loose: PropertiesOptions = { bareRequired: false, lists: true };

const event = {
  properties: {
    tokens: 5,
    plan: 'pro',
    deleted_at: null,
    tags: ['a', 'b'],
    items: [{ sku: 1 }],
    nested: { a: 1 },
    email: 'jane@example.com',
  },
  traits: { plan: 'team' },
};

function read(rule: PropertiesRule, options: PropertiesOptions) {
  const result = compileProperties(rule, options)(event);
  return result.ok ? result.value : result.failure;
}

test('"*" takes what is flat', () => {
  expect(read({ '*': 'properties' }, strict)).toEqual({
    tokens: 5,
    plan: 'pro',
    deleted_at: null,
    email: 'jane@example.com',
  });
});

test('"*" takes lists of scalars where the API does', () => {
  expect(read({ '*': 'properties' }, loose)).toMatchObject({ tags: ['a', 'b'] });
});

test('a name wins over "*"', () => {
  expect(read({ '*': 'properties', plan: 'traits.plan' }, loose)).toMatchObject({ plan: 'team' });
});

test('a name hides what "*" would take, even without a value of its own', () => {
  const rule = { '*': 'properties', email: { path: 'traits.email', mask: true } } as const;
  expect(read(rule, loose)).not.toHaveProperty('email');
});

test.each([['traits'], ['context'], ['properties.deleted_at']])('"*" of %s may find nothing', (path) => {
  expect(compileProperties({ '*': path }, strict)({ properties: { deleted_at: null } })).toEqual({
    ok: true,
    value: {},
  });
});

test.each([['properties.plan'], ['properties.tags']])('"*" of %s is no object', (path) => {
  expect(read({ '*': path }, loose)).toMatchObject({ code: 'wrong_type', path });
});

test('a rounded integer under "*" is a failure, not a wrong number', () => {
  expect(compileProperties({ '*': 'properties' }, loose)({ properties: { id: 2 ** 60 } })).toMatchObject({
    ok: false,
    failure: { code: 'unsupported_value', path: 'properties.id' },
  });
});

test('nor is one in a list', () => {
  const given = { properties: { ids: [1, 2 ** 60] } };
  expect(compileProperties({ '*': 'properties' }, loose)(given)).toMatchObject({
    ok: false,
    failure: { code: 'unsupported_value', path: 'properties.ids' },
  });
  expect(compileProperties({ '*': 'properties' }, strict)(given)).toEqual({ ok: true, value: {} });
});

test.each([
  [strict, 'missing_value'],
  [loose, undefined],
])('a missing bare path under %j', (options, code) => {
  expect(read({ units: 'properties.units' }, options)).toEqual(
    code ? expect.objectContaining({ code, path: 'properties.units' }) : {},
  );
});

test('a missing path with a type is a failure anywhere', () => {
  expect(read({ units: { path: 'properties.units', as: 'number' } }, loose)).toMatchObject({
    code: 'missing_value',
  });
});

test.each([
  ['properties.tags', strict, 'wrong_type'],
  ['properties.items', loose, 'wrong_type'],
  ['properties.nested', loose, 'wrong_type'],
])('a named %s is a failure where the API does not take it', (path, options, code) => {
  expect(read({ x: path }, options)).toMatchObject({ code });
});

test('an unusual name does no harm', () => {
  const hostile = JSON.parse('{"properties":{"__proto__":1,"constructor":2,"toString":"x"}}');
  const result = compileProperties({ '*': 'properties' }, strict)(hostile);
  expect(result.ok && Object.entries(result.value)).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
    ['toString', 'x'],
  ]);
});
