import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.js';

/** The folder of a version's programs. */
export type Program = { root: string };

/** What is built from the sources beside this file. */
export const TREE: Program = { root: fileURLToPath(new URL('../../../', import.meta.url)) };

/** The released version of a stage that has one. */
export function releasedProgram({ released }: Pick<Stage, 'released'>): Program {
  if (!released) throw new Error('this needs a stage with a released version');
  return { root: released.folder };
}

/** The script of one of a version's programs. */
export function scriptOf({ root }: Program, app: 'receiver' | 'worker' | 'archivist' | 'cli'): string {
  return `${root}/apps/${app}/dist/main.js`;
}

/** What a command of the product says, as somebody on call would give it: `audit`, `hold lago`. */
export function runCommand(
  stage: Pick<Stage, 'env' | 'folder'>,
  args: readonly string[],
  program = TREE,
): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [scriptOf(program, 'cli'), ...args],
      { env: { PATH: process.env.PATH, ...stage.env() }, cwd: stage.folder },
      (error, stdout, stderr) => {
        const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ exitCode, output: `${stdout}${stderr}` });
      },
    );
  });
}
