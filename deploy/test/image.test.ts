import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from './files.js';

/** The lines of a file at the root that say something. */
function linesOf(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

const PATTERNS = linesOf('.dockerignore');

/** Whether a pattern of `.dockerignore` takes a path, or a folder that it lies in. */
function takes(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}(?:/|$)`).test(path);
}

/** The last pattern that takes a path decides, as Docker has it. */
function isSent(path: string): boolean {
  const last = PATTERNS.findLast((pattern) => takes(pattern.replace(/^!/, ''), path));
  return last === undefined || last.startsWith('!');
}

/** Every source of apps and packages, and every test, by its path from the root. */
function filesOfParts(): string[] {
  const parts = ['apps', 'packages'].flatMap((room) =>
    readdirSync(join(ROOT, room)).flatMap((name) => [`${room}/${name}/src`, `${room}/${name}/test`]),
  );
  return parts
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => /\.(ts|lua)$/.test(file) && !file.endsWith('.generated.ts'));
}

test('every source file is sent to the build of the image, and no test', () => {
  const isTest = (file: string) => /^\w+\/[\w-]+\/test\/|\.test\.ts$/.test(file);
  const files = filesOfParts();
  expect(files.length).toBeGreaterThan(500);
  expect(files.filter((file) => isSent(file) === isTest(file))).toEqual([]);
});

test('what the image copies is sent to its build', () => {
  const copied = linesOf('Dockerfile')
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1));
  const files = readdirSync(ROOT);
  const missing = copied.filter((path) => !files.some((file) => takes(path, file)));
  expect(missing).toEqual([]);
  const named = files.filter((file) => copied.some((path) => takes(path, file)));
  expect(named.filter((file) => !isSent(file === 'docs' ? 'docs/cli.md' : file))).toEqual([]);
});

test('what the package holds is there when it is made', () => {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  const built = /^(apps|packages)\/.*dist|^REVISION$/;
  const beside = files.filter((file) => !built.test(file));
  expect(beside.filter((file) => !isSent(file.replace('*', 'cli')))).toEqual([]);
});
