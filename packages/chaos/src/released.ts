import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The last released version, set up in a folder of its own. */
export type Released = { version: string; folder: string };

/** What the released version needs is not there: a clone with its history, or what it is set up from. */
export class ReleasedError extends Error {
  override name = 'ReleasedError';
  readonly code = 'released_unavailable';
}

const TOOLING = '../../tooling/';
const SCRIPT = fileURLToPath(new URL(`${TOOLING}released.mjs`, import.meta.url));
const FILE = fileURLToPath(new URL(`${TOOLING}released.json`, import.meta.url));

/** Sets the last released version up, which takes a minute the first time. @throws ReleasedError */
export async function prepareReleased(): Promise<Released> {
  const { version } = JSON.parse(readFileSync(FILE, 'utf8')) as { version: string };
  const child = spawn(process.execPath, [SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [folder, said] = ['', ''];
  child.stdout.on('data', (text) => {
    folder += text;
  });
  child.stderr.on('data', (text) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new ReleasedError(said.trim());
  return { version, folder: folder.trim() };
}
