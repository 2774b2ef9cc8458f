import { expect, test } from '@jest/globals';
import { explainFql } from './explain.js';

test('says what each part read and came to, as the filter is built', () => {
  const text = "type = 'track' and !(length( properties.name ) > 3 or properties.beta)";
  expect(explainFql(text, { type: 'track', properties: { name: 'abc' } })).toEqual({
    ok: true,
    matches: true,
    root: {
      source: text,
      matches: true,
      kind: 'and',
      parts: [
        {
          source: "type = 'track'",
          matches: true,
          kind: 'condition',
          reads: [{ path: 'type', value: 'track' }],
        },
        {
          source: '!(length( properties.name ) > 3 or properties.beta)',
          matches: true,
          kind: 'not',
          parts: [
            {
              source: 'length( properties.name ) > 3 or properties.beta',
              matches: false,
              kind: 'or',
              parts: [
                {
                  source: 'length( properties.name ) > 3',
                  matches: false,
                  kind: 'condition',
                  reads: [{ path: 'properties.name', value: 'abc' }],
                },
                {
                  source: 'properties.beta',
                  matches: false,
                  kind: 'condition',
                  reads: [{ path: 'properties.beta', value: null }],
                },
              ],
            },
          ],
        },
      ],
    },
  });
});

test('a comparison of groups is one condition', () => {
  expect(explainFql('((a) = 1) = (b = 2 or !c)', { a: 1, b: 2 })).toEqual({
    ok: true,
    matches: true,
    root: {
      source: '((a) = 1) = (b = 2 or !c)',
      matches: true,
      kind: 'condition',
      reads: [
        { path: 'a', value: 1 },
        { path: 'b', value: 2 },
        { path: 'c', value: null },
      ],
    },
  });
});

test('hands on the problem of a filter that cannot be read', () => {
  expect(explainFql('type =', {})).toMatchObject({ ok: false, problem: { line: 1, column: 7 } });
});
