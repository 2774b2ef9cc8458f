// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how templates are written
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { compileValue } from './compile-value.js';
import type { ValueRule } from './value-rule.js';

const event = {
  userId: 'u1',
  event: 'API Call',
  properties: { tokens: 5, amount: '12.50', nothing: null, empty: '', nested: { plan: 'pro' }, 'a.b': 1 },
  traits: { email: 'luke.cage@example.com', name: 'Jane', age: 41 },
};

test.each<[string, ValueRule, unknown]>([
  ['a path', 'properties.tokens', 5],
  ['a path further down', 'properties.nested.plan', 'pro'],
  ['a key with a dot in it', 'properties.a\\.b', 1],
  ['the first path that is not null', ['properties.nothing', 'context.groupId', 'userId'], 'u1'],
  ['an empty string, which is not null', ['properties.empty', 'userId'], ''],
  ['a constant', { value: 'users' }, 'users'],
  ['a path with a type', { path: 'properties.amount', as: 'number' }, 12.5],
  ['a default for what is missing', { path: 'properties.x', default: 0 }, 0],
  ['a default for null', { path: 'properties.nothing', default: 'none' }, 'none'],
  ['null as a default', { path: 'properties.x', default: null }, null],
  ['a default read as its type', { path: 'properties.x', as: 'number', default: '3' }, 3],
  ['no default where there is a value', { path: 'properties.tokens', default: 0 }, 5],
  ['a masked value', { path: 'traits.email', mask: true }, 'l***.c***@example.com'],
  ['a masked name', { path: 'traits.name', mask: true }, 'J***'],
  ['a hashed value', { path: 'userId', hash: 'sha256' }, createHash('sha256').update('u1').digest('hex')],
  ['several parts', { template: '${userId}:${properties.tokens}/${properties.nested.plan}' }, 'u1:5/pro'],
  ['a part that has a second path', { template: 'a-${properties.nothing | userId}' }, 'a-u1'],
  ['a part with a dot in it', { template: '${properties.a\\.b}' }, '1'],
  ['text that looks like a part', { template: '\\${x}\\\\ ${userId}' }, '${x}\\ u1'],
  ['several parts as a number', { template: '${properties.tokens}${properties.tokens}', as: 'number' }, 55],
  ['several parts, hidden', { template: '${event}: ${userId}', mask: true }, 'A***'],
  [
    'a default for a part that is missing',
    { template: '${userId}:${properties.x}', default: 'none' },
    'none',
  ],
  ['a default for an empty part', { template: '${userId}:${properties.empty}', default: 'none' }, 'none'],
  ['a number, scaled', { path: 'properties.tokens', as: 'number', times: '0.000000001' }, 5e-9],
  ['text, scaled', { path: 'properties.amount', as: 'number', times: '100' }, 1250],
  ['a default as it is, not scaled', { path: 'properties.x', as: 'number', times: '1000', default: 7 }, 7],
])('takes %s', (_, rule, expected) => {
  expect(compileValue(rule, { required: true })(event)).toEqual({ ok: true, value: expected });
});

test.each<[ValueRule, string, string]>([
  ['properties.x', 'properties.x', 'properties.x is missing; a value was expected'],
  ['properties.nothing', 'properties.nothing', 'properties.nothing is null; a value was expected'],
  [
    ['context.groupId', 'traits.id'],
    'context.groupId | traits.id',
    'none of context.groupId | traits.id has a value; one was expected',
  ],
  [
    { template: '${userId}:${properties.x}' },
    'properties.x',
    'properties.x is missing; a value was expected',
  ],
  [
    { template: '${properties.empty}:${userId}' },
    'properties.empty',
    'properties.empty is missing; a value was expected',
  ],
])('a required %j without a value is a failure that names it', (rule, path, detail) => {
  expect(compileValue(rule, { required: true })(event)).toEqual({
    ok: false,
    failure: { code: 'missing_value', path, detail },
  });
});

test.each<[ValueRule, unknown]>([
  ['properties.x', undefined],
  ['properties.nothing', null],
  [['properties.x', 'properties.nothing'], null],
  [['properties.x', 'traits.y'], undefined],
])('an optional %j comes back as it was found', (rule, expected) => {
  expect(compileValue(rule, { required: false })(event)).toEqual({ ok: true, value: expected });
});

test.each<[string]>([['constructor.name'], ['properties.constructor'], ['userId.length'], ['toString']])(
  '%s reads nothing: only what the sender wrote is there',
  (path) => {
    expect(compileValue(path, { required: false })(event)).toEqual({ ok: true, value: undefined });
  },
);

test('a failure never shows the value', () => {
  const result = compileValue({ path: 'traits.email', as: 'number' }, { required: true })(event);
  expect(JSON.stringify(result)).not.toContain('luke');
});

test('a list cannot be hidden', () => {
  const masked = compileValue({ path: 'x', mask: true }, { required: true });
  expect(masked({ x: ['a'] })).toMatchObject({ ok: false, failure: { code: 'wrong_type', path: 'x' } });
});

test('a number is hidden by its digits', () => {
  const hashed = compileValue({ path: 'x', hash: 'sha256' }, { required: true });
  expect(hashed({ x: 12 })).toEqual(hashed({ x: '12' }));
});

test('a template without a part is missing where it need not be there', () => {
  const read = compileValue({ template: '${userId}:${properties.x}' }, { required: false });
  expect(read(event)).toEqual({ ok: true, value: undefined });
});

test('a part that is a list or an object is a failure that names it', () => {
  const read = compileValue({ template: '${userId}:${properties.nested}' }, { required: true });
  expect(read(event)).toMatchObject({
    ok: false,
    failure: { code: 'wrong_type', path: 'properties.nested' },
  });
});
