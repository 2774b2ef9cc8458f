import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What runs: the version of package.json, the commit it was packed from (unknown in a clone), and Node's version. */
export type Build = { version: string; revision: string | undefined; node: string };

/** The name in the package.json of a clone, and of the package that npm unpacks. */
const PACKAGE = 'meterbridge';

/**
 * The folder that this program belongs to: a clone's, or that of the package. Programs and the example configuration
 * have the same paths in both.
 */
export function installationFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (readPackage(folder)?.name === PACKAGE) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json of ${PACKAGE} above this program`);
  }
}

/** Reads which build this is. `npm pack` writes the file `REVISION`. */
export function readBuild(): Build {
  const folder = installationFolder();
  return {
    version: readPackage(folder)!.version,
    revision: readText(join(folder, 'REVISION'))?.trim(),
    node: process.version,
  };
}

/** The build as a person reads it: `0.1.0`, or `0.1.0 (4f1c2d3e5a6b)`. */
export function describeBuild({ version, revision }: Build): string {
  return revision === undefined ? version : `${version} (${revision})`;
}

function readPackage(folder: string): { name?: string; version: string } | undefined {
  const text = readText(join(folder, 'package.json'));
  return text === undefined ? undefined : JSON.parse(text);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
