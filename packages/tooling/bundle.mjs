// Makes few files of an app, dist/main.js and what it imports on demand: node ../../packages/tooling/bundle.mjs, in
// the app's folder. Most of a start was finding and opening some fifteen hundred files.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { directImports } from './direct-imports.mjs';
import { describeLibraries } from './third-party.mjs';

// Not a file of an earlier build that nothing makes any more.
rmSync('dist', { recursive: true, force: true });

/** It has a native library, and is a package of its own that an installation may lack. */
const EXTERNAL = ['@duckdb/node-api'];

const { metafile } = await build({
  // With an entry of its own, all that is composed is no part of main.js: tests run that again in one process.
  entryPoints: [...['src/main.ts', 'src/compose.ts'].filter((file) => existsSync(file)), ...childPrograms()],
  entryNames: '[name]',
  external: EXTERNAL,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  metafile: true,
  plugins: [directImports],
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
  // Libraries in CommonJS ask for Node's own modules so.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
});
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', describeLibraries(metafile, process.cwd()));

/** Programs that a package of an app starts as processes: each lies beside the file that starts it, in the bundle too. */
function childPrograms() {
  const { dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (!('@meterbridge/receipts' in dependencies)) return [];
  const require = createRequire(resolve('package.json'));
  return [require.resolve('@meterbridge/receipts/convert-main')];
}
