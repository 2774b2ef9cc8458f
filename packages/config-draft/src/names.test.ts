import { expect, test } from '@jest/globals';
import { compileFql } from '@meterbridge/fql';
import { compilePath } from '@meterbridge/segment-events';
import { nameSchema } from '@meterbridge/usage-mapping';
import { distinct, escapeKey, quoteFql, slug, snakeCase } from './names.js';

test.each([
  ['API Call', 'api-call'],
  ['  Überweisung №7 (EUR) ', 'uberweisung-no7-eur'],
  ['42 seats', 'seats'],
  ['注文', 'usage'],
  ['', 'usage'],
  ['x'.repeat(80), 'x'.repeat(50)],
])('%j is called %s', (text, name) => {
  expect(slug(text)).toBe(name);
  expect(nameSchema.safeParse(slug(text)).success).toBe(true);
});

test('a metric’s code has underscores', () => expect(snakeCase('API Call')).toBe('api_call'));

test('equal names are told apart', () => {
  expect(distinct(['a', 'b', 'a', 'a-2', 'a'])).toEqual(['a', 'b', 'a-2', 'a-2-2', 'a-3']);
});

test.each(['plain', 'it "is"', 'back\\slash', "it's", 'a*b?[c]', '\\', 'ends in "'])(
  'FQL reads %j as it was',
  (text) => {
    const filter = compileFql(`event = ${quoteFql(text)}`);
    expect(filter.ok && filter.matches({ event: text })).toBe(true);
    expect(filter.ok && filter.matches({ event: `${text}x` })).toBe(false);
  },
);

test.each(['plain', 'a.b', 'back\\slash', 'a b', '.'])('a path reads the key %j', (key) => {
  expect(compilePath(`properties.${escapeKey(key)}`)({ properties: { [key]: 7 } })).toBe(7);
});
