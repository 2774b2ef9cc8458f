import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { useProcessPool } from './process-pool.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CONFIG = 'meterbridge.config.yaml';
const CASES = 'meterbridge.cases.yaml';

const startPooled = useProcessPool();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterbridge-cases-'));
  for (const file of [CONFIG, CASES]) cpSync(join(ROOT, file), join(folder, file));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The real command as CI runs it: no key, no Redis. */
async function runTest(...args: string[]) {
  const env = { PATH: process.env.PATH };
  const started = startPooled('cli', { args: ['test', ...args], env, cwd: folder });
  const { code } = await started.exited;
  return { code, output: started.output() };
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, file), text.replace(from, to));
}

test("the repository's own cases pass, without a key and without Redis", async () => {
  const { code, output } = await runTest();
  expect(output).not.toContain('✗');
  expect(output).toMatch(/✓[\s\S]+\n9 passed, 0 failed\n$/);
  expect(code).toBe(0);
});

test('a rule that is changed fails its cases, with what differs and where the case stands', async () => {
  change(CONFIG, 'code: api_call', 'code: api_calls');
  const { code, output } = await runTest();
  expect(code).toBe(1);
  expect(output).toMatch(/✗ an API call is billed by its tokens.* meterbridge\.cases\.yaml:\d+\n/);
  expect(output).toMatch(/- +"code": "api_call"/);
  expect(output).toMatch(/\+ +"code": "api_calls"/);
  expect(output).toContain('7 passed, 2 failed');

  const json = await runTest('--json');
  expect(json.code).toBe(1);
  const report = JSON.parse(json.output) as { cases: { ok: boolean; name: string; line: number }[] };
  expect(report).toMatchObject({ ok: false, passed: 7, failed: 2 });
  expect(report.cases.filter(({ ok }) => !ok).map(({ line }) => line)).toEqual([
    expect.any(Number),
    expect.any(Number),
  ]);
});

test('several files are run together; one that cannot be read fails with every problem', async () => {
  cpSync(join(folder, CASES), join(folder, 'more.cases.yaml'));
  expect((await runTest()).output).toContain('18 passed, 0 failed');
  expect((await runTest(CASES)).output).toContain('9 passed, 0 failed');
  change('more.cases.yaml', 'expect: missing_identity', 'expect: missing_identitty');
  change('more.cases.yaml', '- name: a page', '- nane: a page');
  const { code, output } = await runTest();
  expect(code).toBe(1);
  expect(output).toContain('more.cases.yaml has 3 problems');
  expect(output).toContain('unknown key; did you mean name?');
});

test('a configuration that cannot be read fails, and an option that is none is wrong usage', async () => {
  change(CONFIG, 'type: lago', 'type: lagoo');
  expect(await runTest()).toMatchObject({
    code: 1,
    output: expect.stringContaining('expected lago or hyperline'),
  });
  expect((await runTest('--nonsense')).code).toBe(2);
  expect((await runTest('--help')).output).toContain('Exit codes: 0 all came out as expected');
});
