import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installationFolder, readBuild } from '@meterbridge/telemetry/build';

/**
 * How a command is typed where this one was: `npm run` in a clone, and `npx` with a package that lies here, put its
 * programs in no shell's path.
 * @param command with its arguments, as `status --watch`
 */
export function howToRun(command: string, env: NodeJS.ProcessEnv = process.env): string {
  return `${howThisWasRun(env)} ${command}`;
}

function howThisWasRun({ npm_lifecycle_event: script }: NodeJS.ProcessEnv): string {
  const tarball = `meterbridge-${readBuild().version}.tgz`;
  if (script === 'npx' && existsSync(tarball)) return `npx ./${tarball}`;
  const isClone = existsSync(join(installationFolder(), 'pnpm-workspace.yaml'));
  return script !== undefined && isClone ? 'npm run -s meterbridge --' : 'meterbridge';
}
