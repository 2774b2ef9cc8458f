// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how templates are written
import { expect, test } from '@jest/globals';
import { isTyped, propertiesRuleSchema, valueRuleSchema } from './value-rule.js';

test.each([
  ['properties.tokens'],
  [['context.groupId', 'userId']],
  [{ value: 'users' }],
  [{ value: 0 }],
  [{ path: 'properties.a', as: 'number', default: 0 }],
  [{ path: ['properties.a', 'traits.b'], mask: true }],
  [{ path: 'properties.a', hash: 'sha256', as: 'string' }],
  [{ path: 'properties.a', default: null }],
  [{ template: '${context.groupId}:${userId}' }],
  [{ template: '${context.groupId | userId}', as: 'number', default: 0 }],
  [{ path: 'properties.bytes', as: 'number', times: '0.000000001' }],
  [{ path: 'properties.bytes', as: 'number', times: '-1024', default: 0 }],
  ['\\tenant'],
])('%j is a rule', (rule) => {
  expect(valueRuleSchema.parse(rule)).toEqual(rule);
});

test.each([
  ['an empty path', ''],
  ['a path without a key', 'properties..x'],
  ['a path to the prototype', '__proto__.x'],
  ['no paths', []],
  ['a path that no event has', 'propertes.tokens'],
  ['a list with a path that no event has', ['userId', 'contxt.groupId']],
  ['an object with a path that no event has', { path: 'tokens', as: 'number' }],
  ['a number', 5],
  ['null', null],
  ['an unknown key', { path: 'event', sa: 'number' }],
  ['an unknown type', { path: 'event', as: 'integer' }],
  ['both a value and a path', { path: 'event', value: 1 }],
  ['null as a constant', { value: null }],
  ['mask and hash', { path: 'event', mask: true, hash: 'sha256' }],
  ['a masked number', { path: 'event', mask: true, as: 'number' }],
  ['mask: false, which hides nothing', { path: 'event', mask: false }],
  ['a default of another type', { path: 'event', as: 'number', default: 'none' }],
  ['a template without a path', { template: 'users' }],
  ['a template that does not end', { template: '${userId' }],
  ['a template with an empty path', { template: '${}:${userId}' }],
  ['a template with an empty alternative', { template: '${userId | }' }],
  ['a template to the prototype', { template: '${__proto__.x}' }],
  ['a template that ends in a backslash', { template: '${userId}\\' }],
  ['a template and a path', { template: '${userId}', path: 'userId' }],
  ['a factor for what is no number', { path: 'properties.a', times: '2' }],
  ['a factor for text', { path: 'properties.a', as: 'string', times: '2' }],
  ['a factor that YAML may have rounded', { path: 'properties.a', as: 'number', times: 0.001 }],
  ['a factor with an exponent', { path: 'properties.a', as: 'number', times: '1e-9' }],
  ['a factor of nothing', { path: 'properties.a', as: 'number', times: '0.00' }],
  ['an integer that YAML has rounded', { value: 2 ** 60 }],
])('%s is no rule', (_, rule) => {
  expect(valueRuleSchema.safeParse(rule).success).toBe(false);
});

test('"*" names one object', () => {
  expect(propertiesRuleSchema.safeParse({ '*': 'properties', a: { value: 1 } }).success).toBe(true);
  expect(propertiesRuleSchema.safeParse({ '*': ['properties', 'traits'] }).success).toBe(false);
  expect(propertiesRuleSchema.safeParse({ '*': { value: 1 } }).success).toBe(false);
  expect(propertiesRuleSchema.safeParse({ '*': 'propertes' }).success).toBe(false);
});

test('only `as` says a type', () => {
  expect(isTyped({ path: 'event', as: 'number' })).toBe(true);
  expect(isTyped({ path: 'event' })).toBe(false);
  expect(isTyped({ value: 1 })).toBe(false);
  expect(isTyped('a')).toBe(false);
});
