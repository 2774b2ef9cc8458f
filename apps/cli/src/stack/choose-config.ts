import { constants } from 'node:fs';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { configFile } from '@meterbridge/config';
import { installationFolder } from '@meterbridge/telemetry/build';
import { namesRealApi } from './decide-stand-ins.js';

const EXAMPLE_FILE = 'meterbridge.config.yaml';

type Choice = {
  env: NodeJS.ProcessEnv;
  directory: string;
  demo: boolean;
  onProgress: (line: string) => void;
};

/**
 * Finds the configuration of a stack. Where there is none and nothing could be billed by it, that is a copy of the
 * shipped example, which may be changed while the stack runs: a new one for each demonstration, one that stays for `up`.
 * @returns its path; of one that does not exist where it was asked for, or an API is real
 */
export async function chooseConfigFile({ env, directory, demo, onProgress }: Choice): Promise<string> {
  const file = configFile(env);
  const isAskedFor = Boolean(env.METERBRIDGE_CONFIG) || (await isThere(file));
  if (isAskedFor || (!demo && namesRealApi(env))) return file;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const copy = join(directory, demo ? 'demo.config.yaml' : 'example.config.yaml');
  if (demo || !(await isThere(copy))) await copyFile(join(installationFolder(), EXAMPLE_FILE), copy);
  onProgress(
    `Configuration: ${copy}, the example, since there is no ${file} here (meterbridge init writes one)`,
  );
  return copy;
}

async function isThere(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}
