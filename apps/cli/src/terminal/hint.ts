import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installationFolder } from '@meterbridge/telemetry/build';

/**
 * How a person types a command: in a clone by npm, which puts its programs in no shell's path; else by its name.
 * @param command with its arguments, as `status --watch`
 */
export function howToRun(command: string, isClone = runsInClone()): string {
  if (!isClone) return `meterbridge ${command}`;
  return command === 'up' ? 'npm start' : `npm run -s meterbridge -- ${command}`;
}

function runsInClone(): boolean {
  return existsSync(join(installationFolder(), 'pnpm-workspace.yaml'));
}

/** Steps below each other, each with what it is for. */
export function listSteps(steps: readonly (readonly [what: string, why: string])[]): string[] {
  const width = Math.max(...steps.map(([what]) => what.length));
  return steps.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`);
}
