import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { parseYaml } from './parse-yaml.js';

const schema = z.strictObject({ cases: z.array(z.strictObject({ name: z.string(), source: z.string() })) });

test('reads what the schema takes, and says where it stands', () => {
  const parsed = parseYaml('cases:\n  - { name: a, source: b }\n  - name: c\n    source: d\n', schema);
  expect(parsed).toMatchObject({ ok: true, data: { cases: [{ name: 'a' }, { name: 'c' }] } });
  expect(parsed.ok && parsed.lineOf(['cases', 1, 'source'])).toBe(4);
});

test('every problem at once with its line, and the key that was meant by this schema', () => {
  expect(parseYaml('cases:\n  - name: 5\n    sorce: b\n', schema)).toEqual({
    ok: false,
    problems: [
      { path: ['cases', 0, 'name'], message: 'expected text; found a number', line: 2 },
      { path: ['cases', 0, 'source'], message: 'expected text; found nothing', line: 2 },
      { path: ['cases', 0, 'sorce'], message: 'unknown key; did you mean source?', line: 3 },
    ],
  });
});

test('hands on what is wrong with the YAML itself', () => {
  expect(parseYaml('cases: [', schema)).toMatchObject({ ok: false, problems: [{ line: 1 }] });
});
