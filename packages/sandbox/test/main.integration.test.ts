import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const whenBuilt = existsSync(MAIN) ? test : test.skip;

whenBuilt('alone, it says where it listens and ends on SIGTERM (skipped where not built)', async () => {
  const child = spawn(process.execPath, [MAIN], { env: { SANDBOX_PORT: '0' } });
  const ended = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /http:\S+(?=\/inspect)/.exec(line.toString())![0];
  expect((await fetch(`${url}/inspect`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

whenBuilt('alone, it says what is wrong with its environment (skipped where not built)', async () => {
  const child = spawn(process.execPath, [MAIN], { env: { SANDBOX_PORT: 'x', SANDBOX_LATENCY_MS: 'y' } });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(said.join('')).toContain('SANDBOX_PORT: expected a whole number');
  expect(said.join('')).toContain('SANDBOX_LATENCY_MS: expected a whole number');
});
