// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's placeholders are written so
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { type LoadOptions, parseConfig } from './load-config.js';
import { formatPath } from './problem.js';
import { secretsOf } from './secrets.js';

const folder = mkdtempSync(join(tmpdir(), 'meterbridge-secrets-'));
const key = join(folder, 'key');
afterAll(() => rmSync(folder, { recursive: true }));

const configOf = (file: string) => `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - { name: lago, type: lago, apiKey: "\${file:${file}}", rules: [{ name: all, subscription: userId }] }
`;

const load = (file = key, options: LoadOptions = {}) => parseConfig(configOf(file), {}, options);

function problemsOf(file?: string) {
  const loaded = load(file);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

test.each([
  ['first-key\n', 'first-key'],
  ['first-key\r\n', 'first-key'],
  ['first-key', 'first-key'],
  ['two\n\n', 'two\n'],
  ['${NOT_A_VARIABLE}', '${NOT_A_VARIABLE}'],
])('a file with %j is the text without its last newline', (text, expected) => {
  writeFileSync(key, text);
  const loaded = load();
  if (expected.includes('\n')) return expect(loaded.ok).toBe(false);
  expect(loaded).toMatchObject({ ok: true, config: { destinations: [{ apiKey: expected }] } });
  expect(loaded.ok && secretsOf(loaded.config)).toContain(expected);
});

test('it is read again each time, and what it holds is part of the name of the configuration', () => {
  const hashes = ['first-key', 'second-key', 'first-key'].map((text) => {
    writeFileSync(key, text);
    const loaded = load();
    return loaded.ok ? loaded.config.hash : '';
  });
  expect(hashes[0]).toMatch(/^[0-9a-f]{12}$/);
  expect(hashes[1]).not.toBe(hashes[0]);
  expect(hashes[2]).toBe(hashes[0]);
});

test('a file that is not there, or empty, is named with its key', () => {
  const missing = join(folder, 'none');
  expect(problemsOf(missing)).toEqual([
    `destinations[0].apiKey: the file ${missing} cannot be read (ENOENT)`,
  ]);
  writeFileSync(key, '\n');
  expect(problemsOf()).toEqual([`destinations[0].apiKey: the file ${key} is empty`]);
  expect(problemsOf('secrets/key')).toEqual([
    'destinations[0].apiKey: the file secrets/key is no absolute path',
  ]);
});

test('a problem with what a file holds names the file and shows nothing of it', () => {
  writeFileSync(key, 'hunter2\nhunter3');
  expect(problemsOf()).toEqual([expect.stringContaining(`(from file ${key})`)]);
  expect(problemsOf().join()).not.toContain('hunter');
});

test('those who connect to nothing need no file', () => {
  expect(load(join(folder, 'none'), { allowUnset: true })).toMatchObject({ ok: true });
});

test("the key of an API's webhooks is a secret, from a file or a variable, and not needed by those who connect to nothing", () => {
  writeFileSync(key, 'hmac-key\n');
  const text = configOf(key).replace('apiKey:', `webhookKey: "\${HOOK}", apiKey:`);
  const loaded = parseConfig(text, { HOOK: 'webhook-key' });
  expect(loaded.ok && secretsOf(loaded.config)).toContain('webhook-key');
  expect(parseConfig(text, {}, { allowUnset: true }).ok).toBe(true);
  expect(parseConfig(text, {}).ok).toBe(false);
  const written = parseConfig(text.replace('${HOOK}', '0b6e21d4-6a0e-4b8e-8f4e-1d2c3b4a5e6f'), {});
  expect(written.ok ? [] : written.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/a secret is written here.*\$\{WEBHOOK_KEY\}/),
  ]);
});
