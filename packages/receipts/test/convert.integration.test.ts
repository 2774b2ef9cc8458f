import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ReceiptEntry } from '@meterbridge/queue/batch';
import { convertSpool } from '../dist/convert/convert-spool.js';
import { ArchiveWriter } from '../src/convert/write-archive.js';
import { fromStored } from '../src/duckdb/columns.js';
import { openDatabase } from '../src/duckdb/open-database.js';
import { readStored } from '../src/duckdb/read-stored.js';
import { readManifest } from '../src/manifest.js';
import type { Receipt } from '../src/receipt.js';
import { readKeptRules } from '../src/rows/read-kept-rules.js';
import { toReceipts } from '../src/rows/to-receipts.js';
import { beginSpool, nextSpool, recordFile, tidyShard } from '../src/store.js';
import { filtered, HOUR_MS, makeStore, RULES, START, settled } from './a-store.js';

const SHARD = 'lago@1';
const DAY_MS = 24 * HOUR_MS;

let store: Awaited<ReturnType<typeof makeStore>>;
let folder: string;

beforeEach(async () => {
  store = await makeStore([SHARD]);
  folder = join(store.dir, SHARD);
});
afterEach(() => store.remove());

async function aSpool(...appends: ReceiptEntry[][]) {
  const place = { dir: store.dir, shard: SHARD };
  const spool = await nextSpool(place);
  const open = await beginSpool({ ...place, spool });
  for (const entries of appends) await open.append(entries);
  await open.close();
  return { ...place, spool };
}

/** The rows of a file in their order. */
async function rowsIn(name: string): Promise<Receipt[]> {
  const database = await openDatabase({ temporary: join(store.dir, 'tmp'), memoryMb: 256 });
  try {
    const rows: Receipt[] = [];
    for await (const stored of readStored(database.connection, 'SELECT * FROM read_parquet($1)', [name]))
      rows.push(fromStored(stored));
    return rows;
  } finally {
    database.close();
  }
}

const rowsOf = (entries: ReceiptEntry[]) =>
  entries.flatMap((entry) => toReceipts(entry, SHARD, readKeptRules(folder)));

const id = (minute: number, number = 0) => `${START + minute * 60_000}-${number}`;

test('the rows of a spool are a file, those of another day last, and the manifest says what is in it', async () => {
  const entries = [
    settled(
      id(1),
      'a',
      [{ id: 'm-1', request: 'q-1' }, { id: 'm-2', at: START - DAY_MS }, { id: 'm-3' }],
      [
        ['delivered', 1],
        ['late', 1],
        ['duplicate', 1],
      ],
    ),
    filtered(id(2), { '498204/backend': { Seen: 4 } }),
    settled(id(3), 'b', [
      { id: 'm-4', rule: 'found' },
      { id: 'm-5', sentUnder: 'gone', user: '😀"\u0000\\' },
    ]),
  ];
  const place = await aSpool(entries.slice(0, 2), entries.slice(2));
  const file = await convertSpool(place);
  const [m1, m2, m3, ...others] = rowsOf(entries);
  expect(await rowsIn(join(store.dir, file.name))).toEqual([m1, m3, ...others, m2]);
  const bytes = await readFile(join(store.dir, file.name));
  expect(file).toEqual({
    name: `${SHARD}/00000001.parquet`,
    rows: 6,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    firstEntry: id(1),
    lastEntry: id(3),
    eventFrom: START - DAY_MS,
    eventTo: START,
    types: ['lago'],
    counts: {
      '498204/backend': {
        calls: { delivered: 2, duplicate: 1 },
        found: { delivered: 1 },
        '': { filtered: 4 },
      },
      '498180/backend': { calls: { late: 1 } },
    },
  });
  await recordFile(place, file);
  expect((await readManifest(folder, SHARD)).files).toEqual([file]);
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.parquet', 'manifest.00000001.json', 'rules']);
});

test('what is done again is done once', async () => {
  const place = await aSpool([settled(id(1), 'a', [{ id: 'm-1' }])]);
  const file = await convertSpool(place);
  expect(await convertSpool(place)).toEqual(file);
  await recordFile(place, file);
  expect(await convertSpool(place)).toEqual(file);
  await recordFile(place, file);
  expect((await readManifest(folder, SHARD)).files).toEqual([file]);
  expect(await nextSpool(place)).toBe('00000002');
});

