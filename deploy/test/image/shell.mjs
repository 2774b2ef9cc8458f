import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Runs a program to its end.
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {{ code: number, output: string }} output: stdout and stderr, the one after the other; code 127 where the
 *   program could not be started
 */
export function attempt(file, args, options = {}) {
  const run = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 256_000_000, ...options });
  const output = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`;
  return { code: run.status ?? (run.error ? 127 : 128), output };
}

/**
 * Runs a program that has to end well.
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string} its stdout, without white space around it
 * @throws {Error} with the end of what it printed
 */
export function must(file, args, options = {}) {
  const run = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 256_000_000, ...options });
  if (run.status === 0) return String(run.stdout).trim();
  const printed = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`.trim();
  throw new Error(
    `${file} ${args.slice(0, 3).join(' ')} … ended with ${run.status}:\n${printed.slice(-3_000)}`,
  );
}

/** @param {string} program */
export function isInstalled(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/libexec/podman'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
