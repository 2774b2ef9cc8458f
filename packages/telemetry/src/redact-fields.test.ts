import { expect, test } from '@jest/globals';
import { redactFields } from './redact-fields.js';

test('fields without a secret are the very same object', () => {
  const fields = {
    destination: 'lago',
    jobIds: ['1', '2'],
    err: new Error('x'),
    nothing: null,
    at: new Date(0),
  };
  expect(redactFields(fields)).toBe(fields);
});

test.each([
  [{ apiKey: 'k' }, { apiKey: '[redacted]' }],
  [{ apiKey: undefined }, { apiKey: undefined }],
  [{ password: { of: 'k' } }, { password: '[redacted]' }],
  [{ a: { 'x-signature': 'k', b: 1 } }, { a: { 'x-signature': '[redacted]', b: 1 } }],
  [{ list: [{ secret: 'k' }, 2] }, { list: [{ secret: '[redacted]' }, 2] }],
  [
    { a: { b: { cookie: 'k' } }, c: 1 },
    { a: { b: { cookie: '[redacted]' } }, c: 1 },
  ],
  [{ a: { b: { c: { cookie: 'too deep' } } } }, { a: { b: { c: { cookie: 'too deep' } } } }],
])('%j is logged as %j', (fields, logged) => {
  const before = structuredClone(fields);
  expect(redactFields(fields)).toEqual(logged);
  // It is the caller's.
  expect(fields).toEqual(before);
});