test('an entry that comes back has one row: in its spool, in the next, and after others', async () => {
  const [one, two, three] = [1, 2, 3].map((n) => settled(id(n), `job-${n}`, [{ id: `m-${n}` }])) as [
    ReceiptEntry,
    ReceiptEntry,
    ReceiptEntry,
  ];
  const seen = filtered(id(2, 1), { '498204/backend': { Seen: 4 } });
  const spools = [
    [one, two, one, seen],
    [two, three, seen],
    [one, seen, three],
  ];
  const files = [];
  for (const entries of spools) {
    const place = await aSpool(entries);
    const file = await convertSpool(place);
    await recordFile(place, file);
    files.push(file);
  }
  expect(files.map(({ rows }) => rows)).toEqual([3, 1, 0]);
  const rows = (await Promise.all(files.map(({ name }) => rowsIn(join(store.dir, name))))).flat();
  expect(rows).toEqual(rowsOf([one, two, seen, three]));
});

test('a settlement of the same moment is another one', async () => {
  const same = [settled(id(1), 'a', [{ id: 'm-1' }]), settled(id(1), 'b', [{ id: 'm-1' }])];
  const first = await aSpool(same.slice(0, 1));
  await recordFile(first, await convertSpool(first));
  expect(await convertSpool(await aSpool(same.slice(1)))).toMatchObject({ rows: 1 });
});

test('rows that are written in parts are one file in the same order', async () => {
  const entries = Array.from({ length: 60 }, (_, n) =>
    settled(id(n % 50, n), `job-${n}`, [
      { id: `m-${n}`, at: n % 3 ? START : START - DAY_MS },
      { id: `n-${n}` },
    ]),
  );
  const rows = rowsOf(entries);
  const files = [];
  for (const limit of [
    { rows: 7, bytes: 1e9 },
    { rows: 1_000, bytes: 1e9 },
    { rows: 1_000, bytes: 3_000 },
  ]) {
    const work = join(store.dir, `parts-${files.length}`);
    await mkdir(work);
    const database = await openDatabase({ temporary: join(work, 'spilled'), memoryMb: 256, threads: 1 });
    const writer = new ArchiveWriter(database.connection, work, limit);
    for (const row of rows) await writer.append([row]);
    await writer.finish(join(work, 'all.parquet'));
    database.close();
    files.push(await rowsIn(join(work, 'all.parquet')));
  }
  const isLate = ({ eventAt }: Receipt) => eventAt! < START;
  expect(files[0]).toEqual([...rows.filter((row) => !isLate(row)), ...rows.filter(isLate)]);
  expect(files.slice(1)).toEqual([files[0], files[0]]);
});

test('every group of rows has bloom filters for the three ids', async () => {
  const usages = (n: number) =>
    Array.from({ length: 500 }, (_, k) => {
      const name = `${n}-${k}`;
      return { id: `m-${name}`, request: `q-${name}`, properties: { thing: `u-${name}` } };
    });
  const entries = Array.from({ length: 100 }, (_, n) =>
    settled(id(0, n), `job-${n}`, usages(n), undefined, RULES.hyperline.version),
  );
  const file = await convertSpool(await aSpool(entries));
  const database = await openDatabase({ temporary: join(store.dir, 'tmp'), memoryMb: 256 });
  const result = await database.connection.runAndReadAll(
    `SELECT path_in_schema, count(*)::INTEGER, count(bloom_filter_offset)::INTEGER, min(bloom_filter_length)::INTEGER
     FROM parquet_metadata($1) WHERE path_in_schema IN ('message_id', 'request', 'usage_id') GROUP BY ALL ORDER BY ALL`,
    [join(store.dir, file.name)],
  );
  const columns = result.getRows() as [string, number, number, number][];
  database.close();
  expect(columns.map(([name]) => name)).toEqual(['message_id', 'request', 'usage_id']);
  for (const [, groups, filters, bytes] of columns) {
    expect(filters).toBe(groups);
    // Of thousands of values, and not of none.
    expect(bytes).toBeGreaterThan(5_000);
  }
});

