import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { maxBuffer: 10_000_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

test.each([
  [['--seed', 'x'], '--seed: expected a whole number'],
  [['--events', '3'], '--events: expected a whole number, 1000 at least'],
  [['--scenario', 'flood'], '--scenario: there is no flood'],
  [['--kill'], "Unknown option '--kill'"],
])('wrong usage is said before anything starts: %j', async (args, words) => {
  const { code, output } = await run(...args);
  expect(code).toBe(2);
  expect(output).toContain(words);
});

test('--help says what it does and names every scenario', async () => {
  const { code, output } = await run('--help');
  expect(code).toBe(0);
  for (const word of ['--seed', '--events', '--hands', 'failover', 'poison', 'changeover', 'Exit code 1'])
    expect(output).toContain(word);
});
