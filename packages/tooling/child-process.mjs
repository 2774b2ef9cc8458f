import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a program in the foreground, with our input and output, and passes signals on to it.
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code; 128 and the signal's number where one ended it
 */
export function runForeground(file, args, options = {}) {
  const child = spawn(file, args, { stdio: 'inherit', ...options });
  // Ctrl-C in a terminal reaches the child without us: a second one from here would mean "at once" to it.
  const passed = process.stdin.isTTY ? ['SIGTERM'] : ['SIGTERM', 'SIGINT', 'SIGHUP'];
  return withSignals((signal) => {
    if (passed.includes(signal)) child.kill(signal);
  }, untilExit(child));
}

/**
 * Runs a program out of sight. Its output is kept, and shown whole only if it fails.
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>} its exit code
 */
export async function runQuietly(file, args, options) {
  // In a group of its own, so that the grandchildren of npx are reached too.
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  /** @type {Buffer[]} */
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  let interrupted = false;
  const exitCode = await withSignals((signal) => {
    interrupted = true;
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  }, untilExit(child));
  if (interrupted) return exitCode === 0 ? 130 : exitCode;
  if (exitCode !== 0) process.stderr.write(`\n${Buffer.concat(output).toString()}\n`);
  return exitCode;
}

/**
 * While `work` goes on, signals go to `handle` instead of ending this process.
 * @template T
 * @param {(signal: NodeJS.Signals) => void} handle
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function withSignals(handle, work) {
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, handle);
  try {
    return await work;
  } finally {
    for (const signal of signals) process.off(signal, handle);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function untilExit(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${child.spawnfile} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
