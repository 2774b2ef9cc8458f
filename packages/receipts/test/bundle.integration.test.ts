import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { beginSpool, nextSpool } from '../src/store.js';
import { makeStore, START, settled } from './a-store.js';

const PACKAGE = join(import.meta.dirname, '..');
const BUNDLE = join(PACKAGE, '../tooling/bundle.mjs');
const execute = promisify(execFile);

const MAIN = `
import { convertSpool, openReceipts, recordFile } from '@meterbridge/receipts';

const [dir] = process.argv.slice(2);
const place = { dir: dir!, shard: 'lago', spool: '00000001' };
try {
  await recordFile(place, await convertSpool(place));
  const reader = await openReceipts({ dir: dir!, destination: 'lago' });
  const found = await reader.find('m-1');
  await reader.close();
  console.log(found.map(({ usageId, usage }) => usageId + ' ' + typeof usage).join());
} catch (error) {
  console.log((error as Error).message);
}
`;

let app: string;

beforeAll(async () => {
  app = await realpath(await mkdtemp(join(tmpdir(), 'meterbridge-bundle-')));
  await mkdir(join(app, 'src'));
  await mkdir(join(app, 'node_modules/@meterbridge'), { recursive: true });
  await symlink(PACKAGE, join(app, 'node_modules/@meterbridge/receipts'));
  await writeFile(join(app, 'src/main.ts'), MAIN);
  const dependencies = { '@meterbridge/receipts': 'workspace:*' };
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
  await execute(process.execPath, [BUNDLE], { cwd: app });
  // As it is installed: the bundle alone.
  await rm(join(app, 'node_modules'), { recursive: true });
});
afterAll(() => rm(app, { recursive: true, force: true }));

async function run(): Promise<string> {
  const store = await makeStore(['lago']);
  try {
    const place = { dir: store.dir, shard: 'lago' };
    const spool = await beginSpool({ ...place, spool: await nextSpool(place) });
    await spool.append([settled(`${START}-0`, 'job', [{ id: 'm-1' }])]);
    await spool.close();
    const { stdout } = await execute(process.execPath, [join(app, 'dist/main.js'), store.dir]);
    return stdout.trim();
  } finally {
    await store.remove();
  }
}

test('a bundled program says in a sentence what it lacks where DuckDB is not installed', async () => {
  expect(await run()).toMatch(/DuckDB, which is not installed: npm install @duckdb\/node-api@\d[\w.-]*$/);
});

test('a bundled program converts and reads with the DuckDB that is installed beside it', async () => {
  const installed = dirname(dirname(createRequire(import.meta.url).resolve('@duckdb/node-api')));
  await mkdir(join(app, 'node_modules/@duckdb'), { recursive: true });
  await symlink(installed, join(app, 'node_modules/@duckdb/node-api'));
  expect(await run()).toBe('m-1 string');
});

test('the version that is asked for is the one that is declared', async () => {
  const required = createRequire(import.meta.url);
  const { version } = required(join(dirname(dirname(required.resolve('@duckdb/node-api'))), 'package.json'));
  expect(required('../package.json').dependencies['@duckdb/node-api']).toBe(version);
  expect(required('../../../package.json').optionalDependencies['@duckdb/node-api']).toBe(version);
  expect(await run()).not.toContain('not installed');
});
