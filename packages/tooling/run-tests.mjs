import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runForeground } from './child-process.mjs';

/**
 * Runs jest over the whole workspace; the last line says how many tests passed and failed.
 * @param {string} root
 * @param {string[]} args handed on to jest
 * @returns {Promise<number>} the exit code: 0 only if something was tested and nothing failed
 */
export async function runTests(root, args) {
  const { ensureServer, LocalRedisError } = await import(
    pathToFileURL(join(root, 'packages/local-redis/dist/index.js')).href
  );
  try {
    await ensureServer({ log: (line) => console.error(line) });
  } catch (error) {
    if (!(error instanceof LocalRedisError)) throw error;
    console.error(error.message);
    console.log('0 passed, 1 failed');
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'meterbridge-jest-'));
  try {
    const outputFile = join(folder, 'results.json');
    const exitCode = await runJest(root, [...args, '--json', `--outputFile=${outputFile}`]);
    const results = readResults(outputFile);
    const slow = slowest(results);
    if (slow.length > 0) console.log(['The slowest tests:', ...slow].join('\n'));
    const summary = summarize(results, exitCode);
    console.log(summary.line);
    return summary.exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runJest(root, args) {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const config = join(root, 'packages/tooling/jest.config.mjs');
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  // With --json the report for people goes to stderr, and only the name of the file to stdout.
  const stdio = /** @type {const} */ (['inherit', 'ignore', 'inherit']);
  return runForeground(process.execPath, [...flags, jest, '-c', config, ...args], { cwd: root, stdio });
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

const SLOW_MS = 1_000;
const SLOW_SHOWN = 20;

/**
 * The twenty tests that took longest, of those that took a second or more: seconds, file, name.
 * @param {{ testResults?: { name: string, assertionResults: { fullName: string, duration?: number | null }[] }[] } | null} results
 *   jest's
 * @returns {string[]} a line each
 */
export function slowest(results) {
  return (results?.testResults ?? [])
    .flatMap(({ name: file, assertionResults }) =>
      assertionResults.map(({ fullName, duration }) => ({
        file: basename(file),
        fullName,
        ms: duration ?? 0,
      })),
    )
    .filter(({ ms }) => ms >= SLOW_MS)
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, SLOW_SHOWN)
    .map(({ file, fullName, ms }) => `${(ms / 1_000).toFixed(1).padStart(7)} s  ${file}: ${fullName}`);
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   numRuntimeErrorTestSuites: number } | null} results jest's, or null where it wrote none
 * @param {number} exitCode jest's
 */
export function summarize(results, exitCode) {
  const passed = results?.numPassedTests ?? 0;
  const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
  // A suite that could not run at all has no failed test to show for it.
  let failed = (results?.numFailedTests ?? 0) + (results?.numRuntimeErrorTestSuites ?? 0);
  // Whatever else made jest fail (no tests, a crash, an interruption) must not look like success.
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return {
    line: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
    exitCode: failed === 0 ? 0 : exitCode || 1,
  };
}
