import { expect, test } from '@jest/globals';
import { renderCase } from './render-case.js';

const a = { name: 'a call', file: 'a.cases.yaml', line: 3, event: {}, receivedAtMs: 0, expect: 'filtered' };

test('a case that is right is a line', () => {
  const result = { ok: true, expected: 'filtered', actual: 'filtered', details: [] };
  expect(renderCase(a, result)).toBe('  ✓ a call');
});

test('one word for another', () => {
  const result = { ok: false, expected: 'ignored', actual: {}, details: [] };
  expect(renderCase(a, result).replaceAll(/^ {6}/gm, '')).toContain('- ignored\n+ filtered');
});

test('one value that differs is shown with its rule, and why another failed', () => {
  const usage = (tokens: number) => ({ hyperline: { usage: { record: { tokens, id: 'm' } } } });
  const details = ['lago api-calls: properties.model is missing; a value was expected'];
  const text = renderCase(a, { ok: false, expected: usage(6), actual: usage(5), details });
  expect(text).toContain('a.cases.yaml:3');
  expect(text).toMatch(/"usage": \{[\s\S]*- +"tokens": 6[\s\S]*\+ +"tokens": 5/);
  expect(text).toContain(details[0]);
});
