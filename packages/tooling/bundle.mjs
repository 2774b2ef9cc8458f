// Makes few files of an app, dist/main.js and what it imports on demand: node ../../packages/tooling/bundle.mjs, in
// the app's folder. Most of a start was finding and opening some fifteen hundred files.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { directImports } from './direct-imports.mjs';
import { describeLibraries } from './third-party.mjs';

// Not a file of an earlier build that nothing makes any more.
rmSync('dist', { recursive: true, force: true });

const { metafile } = await build({
  // With an entry of its own, all that is composed is no part of main.js: tests run that again in one process. What
  // converts receipts is a program that another one starts.
  entryPoints: ['src/main.ts', 'src/compose.ts', 'src/convert-main.ts'].filter((file) => existsSync(file)),
  // It holds binaries.
  external: ['@duckdb/node-api'],
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
