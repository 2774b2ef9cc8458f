import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startProcess } from './running-process.js';

const ROOT = join(import.meta.dirname, '../../..');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-demo-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the demo sends, adds up, agrees with the sandbox and ends with 0', async () => {
  const demo = startProcess('cli', ['demo', '--once', '--events', '600'], {
    // Keys in the environment are not for a demonstration: it bills nobody.
    env: {
      PATH: process.env.PATH,
      METERBRIDGE_CONFIG: join(ROOT, 'meterbridge.config.yaml'),
      LAGO_API_KEY: 'a-real-key-of-lago',
      SEGMENT_WRITE_KEY: 'a-real-write-key',
    },
    cwd: folder,
  });
  const exit = await demo.exited;
  const output = demo.output();
  expect({ ...exit, output: exit.code === 0 ? '' : output }).toEqual({ code: 0, signal: null, output: '' });
  expect(output).toMatch(/lago .* yes/);
  expect(output).toMatch(/hyperline .* yes/);
  expect(output).toMatch(/receiver .* yes/);
  expect(output).toContain('What the sandbox holds agrees with it.');
  expect(output).toMatch(/lago +unmapped +20/);
  expect(output).not.toContain('a-real');
});
