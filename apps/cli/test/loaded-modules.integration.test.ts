import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { aTrack, useRedis } from '@meterbridge/testing';
import { CONFIG } from './stack-config.js';

const CLI = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** What a command loads of these is most of what its start costs. */
const LARGE = [
  '@aws-sdk/client-s3',
  'acorn',
  'bottleneck',
  'bullmq',
  'got',
  'ioredis',
  'pino',
  'yaml',
  'zod',
];

const suite = useRedis();
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'meterbridge-loaded-'));
  writeFileSync(join(directory, 'meterbridge.config.yaml'), CONFIG);
  writeFileSync(join(directory, 'event.json'), JSON.stringify(aTrack()));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Files of libraries in those files of the bundle that a command has loaded. */
function filesOf(...args: string[]): string[] {
  const coverage = mkdtempSync(join(directory, 'run-'));
  const { stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      NODE_V8_COVERAGE: coverage,
      REDIS_URL: suite.url,
      SEGMENT_WRITE_KEY: 'wk-loaded',
      LAGO_API_KEY: 'lago-loaded',
      HYPERLINE_API_KEY: 'hyperline-loaded',
      // Nothing listens there.
      LAGO_API_URL: 'http://127.0.0.1:9',
      HYPERLINE_API_URL: 'http://127.0.0.1:9',
    },
  });
  // One that ends at its configuration loads too little.
  expect(String(stderr)).not.toContain(' problem');
  const reports = readdirSync(coverage).map((file) => readFileSync(join(coverage, file), 'utf8'));
  const urls = reports.flatMap((text) =>
    (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
  );
  const text = urls
    .filter((url) => url.startsWith('file:'))
    .map((url) => readFileSync(fileURLToPath(url), 'utf8'));
  // The bundler names the file that each part came from.
  return text.flatMap((each) => [
    ...[...each.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/.@\s][^/\s]*\/[^\s"]*)/g)].map(
      ([, file]) => file!,
    ),
  ]);
}

function librariesOf(...args: string[]): string[] {
  const names = filesOf(...args).map((file) => /^(?:@[^/]+\/)?[^/]+/.exec(file)![0]);
  return [...new Set(names)].toSorted();
}

test.each([
  [['--help']],
  [['--version']],
  [['audit', '--help']],
  [['dead-letters', 'list', '--help']],
  [['backfill', '--rate', 'none']],
  [['no-such-command']],
])('%j loads the reader of arguments and no other library', (args) => {
  expect(librariesOf(...args)).toEqual(['commander']);
});

const REDIS = ['ioredis', 'yaml', 'zod'];

test.each([
  [['schema'], ['zod']],
  [['test'], ['yaml', 'zod']],
  [
    ['init', '--yes', '--force'],
    ['yaml', 'zod'],
  ],
  [['audit'], REDIS],
  [['status'], REDIS],
  [['hold', 'lago', '--reason', 'a test'], REDIS],
  [['dead-letters', 'list'], REDIS],
  [['dead-letters', 'edit', 'lago/1-0'], REDIS],
  [['dead-letters', 'replay', '--all', '--dry-run'], REDIS],
  [['replays', 'list'], REDIS],
  [['forget', '--user', 'u1', '--dry-run'], REDIS],
  [['preview', 'event.json'], REDIS],
  [['check'], ['got', ...REDIS]],
  [
    ['backfill', 'event.json', '--dry-run'],
    ['bottleneck', 'got', ...REDIS],
  ],
])('%j loads of the large libraries only %j', (args, needed) => {
  expect(librariesOf(...args).filter((name) => LARGE.includes(name))).toEqual(needed);
});

test('no words of zod in other languages are loaded', () => {
  const languages = filesOf('schema').filter((file) => file.includes('/locales/'));
  expect(languages).toEqual(['zod/v4/locales/en.js']);
});
