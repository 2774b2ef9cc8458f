import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** @param {string} file */
export function hashFile(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/**
 * A hash that changes when something changes that the build reads. Looks at sizes and times, not into the
 * files: it runs before every command.
 * @param {string} root
 */
export function hashSources(root) {
  const hash = createHash('sha256');
  for (const file of buildInputs(root)) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

/**
 * Whether every package has its dist.
 * @param {string} root
 */
export function isBuilt(root) {
  return sourcePackages(root).every((folder) => existsSync(join(folder, 'dist')));
}

function buildInputs(root) {
  const inputs = [
    'turbo.json',
    ...['tsconfig.json', 'bundle.mjs', 'direct-imports.mjs', 'third-party.mjs', 'lua.mjs'].map(
      (file) => `packages/tooling/${file}`,
    ),
  ].map((file) => join(root, file));
  for (const folder of sourcePackages(root)) {
    inputs.push(join(folder, 'package.json'), join(folder, 'tsconfig.json'));
    for (const name of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(test|generated)\.ts$/.test(name)) inputs.push(join(folder, 'src', name));
    }
  }
  return inputs.filter((file) => existsSync(file)).toSorted();
}

function sourcePackages(root) {
  return ['apps', 'packages']
    .filter((room) => existsSync(join(root, room)))
    .flatMap((room) => readdirSync(join(root, room)).map((name) => join(root, room, name)))
    .filter((folder) => existsSync(join(folder, 'src')));
}
