import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hashSources, isBuilt } from '../fingerprint.mjs';
import { slowest, summarize } from '../run-tests.mjs';
import { holdSetUpLock } from '../set-up-lock.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'meterbridge-tooling-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(resolve(file, '..'), { recursive: true });
  writeFileSync(file, text);
}

test('the hash of the sources changes with what the build reads, and only with that', () => {
  write('packages/one/src/index.ts', 'export {};');
  write('packages/one/package.json', '{}');
  const before = hashSources(root);
  write('packages/one/src/index.test.ts', 'test');
  write('packages/one/dist/index.js', 'built');
  write('packages/one/README.md', 'read');
  expect(hashSources(root)).toBe(before);
  const hashes = [before];
  write('packages/one/src/index.ts', 'export const x = 1;');
  hashes.push(hashSources(root));
  write('packages/one/src/deep/more.ts', 'export {};');
  hashes.push(hashSources(root));
  write('packages/one/package.json', '{ }');
  hashes.push(hashSources(root));
  write('apps/two/src/index.ts', 'export {};');
  hashes.push(hashSources(root));
  rmSync(join(root, 'packages/one/src/deep/more.ts'));
  hashes.push(hashSources(root));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('a package with sources and no dist is not built; one without sources needs none', () => {
  write('packages/one/src/index.ts', 'export {};');
  write('packages/tooling/run.mjs', '');
  expect(isBuilt(root)).toBe(false);
  write('packages/one/dist/index.js', '');
  expect(isBuilt(root)).toBe(true);
});

test('what the operating system refuses ends a set-up with its sentence alone', () => {
  const tooling = join(root, 'packages/tooling');
  cpSync(resolve(import.meta.dirname, '..'), tooling, {
    recursive: true,
    filter: (file) => !/node_modules|\/test(\/|$)/.test(file),
  });
  const { status, stderr } = spawnSync(process.execPath, [join(tooling, 'run.mjs'), 'setup'], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^The set-up could not go on: ENOENT: [^\n]*pnpm-lock\.yaml'\n$/),
  ]);
});

test('the second set-up waits for the first, and says for whom', async () => {
  const said: string[] = [];
  const order: string[] = [];
  const releaseFirst = await holdSetUpLock(root, (line: string) => said.push(line));
  const second = holdSetUpLock(root, (line: string) => said.push(line)).then((release) => {
    order.push('second');
    release();
  });
  while (said.length === 0) await sleep(10);
  order.push('first');
  releaseFirst();
  await second;
  expect(order).toEqual(['first', 'second']);
  expect(said).toEqual([expect.stringContaining(`process ${process.pid}`)]);
});

test.each([
  ['that is gone', 2 ** 22 + 1, 0],
  ['whose process id belongs to somebody else by now', process.pid, 60],
])('a lock is taken over from a set-up %s', async (_whose, pid, ageS) => {
  write('setup.lock', String(pid));
  const then = Date.now() / 1_000 - ageS;
  utimesSync(join(root, 'setup.lock'), then, then);
  const release = await holdSetUpLock(root, () => {});
  release();
});

const nothing = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test.each([
  ['all passed', { ...nothing, numPassedTests: 3 }, 0, '3 passed, 0 failed', 0],
  [
    'some were skipped',
    { ...nothing, numPassedTests: 3, numPendingTests: 1, numTodoTests: 1 },
    0,
    '3 passed, 0 failed, 2 skipped',
    0,
  ],
  ['one failed', { ...nothing, numPassedTests: 3, numFailedTests: 1 }, 1, '3 passed, 1 failed', 1],
  [
    'a suite could not run',
    { ...nothing, numPassedTests: 3, numRuntimeErrorTestSuites: 1 },
    1,
    '3 passed, 1 failed',
    1,
  ],
  ['jest failed for another reason', { ...nothing, numPassedTests: 3 }, 1, '3 passed, 1 failed', 1],
  ['no test ran', nothing, 0, '0 passed, 1 failed', 1],
  ['jest was interrupted', null, 130, '0 passed, 1 failed', 130],
])('the last line is right when %s', (_when, results, jestExitCode, line, exitCode) => {
  expect(summarize(results, jestExitCode)).toEqual({ line, exitCode });
});

test('the slowest tests are named, the slowest first, and none that is quick', () => {
  const took = (duration: number | null) => ({ fullName: `took ${duration}`, duration });
  const many = Array.from({ length: 30 }, (_, at) => took(2_000 + at));
  const results = {
    testResults: [
      { name: '/a/one.test.ts', assertionResults: [took(999), took(1_500), took(null)] },
      { name: '/a/two.test.ts', assertionResults: [took(12_340)] },
    ],
  };
  expect(slowest(results)).toEqual([
    '   12.3 s  two.test.ts: took 12340',
    '    1.5 s  one.test.ts: took 1500',
  ]);
  expect(slowest({ testResults: [{ name: 'many.test.ts', assertionResults: many }] })).toHaveLength(20);
  expect(slowest(null)).toEqual([]);
});

test.each([
  ['SIGTERM', 7],
  ['SIGINT', 7],
] as const)('%s is passed on, and the exit code comes back', async (signal, exitCode) => {
  const program = `
    import { runForeground } from ${JSON.stringify(resolve(import.meta.dirname, '../child-process.mjs'))};
    const child = 'process.on("${signal}", () => process.exit(7)); setInterval(() => {}, 1000); console.log("up");';
    process.exitCode = await runForeground(process.execPath, ['-e', child]);
  `;
  const runner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(runner.stdout, 'data');
  runner.kill(signal);
  expect(await once(runner, 'exit')).toEqual([exitCode, null]);
});

test('an unknown command is refused with the known ones', async () => {
  const runner = spawn(process.execPath, [resolve(import.meta.dirname, '../run.mjs'), 'fly'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  runner.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(runner, 'close');
  expect(code).toBe(2);
  expect(said).toContain('demo|up|cli|bench|chaos|test');
});
