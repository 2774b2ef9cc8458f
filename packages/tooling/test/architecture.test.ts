import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');

/** Which packages of this workspace each may import: arrows point inward (docs/architecture.md). */
const MAY_IMPORT: Record<string, string[]> = {
  'segment-events': [],
  fql: [],
  'usage-mapping': ['fql', 'segment-events'],
  delivery: ['segment-events'],
  destinations: ['delivery', 'segment-events', 'usage-mapping'],
  sender: ['delivery', 'destinations'],
  'redis-connection': [],
  queue: ['delivery', 'redis-connection', 'segment-events'],
  'rate-limiter': ['delivery', 'redis-connection'],
  receipts: ['delivery', 'destinations', 'queue', 'segment-events'],
  config: ['destinations', 'redis-connection', 'segment-events', 'usage-mapping'],
  telemetry: [],
  operations: [
    'config',
    'delivery',
    'destinations',
    'fql',
    'queue',
    'rate-limiter',
    'receipts',
    'segment-events',
    'sender',
    'usage-mapping',
  ],
  'config-draft': ['destinations'],
  'function-migration': ['config-draft', 'destinations', 'usage-mapping'],
  'local-redis': [],
  sandbox: [],
  testing: ['delivery', 'local-redis', 'redis-connection'],
};
const PURE = ['segment-events', 'fql', 'usage-mapping', 'delivery', 'destinations'];
/** Only these packages know that BullMQ, bottleneck, an HTTP client, OpenTelemetry and DuckDB exist. */
const ONLY_IN: Record<string, string> = {
  bullmq: 'queue',
  bottleneck: 'rate-limiter',
  got: 'sender',
  '@opentelemetry': 'telemetry',
  '@duckdb': 'receipts',
};

/** Beside an API's own folder: the table of kinds, the stand-in, what drives it, and what reads two vendors' recipes. */
const MAY_NAME_AN_API = [
  'packages/destinations/src/descriptions.ts',
  'packages/destinations/src/kinds.ts',
  'packages/sandbox/',
  'packages/chaos/',
  'packages/benchmarks/',
  'packages/testing/',
  'packages/function-migration/',
];

/** Each folder of `destinations` that describes an API. */
function billingApis(): string[] {
  const folder = join(ROOT, 'packages/destinations/src');
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'describe.ts')));
}

/** Every source file of apps and packages but tests, by its path from the root. */
function sourceFiles(): { file: string; text: string }[] {
  return ['apps', 'packages'].flatMap((kind) =>
    readdirSync(join(ROOT, kind)).flatMap((name) =>
      sourcesIn(join(ROOT, kind, name, 'src')).map(({ file, text }) => ({
        file: `${kind}/${name}/src/${file}`,
        text,
      })),
    ),
  );
}

function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}

function sourcesOf(name: string): { file: string; text: string }[] {
  return sourcesIn(join(ROOT, 'packages', name, 'src'));
}

function sourcesIn(folder: string): { file: string; text: string }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(test|generated)\.ts$/.test(file))
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
}

function importsOf(text: string): string[] {
  const atOnce = [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gms)];
  const onDemand = [...text.matchAll(/\bimport\('([^']+)'\)/g)];
  return [...atOnce, ...onDemand].map((found) => found[1]!);
}

test.each(Object.entries(MAY_IMPORT))('%s imports of this workspace only what it may', (name, allowed) => {
  const imported = sourcesOf(name)
    .flatMap(({ text }) => importsOf(text))
    .filter((from) => from.startsWith('@meterbridge/'))
    .map((from) => from.split('/')[1]!);
  expect(imported.filter((each) => !allowed.includes(each))).toEqual([]);
});

test.each(Object.entries(ONLY_IN))('%s is imported by %s alone', (library, owner) => {
  const others = Object.keys(MAY_IMPORT).filter((name) => name !== owner);
  const importers = others.filter((name) =>
    sourcesOf(name).some(({ text }) => importsOf(text).some((from) => from.split('/')[0] === library)),
  );
  expect(importers).toEqual([]);
});

