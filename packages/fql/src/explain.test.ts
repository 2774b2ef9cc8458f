import { expect, test } from '@jest/globals';
import { explainFql } from './explain.js';

test('says what each condition read and found', () => {
  const text = "type = 'track' and !(length( properties.name ) > 3 or properties.beta)";
  expect(explainFql(text, { type: 'track', properties: { name: 'abc' } })).toEqual({
    ok: true,
    matches: true,
    leaves: [
      { source: "type = 'track'", matches: true, reads: [{ path: 'type', value: 'track' }] },
      {
        source: 'length( properties.name ) > 3',
        matches: false,
        reads: [{ path: 'properties.name', value: 'abc' }],
      },
      { source: 'properties.beta', matches: false, reads: [{ path: 'properties.beta', value: null }] },
    ],
  });
});

test('a comparison of groups is one leaf', () => {
  expect(explainFql('((a) = 1) = (b = 2)', { a: 1, b: 2 })).toMatchObject({
    matches: true,
    leaves: [
      {
        source: '((a) = 1) = (b = 2)',
        reads: [
          { path: 'a', value: 1 },
          { path: 'b', value: 2 },
        ],
      },
    ],
  });
});

test('hands on the problem of a filter that cannot be read', () => {
  expect(explainFql('type =', {})).toMatchObject({ ok: false, problem: { line: 1, column: 7 } });
});
