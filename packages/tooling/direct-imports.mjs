// Has every import of a package of the project by its index lead to the file that has what is named. The bundler cuts by
// files, and holds an index together with all that it exports: an import of one function would load the whole package.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const OF_THE_PROJECT = /[\\/](apps|packages)[\\/][^\\/]+[\\/](src|dist)[\\/].*\.[jt]s$/;
const OF_AN_INDEX = /^(import|export) \{([^}]*)\} from '(@meterbridge\/[^/']+)';$/gm;
const ON_DEMAND = /const \{([^}]*)\} = await import\('(@meterbridge\/[^/']+)'\)/g;
const EXPORTED = /^export \{([^}]*)\} from '([^']+)';$/gm;

/**
 * Where an export of a package is, and its name there.
 * @typedef {{ file: string, name: string }} Place
 */

/** For the bundler, in the build of an app. */
export const directImports = {
  name: 'direct-imports',
  setup(build) {
    /** @type {Map<string, Promise<Map<string, Place>>>} */
    const indexes = new Map();

    /** Each export of a package, by its name. */
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

    /** Names of an index as they are called here, each with its place. */
    async function placesOf(list, from, path) {
      const places = await exportsOf(from, dirname(path));
      return readNames(list).map(({ name, as }) => {
        const place = places.get(name);
        if (!place) throw new Error(`${path}: the index of ${from} does not re-export ${name}`);
        return { as, ...place };
      });
    }

    async function directly([, verb, list, from], path) {
      const places = await placesOf(list, from, path);
      return places
        .map(({ as, name, file }) => `${verb} { ${name} as ${as} } from ${JSON.stringify(file)};`)
        .join(' ');
    }

    async function directlyOnDemand([, list, from], path) {
      const places = await placesOf(list, from, path);
      const [file, ...others] = new Set(places.map((place) => place.file));
      if (others.length > 0)
        throw new Error(`${path}: what is loaded together of ${from} is in several files`);
      const names = places.map(({ as, name }) => `${name}: ${as}`).join(', ');
      return `const { ${names} } = await import(${JSON.stringify(file)})`;
    }

    build.onLoad({ filter: OF_THE_PROJECT }, async ({ path }) => {
      const text = await replaceAll(readFileSync(path, 'utf8'), OF_AN_INDEX, (found) =>
        directly(found, path),
      );
      return {
        contents: await replaceAll(text, ON_DEMAND, (found) => directlyOnDemand(found, path)),
        loader: path.endsWith('.ts') ? 'ts' : 'js',
        resolveDir: dirname(path),
      };
    });
  },
};

/** `a, b as c, d: e, type F` without the types. */
function readNames(list) {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('type '))
    .map((each) => {
      const [name, as = name] = each.split(/\s+as\s+|:\s*/);
      return { name, as };
    });
}

async function replaceAll(text, pattern, replace) {
  const replaced = await Promise.all([...text.matchAll(pattern)].map(replace));
  return text.replace(pattern, () => replaced.shift());
}
