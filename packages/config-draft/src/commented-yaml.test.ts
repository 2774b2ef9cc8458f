import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Field, type Plain, writeYaml } from './commented-yaml.js';

test('comments stand above and behind, the dash before the first key', () => {
  const fields: Field[] = [
    {
      key: 'rules',
      beside: 'at least one',
      value: {
        items: [
          [
            { key: 'name', value: 'calls', above: ['line 3', 'said: two\nlines'] },
            { key: 'properties', value: { fields: [{ key: '*', value: 'properties' }] } },
          ],
          [{ key: 'name', value: 'others', beside: 'all' }],
        ],
      },
    },
  ];
  expect(writeYaml(fields)).toBe(`rules: # at least one
  # line 3
  # said: two
  # lines
  - name: calls
    properties:
      "*": properties
  - name: others # all
`);
});

test.each<[Plain]>([
  ['plain'],
  ['type = "track" and event = "a: b # c"'],
  ['!(event = "Ping")'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
  ['${LAGO_API_URL:-https://api.getlago.com}'],
  ['true'],
  ['12'],
  [''],
  ['- x'],
  ['a\nb'],
  [' padded '],
  [12.5],
  [null],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
  [{ path: ['a.b', 'c\\.d'], as: 'number', default: 0, x: '${Y}' }],
  [['properties.subscription_id', 'context.groupId', 'userId']],
  [{ '*': 'properties', 'a key: #': ['{', ','] }],
  [{ long: 'x'.repeat(300), list: Array(40).fill('properties.something') }],
])('%j is read back as it was, from one line', (value) => {
  const text = writeYaml([{ key: 'key', value }]);
  expect(text.trimEnd()).not.toContain('\n');
  expect(parse(text)).toEqual({ key: value });
});

test('nothing in a comment becomes a part of the file', () => {
  const text = writeYaml([{ key: 'a', value: 1, above: ['x\nb: 2\r\nc: 3\rd: 4\u2028e: 5'] }]);
  expect(parse(text)).toEqual({ a: 1 });
});
