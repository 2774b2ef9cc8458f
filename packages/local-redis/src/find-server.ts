import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A server program: the file to run, and the name it is to be run under. */
export type ServerProgram = { file: string; argv0: string };

/**
 * Looks for `redis-server`, then `valkey-server`, in the directories of a PATH.
 *
 * Debian and Ubuntu ship the server's binary in `redis-tools` under the name `redis-check-rdb`: the package
 * `redis-server` adds only a link to it and a system service. The binary looks at the name it is run under,
 * so the tools are enough for us; it is taken only if it answers as a server.
 */
export async function findServer(path = process.env.PATH ?? ''): Promise<ServerProgram | null> {
  for (const name of ['redis-server', 'valkey-server']) {
    const file = await findOnPath(name, path);
    if (file) return { file, argv0: name };
  }
  const twin = await findOnPath('redis-check-rdb', path);
  if (twin && answersAsServer(twin)) return { file: twin, argv0: 'redis-server' };
  return null;
}

async function findOnPath(name: string, path: string): Promise<string | null> {
  for (const directory of path.split(delimiter).filter((part) => part !== '')) {
    const file = join(directory, name);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  return null;
}

function answersAsServer(file: string): boolean {
  const run = spawnSync(file, ['--version'], { argv0: 'redis-server', encoding: 'utf8' });
  return run.status === 0 && run.stdout.includes('server v=');
}
