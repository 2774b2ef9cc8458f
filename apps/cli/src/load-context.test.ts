import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readCommandEnv } from './load-context.js';

const HERE = process.cwd();
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meterbridge-context-'));
  mkdirSync(join(directory, '.meterbridge'));
  process.chdir(directory);
});

afterEach(() => {
  process.chdir(HERE);
  rmSync(directory, { recursive: true });
});

/** What a stack made up that this process runs. */
function writeStack(file: string, env: Record<string, string>): void {
  writeFileSync(join('.meterbridge', file), JSON.stringify({ pid: process.pid, env }));
}

test.each([
  ['nothing', {}, 'redis://made-up'],
  ['an empty text, as .env.example has it', { REDIS_URL: '' }, 'redis://made-up'],
  ['a Redis', { REDIS_URL: 'redis://said' }, 'redis://said'],
])('where the environment says %s', (_, env: NodeJS.ProcessEnv, url) => {
  writeStack('stack.json', { REDIS_URL: 'redis://made-up', RECEIVER_PORT: '1' });
  expect(readCommandEnv(env)).toEqual({ REDIS_URL: url });
});

test('where the environment has no key, its address is the one of what stands in', () => {
  const made = { LAGO_API_URL: 'http://sandbox', LAGO_API_KEY: 'sandbox' };
  writeStack('stack.json', made);
  for (const LAGO_API_KEY of ['', 'change-me'])
    expect(readCommandEnv({ LAGO_API_URL: 'https://real', LAGO_API_KEY })).toEqual(made);
  const real = { LAGO_API_URL: 'https://real', LAGO_API_KEY: 'a-real-key' };
  expect(readCommandEnv(real)).toEqual(real);
});

test('a demonstration is found where nothing else runs', () => {
  writeStack('demo.json', { REDIS_URL: 'redis://demo' });
  expect(readCommandEnv({})).toEqual({ REDIS_URL: 'redis://demo' });
  writeStack('stack.json', { REDIS_URL: 'redis://up' });
  expect(readCommandEnv({})).toEqual({ REDIS_URL: 'redis://up' });
});
