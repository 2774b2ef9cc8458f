// Makes src/scripts.generated.ts of a package's .lua files: node ../tooling/lua.mjs, in the package's folder, before
// its TypeScript is compiled. So a script is text like any other constant, in tests, in dist and in bundles.
//
// The head of a file names what the script is given, a line each:
//
//   -- KEYS
//   --   job: the batch job's hash
//   -- ARGV
//   --   rev: the revision that was read
//   --   ...letters: any number of them
//   -- RESULT what it answers
//
// Each name is a local of the script; `name?` may be left out, and `...name` is a table. A line `-- @include file`
// stands for another file, which may use the names that the script has by then.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const TARGET = 'scripts.generated.ts';

/**
 * @param {string} src a package's folder of sources
 * @returns {string} the TypeScript that holds its scripts
 */
export function writeScripts(src) {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lua'))
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted();
  const scripts = files.map((file) => [file, readFileSync(join(src, file), 'utf8')]).filter(isScript);
  const entries = scripts.map(([file, text]) => {
    const { keys, args } = readHead(file, text);
    const lua = [...bind('KEYS', keys), ...bind('ARGV', args), ...codeOf(src, file, text)].join('\n');
    const name = JSON.stringify(file.replace(/\.lua$/, ''));
    return `  ${name}: {\n    keys: ${JSON.stringify(keys)},\n    args: ${JSON.stringify(args)},\n    lua: ${JSON.stringify(lua)},\n  },\n`;
  });
  return `// Made by packages/tooling/lua.mjs of the .lua files here, with each build.\nexport const SCRIPTS = {\n${entries.join('')}} as const;\n`;
}

/** A file without a head is there to be included. */
function isScript([, text]) {
  return /^-- (KEYS|ARGV)$/m.test(text);
}

/** @returns {{ keys: string[], args: string[] }} */
function readHead(file, text) {
  const names = { KEYS: [], ARGV: [] };
  let part;
  for (const line of text.split('\n')) {
    if (!line.startsWith('--')) break;
    const heading = /^-- (KEYS|ARGV|RESULT)\b/.exec(line);
    if (heading) part = heading[1];
    const name = /^-- {3}((?:\.\.\.)?\w+\??): /.exec(line)?.[1];
    if (name) names[part]?.push(name);
  }
  if (!/^-- RESULT /m.test(text)) throw new Error(`${file}: its head does not say what it answers`);
  for (const each of Object.values(names)) {
    const early = each.slice(0, -1).find((name) => /^\.\.\.|\?$/.test(name));
    if (early) throw new Error(`${file}: only the last name may be left out or stand for many, not ${early}`);
  }
  return { keys: names.KEYS, args: names.ARGV };
}

/** Lua that gives names to what a script is given. */
function bind(table, names) {
  return names.map((name, index) => {
    const at = index + 1;
    if (!name.startsWith('...')) return `local ${name.replace('?', '')} = ${table}[${at}]`;
    const rest = name.slice('...'.length);
    return `local ${rest} = {}\nfor i = ${at}, #${table} do ${rest}[#${rest} + 1] = ${table}[i] end`;
  });
}

/** Its lines without comments and indentation: all of it is sent to Redis with each call. */
function codeOf(src, file, text) {
  return text.split('\n').flatMap((line) => {
    const code = line.trim();
    const included = /^-- @include (\S+)$/.exec(code)?.[1];
    if (included) {
      const path = join(dirname(file), included);
      return codeOf(src, path, readFileSync(join(src, path), 'utf8'));
    }
    return code === '' || code.startsWith('--') ? [] : [code];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = writeScripts('src');
  const target = join('src', TARGET);
  // One that is the same keeps its time: nothing is built anew for it.
  if (readOrNothing(target) !== text) writeFileSync(target, text);
}

function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
