import { join, resolve } from 'node:path';
import { runForeground } from './child-process.mjs';
import { runTests } from './run-tests.mjs';
import { setUp } from './set-up.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const CLI = join(ROOT, 'apps/cli/dist/main.js');

/**
 * Sets up, then runs one command in the foreground.
 * @param {'setup' | 'demo' | 'up' | 'cli' | 'bench' | 'chaos' | 'test'} command
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function runCommand(command, args) {
  const setUpCode = await setUp(ROOT);
  if (setUpCode !== 0) {
    if (command === 'test') console.log('0 passed, 1 failed');
    return setUpCode;
  }
  switch (command) {
    case 'setup':
      return 0;
    case 'demo':
    case 'up':
      return runForeground(process.execPath, [CLI, command, ...args]);
    case 'cli':
      return runForeground(process.execPath, [CLI, ...args]);
    case 'bench':
      return runForeground(process.execPath, [join(ROOT, 'packages/benchmarks/dist/main.js'), ...args]);
    case 'chaos':
      return runForeground(process.execPath, [join(ROOT, 'packages/chaos/dist/main.js'), ...args]);
    case 'test':
      return runTests(ROOT, args);
  }
}
