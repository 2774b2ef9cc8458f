import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { HYPERLINE_KEY, LAGO_KEY, sampleConfig, WRITE_KEY } from '@meterbridge/testing/sample-config';
import { Command } from 'commander';
import { addBackfill } from './define.js';

const environment = { ...process.env };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-command-'));
  const config = join(folder, 'meterbridge.config.yaml');
  const sample = sampleConfig({});
  await writeFile(
    config,
    sample.replace('sources:', 'sources:\n  - { name: web, writeKey: another-key-1b7e }'),
  );
  await writeFile(join(folder, 'a.gz'), '');
  Object.assign(process.env, {
    METERBRIDGE_CONFIG: config,
    // Nothing is asked of it.
    REDIS_URL: 'redis://127.0.0.1:1',
    SEGMENT_WRITE_KEY: WRITE_KEY,
    LAGO_API_URL: 'http://127.0.0.1:9',
    LAGO_API_KEY: LAGO_KEY,
    HYPERLINE_API_URL: 'http://127.0.0.1:9',
    HYPERLINE_API_KEY: HYPERLINE_KEY,
  });
});

afterEach(async () => {
  process.env = { ...environment };
  await rm(folder, { recursive: true });
});

/** What a command line fails with. `FILE` is an archive. */
function refused(args: readonly string[]): Promise<unknown> {
  const program = new Command('meterbridge').exitOverride().configureOutput({ writeErr: () => {} });
  addBackfill(program);
  const given = args.map((arg) => (arg === 'FILE' ? join(folder, 'a.gz') : arg));
  return program.parseAsync(['backfill', ...given], { from: 'user' }).catch((error: unknown) => error);
}

test.each<[string[], string]>([
  [['FILE'], 'say whose events they are: --source, one of web, backend'],
  [['--source', 'bakcend', 'FILE'], 'no source bakcend; there are web, backend'],
  [['--source', 'web', 'nowhere.gz'], 'no archive at nowhere.gz'],
  [['--source', 'web', '-', 'FILE'], 'goes alone'],
])('%j cannot be meant', async (args, words) => {
  expect(await refused(args)).toMatchObject({
    code: 'command_failed',
    message: expect.stringContaining(words),
  });
});

test.each<[string[], string]>([
  [['--source', 'web', '--where', 'type = ', 'FILE'], 'column'],
  [['--source', 'web', '--since', '24h', 'FILE'], '2026-08-01T14:00Z was expected'],
  [['--source', 'web', '--rate', '0', 'FILE'], 'a whole number'],
  [['--source', 'web', '--share', '120', 'FILE'], 'a percentage'],
  [[], "missing required argument 'files'"],
])('%j is wrong usage', async (args, words) => {
  expect(await refused(args)).toMatchObject({
    code: expect.stringMatching(/^commander\./),
    message: expect.stringContaining(words),
  });
});
