// Has every import of a package by its index lead to the file that has what is named. The bundler cuts by files, and
// holds an index together with all that it exports: whoever imported one function would load the whole package.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const OF_AN_INDEX = /^(import|export) \{([^}]*)\} from '(@meterbridge\/[^/']+)';$/gm;
const EXPORTED = /^export \{([^}]*)\} from '([^']+)';$/gm;

/** For the bundler, in the build of an app. */
export const directImports = {
  name: 'direct-imports',
  setup(build) {
    /** @type {Map<string, Promise<Map<string, Place>>>} */
    const indexes = new Map();

    /**
     * Where each export of a package is, by its name there.
     * @typedef {{ file: string, name: string }} Place
     */
    function exportsOf(name, resolveDir) {
      if (!indexes.has(name)) indexes.set(name, readIndex(name, resolveDir));
      return indexes.get(name);
    }

    async function readIndex(name, resolveDir) {
      const { path, errors } = await build.resolve(name, { resolveDir, kind: 'import-statement' });
      if (errors.length > 0) throw new Error(errors[0].text);
      const places = new Map();
      for (const [, list, from] of readFileSync(path, 'utf8').matchAll(EXPORTED)) {
        const file = resolve(dirname(path), from);
        const behind = from.startsWith('.') ? undefined : await exportsOf(from, dirname(path));
        for (const { name: there, as } of readNames(list))
          places.set(as, behind?.get(there) ?? { file, name: there });
      }
      return places;
    }

    build.onLoad({ filter: /\/(apps|packages)\/[^/]+\/(src|dist)\/.*\.[jt]s$/ }, async ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const found = [...text.matchAll(OF_AN_INDEX)];
      const direct = await Promise.all(
        found.map(async ([, verb, list, from]) => {
          const places = await exportsOf(from, dirname(path));
          return readNames(list)
            .map(({ name, as }) => {
              const place = places.get(name);
              if (!place) throw new Error(`${path}: the index of ${from} does not re-export ${name}`);
              return `${verb} { ${place.name} as ${as} } from ${JSON.stringify(place.file)};`;
            })
            .join(' ');
        }),
      );
      const contents = text.replace(OF_AN_INDEX, () => direct.shift());
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js', resolveDir: dirname(path) };
    });
  },
};

/** `a, b as c, type D` without the types. */
function readNames(list) {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('type '))
    .map((each) => {
      const [name, as = name] = each.split(/\s+as\s+/);
      return { name, as };
    });
}
