import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
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

describe('an address of your own', () => {
  const own = new Map([['LAGO_API_URL', 'https://lago.acme.example']]);

  test('stands in a new one', () => {
    expect(parseEnv(extendEnvExample('', ALL, own)!).LAGO_API_URL).toBe('https://lago.acme.example');
  });

  test('takes the place of another that is there, which would win over the configuration', () => {
    const before = extendEnvExample('', ALL)!;
    const after = extendEnvExample(before, ALL, own)!;
    expect(after).toBe(before.replace('https://api.getlago.com', 'https://lago.acme.example'));
    expect(extendEnvExample(after, ALL, own)).toBeNull();
  });

  test('leaves what is commented out, and everything else', () => {
    const before = '#LAGO_API_URL=x\nexport LAGO_API_KEY=theirs\nBACKEND_KEY=\nSEGMENT_WEBHOOK_SECRET=\n';
    expect(extendEnvExample(before, ALL, own)).toBeNull();
  });
});
