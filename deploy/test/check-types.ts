import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEPLOY = join(import.meta.dirname, '..');
const TSC = join(DEPLOY, '../node_modules/typescript/bin/tsc');

/** A value, and the type it has to have: an exported name of a module, seen from this folder. */
export type Typed = { name: string; value: unknown; type: { from: string; name: string } };

/**
 * Writes the values down as literals and has the compiler hold them against their types: it finds unknown fields,
 * missing ones and wrong types, as strictly as `kubectl apply` would.
 * @returns a line for each finding, with the value's name
 */
export async function checkTypes(values: Typed[]): Promise<string[]> {
  // In node_modules, so that packages are found and nobody commits it.
  const folder = await mkdtemp(join(DEPLOY, 'node_modules/.check-'));
  try {
    const lines: string[] = [];
    const names: string[] = [];
    for (const [index, { name, value, type }] of values.entries()) {
      const text = [
        `import type { ${type.name} as T${index} } from '${type.from.replace(/^\.\//, '../../test/')}';`,
        `export const v${index}: T${index} = ${JSON.stringify(value, null, 1)};`,
      ].join('\n');
      for (const line of text.split('\n')) {
        lines.push(line);
        names.push(name);
      }
    }
    const file = join(folder, 'values.mts');
    await writeFile(file, lines.join('\n'));
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck'];
    const modules = ['--module', 'nodenext', '--target', 'es2023', '--pretty', 'false'];
    try {
      await run(process.execPath, [TSC, '--ignoreConfig', ...options, ...modules, file], { cwd: folder });
      return [];
    } catch (error) {
      const { stdout } = error as { stdout?: string };
      const found = (stdout ?? '').matchAll(/^values\.mts\((\d+),\d+\): (error .*)$/gm);
      const findings = [...found].map(([, line, message]) => {
        const at = Number(line) - 1;
        return `${names[at]}: ${lines[at]!.trim().slice(0, 80)}: ${message}`;
      });
      // A compiler that fails in another way has checked nothing.
      if (findings.length === 0) throw error;
      return findings;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