test('a billing API is named in its own folder, and where stand-ins for it are driven', () => {
  const named = new RegExp(billingApis().join('|'), 'i');
  const found = sourceFiles().flatMap(({ file, text }) => {
    const isItsOwn = billingApis().some((api) => file.startsWith(`packages/destinations/src/${api}/`));
    if (isItsOwn || MAY_NAME_AN_API.some((place) => file.startsWith(place))) return [];
    const line = codeOf(text)
      .split('\n')
      .find((each) => named.test(each));
    return line === undefined ? [] : [`${file}: ${line.trim()}`];
  });
  expect(found).toEqual([]);
});

test('all that the command line prints passes one writer, which lets no text command a terminal', () => {
  const writes = /\bconsole\.|\bprocess\.std(out|err)\.write\b/;
  const found = sourceFiles()
    .filter(({ file }) => file.startsWith('apps/cli/src/') && file !== 'apps/cli/src/terminal/print.ts')
    .filter(({ text }) => writes.test(codeOf(text)));
  expect(found.map(({ file }) => file)).toEqual([]);
});

/** The rooms of the queue, from the bottom up. */
const ROOMS_OF_QUEUE = [
  'keys',
  'redis',
  'state',
  'activity',
  'batch',
  'bullmq',
  'ledger',
  'receipts',
  'dead-letters',
  'commit',
  'work',
  'replay',
  'forget-requests',
];

test('a room of the queue imports only rooms below it', () => {
  const rooms = sourcesOf('queue').filter(({ file }) => file.includes('/'));
  const upwards = rooms.flatMap(({ file, text }) => {
    const own = ROOMS_OF_QUEUE.indexOf(file.split('/')[0]!);
    const others = importsOf(text).filter((from) => from.startsWith('../') && !from.includes('.generated.'));
    return others
      .filter((from) => {
        const room = ROOMS_OF_QUEUE.indexOf(from.split('/')[1]!);
        return room < 0 || room >= own;
      })
      .map((from) => `${file}: ${from}`);
  });
  expect(upwards).toEqual([]);
});

test('only one file moves counts of the books', () => {
  const folder = join(ROOT, 'packages/queue/src');
  const writes = /\b(HSET|HINCRBY)\b/i;
  const writers = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|lua)$/.test(file) && !/\.(test|generated)\.ts$/.test(file))
    .filter((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n');
      return lines.some((line) => writes.test(line) && /\b(ledger|hours|key, field)\b/.test(line));
    });
  expect(writers).toEqual(['ledger/book.lua']);
});

test('operations knows no terminal, no environment and no process', () => {
  const aFace = /\b(process\.|console\.)/;
  const found = sourcesOf('operations').flatMap(({ file, text }) => {
    const code = codeOf(text);
    const ofAFace = importsOf(text).filter((from) =>
      /^(node:(process|readline|tty)|commander|cli-|express|pino|diff$)/.test(from),
    );
    return [
      ...(aFace.test(code) ? [`${file}: ${aFace.exec(code)![0]}`] : []),
      ...ofAFace.map((from) => `${file}: ${from}`),
    ];
  });
  expect(found).toEqual([]);
});

test.each(PURE)('%s knows no clock, no chance, no environment and no input or output', (name) => {
  const impure = /\b(Date\.now|new Date\(\)|Math\.random|process\.|console\.|fetch\(|setTimeout|setInterval)/;
  const found = sourcesOf(name).flatMap(({ file, text }) => {
    const code = codeOf(text);
    const io = importsOf(text).filter(
      (from) => from.startsWith('node:') && !['node:crypto', 'node:buffer'].includes(from),
    );
    return [
      ...(impure.test(code) ? [`${file}: ${impure.exec(code)![0]}`] : []),
      ...io.map((from) => `${file}: ${from}`),
    ];
  });
  expect(found).toEqual([]);
});
