import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { installationFolder } from '@meterbridge/telemetry/build';
import { chooseConfigFile } from './choose-config.js';

const HERE = process.cwd();
const EXAMPLE = readFileSync(join(installationFolder(), 'meterbridge.config.yaml'), 'utf8');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meterbridge-choose-'));
  process.chdir(directory);
});

afterEach(() => {
  process.chdir(HERE);
  rmSync(directory, { recursive: true });
});

function choose(env: NodeJS.ProcessEnv, demo: boolean): Promise<string> {
  return chooseConfigFile({ env, demo, directory: '.meterbridge', onProgress: () => {} });
}

test('the file that is there, or that was asked for, is taken', async () => {
  expect(await choose({ METERBRIDGE_CONFIG: 'none.yaml' }, true)).toBe('none.yaml');
  writeFileSync('meterbridge.config.yaml', 'mine');
  expect(await choose({}, true)).toBe('meterbridge.config.yaml');
  expect(await choose({}, false)).toBe('meterbridge.config.yaml');
});

test('beside a real API, `up` takes no example', async () => {
  const env = { LAGO_API_KEY: 'real' };
  expect(await choose(env, false)).toBe('meterbridge.config.yaml');
  // A demonstration never uses it.
  expect(await choose(env, true)).toBe('.meterbridge/demo.config.yaml');
});

test('a changed example stays for `up`, and is new for each demonstration', async () => {
  for (const [demo, left] of [
    [false, 'changed'],
    [true, EXAMPLE],
  ] as const) {
    const file = await choose({ LAGO_API_KEY: 'sandbox' }, demo);
    expect(readFileSync(file, 'utf8')).toBe(EXAMPLE);
    writeFileSync(file, 'changed');
    expect(readFileSync(await choose({}, demo), 'utf8')).toBe(left);
  }
});
