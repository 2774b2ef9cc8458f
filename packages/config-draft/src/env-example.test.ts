import { parseEnv } from 'node:util';
import { expect, test } from '@jest/globals';
import { extendEnvExample } from './env-example.js';

const ALL = ['BACKEND_KEY', 'SEGMENT_WEBHOOK_SECRET', 'LAGO_API_URL', 'LAGO_API_KEY'];

test('a new one names every variable, with no secret in it', () => {
  const text = extendEnvExample('', ALL)!;
  expect(parseEnv(text)).toEqual({
    BACKEND_KEY: 'change-me',
    SEGMENT_WEBHOOK_SECRET: '',
    LAGO_API_URL: 'https://api.getlago.com',
    LAGO_API_KEY: 'change-me',
  });
});

test('what is there stays as it is, what it names is not said again', () => {
  const before = 'LAGO_API_KEY=theirs\n#BACKEND_KEY=\nexport LAGO_API_URL=x';
  const after = extendEnvExample(before, ALL)!;
  expect(after.startsWith(`${before}\n`)).toBe(true);
  expect(after.slice(before.length)).toMatch(/^\n\n#.*\nSEGMENT_WEBHOOK_SECRET=\n$/);
});

test('one that names all of them is left alone', () => {
  expect(extendEnvExample(extendEnvExample('', ALL)!, ALL)).toBeNull();
});