test('rows as wide as events may be are converted within the memory that there is', async () => {
  const note = randomBytes(24_000).toString('base64');
  const usages = (n: number) =>
    Array.from({ length: 250 }, (_, k) => ({ id: `m-${n}-${k}`, properties: { note: note.slice(n + k) } }));
  const entries = Array.from({ length: 24 }, (_, n) => settled(id(0, n), `job-${n}`, usages(n)));
  const file = await convertSpool(await aSpool(entries));
  const rows = await rowsIn(join(store.dir, file.name));
  expect(rows.map(({ messageId }) => messageId)).toEqual(
    entries.flatMap((_, n) => usages(n).map((usage) => usage.id)),
  );
  expect(rows.at(-1)!.usage).toContain(note.slice(23 + 249));
});

test('a spool that is torn or damaged, or of a newer version, is left as it is, and says why', async () => {
  const place = await aSpool([settled(id(1), 'a', [{ id: 'm-1' }])], [settled(id(2), 'b', [{ id: 'm-2' }])]);
  const path = join(folder, `${place.spool}.spool`);
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, -1));
  await expect(convertSpool(place)).rejects.toMatchObject({
    code: 'conversion_failed',
    message: expect.stringMatching(
      /lago@1\/00000001 could not be written: SpoolDamagedError: .*damaged at byte \d+/,
    ),
  });
  await writeFile(path, whole);
  await writeFile(join(folder, 'rules', `${RULES.lago.version}.json`), '{"format":99,"rules":[]}');
  await expect(convertSpool(place)).rejects.toThrow('newer version');
  await expect(convertSpool({ ...place, spool: '00000009' })).rejects.toThrow('ENOENT');
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.spool', 'rules']);
});

test('entries of a newer form are left as they are, and told; the first form says no number', async () => {
  const entry = settled(id(1), 'a', [{ id: 'm-1' }]);
  const place = await aSpool([entry], [{ ...filtered(id(2), {}), format: 2 }]);
  const path = join(folder, `${place.spool}.spool`);
  const spool = await readFile(path);
  expect(spool.toString().match(/"format"/g)).toHaveLength(1);
  await expect(convertSpool(place)).rejects.toThrow('receipt of format 2, written by a newer version');
  expect(await readFile(path)).toEqual(spool);
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.spool', 'rules']);
});

test('what a killed process leaves is put away, and nothing that could not be made again, or that another has made', async () => {
  const place = await aSpool([settled(id(1), 'a', [{ id: 'm-1' }])]);
  const spool = await readFile(join(folder, '00000001.spool'));
  const file = await convertSpool(place);
  await writeFile(join(folder, '.manifest.00000001.json.1.tmp'), '');
  await tidyShard(place);
  // Of rows that do not count yet their maker may still have something to say.
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.parquet', '00000001.spool', 'rules']);
  await recordFile(place, file);
  await writeFile(join(folder, '00000001.spool'), spool);
  await writeFile(join(folder, '00000007.parquet'), '');
  await tidyShard(place);
  expect((await readdir(folder)).toSorted()).toEqual([
    '00000001.parquet',
    '00000007.parquet',
    'manifest.00000001.json',
    'rules',
  ]);
  expect((await readManifest(folder, SHARD)).files).toEqual([file]);
  await rm(join(folder, '00000007.parquet'));
});

test('a file that is not there as it was written does not count, and its spool stays', async () => {
  const place = await aSpool([settled(id(1), 'a', [{ id: 'm-1' }])]);
  const file = await convertSpool(place);
  await writeFile(join(store.dir, file.name), 'half');
  await expect(recordFile(place, file)).rejects.toThrow('4 bytes');
  await rm(join(store.dir, file.name));
  await expect(recordFile(place, file)).rejects.toThrow('ENOENT');
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.spool', 'rules']);
  await recordFile(place, await convertSpool(place));
  expect((await readManifest(folder, SHARD)).files).toHaveLength(1);
});

test('a conversion that is broken off leaves nothing behind', async () => {
  const place = await aSpool(
    Array.from({ length: 50 }, (_, n) => settled(id(n), `job-${n}`, [{ id: `m-${n}` }])),
  );
  await expect(convertSpool(place, AbortSignal.timeout(50))).rejects.toThrow();
  expect((await readdir(folder)).toSorted()).toEqual(['00000001.spool', 'rules']);
});
