// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's placeholders are written so
import { expect, test } from '@jest/globals';
import { readYaml } from './read-yaml.js';

const FILE = `
sources:
  - name: backend
    writeKey: key
destinations:
  - name: lago
    type: lago
    apiKey: key
    rules:
      - name: calls
        code: api_call
        subscription: userId
`;

test.each([
  [
    'a key too far left',
    '    type: lago',
    '   type: lago',
    7,
    'the line begins in column 4, and the keys above in column 5',
  ],
  [
    'a key too far right',
    '    type: lago',
    '     type: lago',
    7,
    'begins in column 6, and the keys above in column 5',
  ],
  [
    'a key below the dash',
    '        code:',
    '      code:',
    11,
    'begins in column 7, and the keys above in column 9',
  ],
  ['a tab', '    type: lago', '\ttype: lago', 7, 'a tab; indent with spaces'],
  ['= alone', 'code: api_call', 'code = api_call', 11, 'behind a key come a colon and a space'],
  ['no space', 'code: api_call', 'code:api_call', 11, 'behind a key come a colon and a space'],
  ['a colon in text', 'code: api_call', 'code: api: call', 11, 'text with ": " in it stands in quotes'],
  ['a quote that does not end', 'code: api_call', 'code: "api_call', 13, 'the closing quote'],
  ['a sign of YAML', 'code: api_call', 'code: @api', 11, 'stands in quotes'],
  ['a key twice', 'type: lago', 'type: lago\n    type: lago', 8, 'this key is there already'],
  ['a variable in brackets', 'code: api_call', 'code: [${CODE}]', 11, 'inside { } and [ ]'],
])('%s: says what to write', (_, before, after, line, words) => {
  const read = readYaml(FILE.replace(before, after));
  const [problem] = read.ok ? [] : read.problems;
  expect(problem).toMatchObject({ message: expect.stringContaining(words), line });
  expect(problem!.message).toMatch(/^not YAML: /);
});
