import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installationFolder, readBuild } from '@meterbridge/telemetry/build';

/**
 * How a person types a command where this one was typed: in a clone by npm, which puts its programs in no shell's path;
 * where npx runs a package that lies in this folder, by that; else by the program's name.
 * @param command with its arguments, as `status --watch`
 */
export function howToRun(
  command: string,
  env: NodeJS.ProcessEnv = process.env,
  isClone = runsInClone(),
): string {
  const script = env.npm_lifecycle_event;
  if (script !== undefined && isClone) {
    return command === 'up' ? 'npm start' : `npm run -s meterbridge -- ${command}`;
  }
  const tarball = `meterbridge-${readBuild().version}.tgz`;
  if (script === 'npx' && existsSync(tarball)) return `npx ./${tarball} ${command}`;
  return `meterbridge ${command}`;
}

function runsInClone(): boolean {
  return existsSync(join(installationFolder(), 'pnpm-workspace.yaml'));
}

/** Steps below each other, each with what it is for. */
export function listSteps(steps: readonly (readonly [what: string, why: string])[]): string[] {
  const width = Math.max(...steps.map(([what]) => what.length));
  return steps.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`);
}
