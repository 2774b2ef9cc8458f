import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The names, versions and licence texts of the libraries in a bundle: what their licences ask of a copy.
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }} metafile esbuild's
 * @param {string} from the folder that its paths start from
 * @returns {string} one section a library, by name
 */
export function describeLibraries(metafile, from) {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs: parts }) => Object.keys(parts));
  const folders = new Set(inputs.flatMap((file) => folderOfLibrary(resolve(from, file))));
  return [...folders].map(describeLibrary).toSorted().join('\n');
}

/** @returns {string[]} none for a file of this workspace */
function folderOfLibrary(file) {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file);
  return found ? [found[0]] : [];
}

function describeLibrary(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file) && existsSync(join(folder, file)))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const head = `${name} ${version} (${license})`;
  return [head, '='.repeat(head.length), ...texts, ''].join('\n');
}
