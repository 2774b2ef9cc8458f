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
  if (script === 'npx' && existsSync(tarball)) return `npx -y ./${tarball} ${command}`;
  return `meterbridge ${command}`;
}

function runsInClone(): boolean {
  return existsSync(join(installationFolder(), 'pnpm-workspace.yaml'));
}

/**
 * Steps below each other, each with what it is for: beside it, or where one would be too wide, below.
 * @param width in characters
 */
export function listSteps(
  steps: readonly (readonly [what: string, why: string])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const whats = Math.max(...steps.map(([what]) => what.length));
  const whys = Math.max(...steps.map(([, why]) => why.length));
  if (whats + whys + 4 > width) return steps.flatMap(([what, why]) => [`  ${what}`, `      ${why}`]);
  return steps.map(([what, why]) => `  ${what.padEnd(whats)}  ${why}`);
}
