import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { useClosing } from '@meterbridge/testing';
import {
  beginSpool,
  convertSpool,
  erasePerson,
  isForgotten,
  isPersonInSpool,
  type ManifestFile,
  makePersonKey,
  nextSpool,
  openReceipts,
  type PersonInRows,
  type Receipt,
  readErasures,
  readManifest,
  recordFile,
  tidyShard,
} from '../dist/index.js';
import { openDatabase } from '../src/duckdb/open-database.js';
import { readMark } from '../src/durable-file.js';
import { HOUR_MS, makeStore, RULES, START, settled } from './a-store.js';

jest.setTimeout(600_000);

const SHARD = 'lago';
const PROGRAM = fileURLToPath(new URL('erase-person.mjs', import.meta.url));
const ANN: PersonInRows = { users: ['ann'], devices: [], until: START + 100 * HOUR_MS, salt: 'pepper' };
const SPAN = { from: START - HOUR_MS, to: START + 100 * HOUR_MS };

const closing = useClosing();

type Place = { dir: string; shard: string };

async function makePlace(): Promise<Place> {
  const { dir, remove } = await makeStore([SHARD]);
  closing.push(remove);
  await makePersonKey(dir);
  return { dir, shard: SHARD };
}

/** A closed file of rows: in every hour `rows` of Ann, of Bob and of Cid, and each of them once more. */
async function addFile(place: Place, hour: number, rows: number): Promise<void> {
  const spool = await nextSpool(place);
  const file = await beginSpool({ ...place, spool });
  const at = START + hour * HOUR_MS;
  const usages = ['ann', 'bob', 'cid'].flatMap((user) =>
    Array.from({ length: rows }, (_, n) => ({
      ...{ id: `${user}-${hour}-${n}`, user, at: at + n, request: `r-${user}-${hour}` },
      properties: { who: user },
    })),
  );
  await file.append([
    settled(`${at}-0`, `job-${hour}`, usages),
    settled(`${at + 1}-0`, `again-${hour}`, usages, [['duplicate', usages.length]]),
  ]);
  await file.close();
  await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
}

const manifestOf = ({ dir, shard }: Place) => readManifest(join(dir, shard), shard);

/** Every row of a store as it is stored, in the order of its files. */
async function rowsOf(place: Place, columns = '*'): Promise<Record<string, unknown>[]> {
  const { files } = await manifestOf(place);
  const database = await openDatabase({ temporary: join(place.dir, '.tmp'), memoryMb: 256 });
  const rows: Record<string, unknown>[] = [];
  for (const { name } of files) {
    const sql = `SELECT ${columns} FROM read_parquet($1)`;
    const result = await database.connection.runAndReadAll(sql, [join(place.dir, name)]);
    rows.push(...(result.getRowObjectsJson() as Record<string, unknown>[]));
  }
  database.close();
  return rows;
}

const isBlanked = (row: Record<string, unknown>) => row.message_id === null;

const erase = (place: Place, person = ANN, request = 'request-1') =>
  erasePerson(place, person, { request, now: () => START, commit: (change) => change() });

test("a person's rows say nothing of them, all others are as they were, and every count is", async () => {
  const place = await makePlace();
  for (const hour of [0, 1, 2]) await addFile(place, hour, 40);
  const [before, manifest] = [await rowsOf(place), await manifestOf(place)];
  const isAnns = before.map(({ owner }) => owner === 'ann');
  expect(isAnns.filter(Boolean)).toHaveLength(240);
  const books = await openReceipts({ dir: place.dir, destination: SHARD });
  closing.push(() => books.close());
  const usage = await books.countUsage(SPAN);
  expect(usage.map(({ usages }) => usages)).toEqual([120, 120, 120]);

  expect(await erase(place)).toEqual({ rows: 240, files: 3, untold: 0 });

  const after = await rowsOf(place);
  expect(after.filter((_, index) => !isAnns[index])).toEqual(before.filter((_, index) => !isAnns[index]));
  const names = new Set(['message_id', 'request', 'owner', 'customer', 'usage', 'usage_id', 'user_hash']);
  const others = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !names.has(name)));
  expect(after.map(others)).toEqual(before.map(others));
  expect(after.map(isBlanked)).toEqual(isAnns);
  expect(JSON.stringify(after.filter(isBlanked))).not.toContain('ann');

  const next = await manifestOf(place);
  expect(next.files.map(({ bytes: _b, sha256: _s, ...rest }) => rest)).toEqual(
    manifest.files.map(({ bytes: _b, sha256: _s, ...rest }) => rest),
  );
  for (const [index, { name, bytes, sha256 }] of next.files.entries()) {
    expect(sha256).not.toBe(manifest.files[index]!.sha256);
    expect(await readMark(join(place.dir, name))).toEqual({ bytes, sha256 });
  }
  expect(await readErasures(place)).toEqual(
    next.files.map(({ name, bytes, sha256 }, index) => ({
      ...{ at: new Date(START).toISOString(), request: 'request-1', file: name, rows: 80 },
      before: { bytes: manifest.files[index]!.bytes, sha256: manifest.files[index]!.sha256 },
      after: { bytes, sha256 },
    })),
  );
  // Nothing is left to do, and nothing is done.
  expect(await erase(place)).toEqual({ rows: 0, files: 0, untold: 0 });
  expect(await manifestOf(place)).toEqual(next);
});

test('books that were read anew count the same usage, find others and not the person', async () => {
  const place = await makePlace();
  for (const hour of [0, 1]) await addFile(place, hour, 5);
  const read = async () => {
    const books = await openReceipts({ dir: place.dir, destination: SHARD });
    const listed: Receipt[] = [];
    for await (const receipt of books.listUsage('API Call', SPAN)) listed.push(receipt);
    const [usage, counts] = [await books.countUsage(SPAN), await books.counts()];
    const found = { ann: await books.find('ann-0-1'), bob: await books.find('bob-0-1') };
    await books.close();
    return { listed, usage, counts, found };
  };
  const before = await read();
  await erase(place);
  const after = await read();
  expect(after.usage).toEqual(before.usage);
  expect(after.counts).toEqual(before.counts);
  expect(after.found).toEqual({ ann: [], bob: before.found.bob });
  expect(after.listed.filter(isForgotten)).toHaveLength(10);
  expect(after.listed.filter((each) => !isForgotten(each))).toEqual(
    before.listed.filter(({ owner }) => owner !== 'ann'),
  );
});

test('an entry that comes back once its person is forgotten is no second row', async () => {
  const place = await makePlace();
  await addFile(place, 0, 3);
  await erase(place);
  const spool = await nextSpool(place);
  const file = await beginSpool({ ...place, spool });
  await file.append([settled(`${START}-0`, 'job-0', [{ id: 'ann-0-0', user: 'ann' }])]);
  await file.close();
  await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
  expect(await rowsOf(place)).toHaveLength(18);
});

test('what was settled later stays, and so does what is somebody else by another field', async () => {
  const place = await makePlace();
  for (const hour of [0, 1]) await addFile(place, hour, 2);
  expect(await erase(place, { ...ANN, until: START + 1 })).toEqual({ rows: 4, files: 1, untold: 0 });
  // Bob's id is no device's.
  expect(await erase(place, { ...ANN, users: [], devices: ['bob'] })).toMatchObject({ rows: 0, files: 0 });
});

test('a spool is looked into as its rows would be', async () => {
  const place = await makePlace();
  const spool = await nextSpool(place);
  const file = await beginSpool({ ...place, spool });
  await file.append([settled(`${START + 5}-0`, 'job', [{ id: 'm', user: 'ann' }])]);
  const isIn = (person: Partial<PersonInRows>) => isPersonInSpool({ ...place, spool }, { ...ANN, ...person });
  expect(await isIn({})).toBe(true);
  expect(await isIn({ users: ['bob', 'an'] })).toBe(false);
  expect(await isIn({ users: [], devices: ['ann'] })).toBe(false);
  expect(await isIn({ until: START + 4 })).toBe(false);
  await file.close();
});

test('rows by another key, or by none, are said to be untold', async () => {
  const place = await makePlace();
  await addFile(place, 0, 1);
  await writeFile(join(place.dir, '.person-key'), `${'ab'.repeat(32)}\n`);
  await addFile(place, 1, 1);
  expect(await erase(place)).toEqual({ rows: 2, files: 1, untold: 1 });
  await writeFile(join(place.dir, '.person-key'), 'torn');
  await expect(erase(place)).rejects.toThrow(/person-key is damaged/);
});

test('a store has one key, whoever makes it at the same moment, and nobody else reads it', async () => {
  const { dir, remove } = await makeStore([]);
  closing.push(remove);
  await Promise.all(Array.from({ length: 8 }, () => makePersonKey(dir)));
  const text = await readFile(join(dir, '.person-key'), 'utf8');
  expect(text).toMatch(/^[0-9a-f]{64}\n$/);
  await makePersonKey(dir);
  expect(await readFile(join(dir, '.person-key'), 'utf8')).toBe(text);
  expect((await stat(join(dir, '.person-key'))).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['.person-key']);
});

test('a record that was sent in versions counts as one still', async () => {
  const { dir, remove } = await makeStore(['hyperline']);
  closing.push(remove);
  await makePersonKey(dir);
  const place = { dir, shard: 'hyperline' };
  for (const version of [0, 1]) {
    const spool = await nextSpool(place);
    const file = await beginSpool({ ...place, spool });
    const at = START + version * HOUR_MS;
    const usages = [
      { id: `a-${version}`, user: 'ann', at, properties: { thing: 'thing-1' } },
      { id: `b-${version}`, user: 'bob', at, properties: { thing: 'thing-2' } },
    ];
    await file.append([settled(`${at}-0`, `job-${version}`, usages, undefined, RULES.hyperline.version)]);
    await file.close();
    await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
  }
  const count = async () => {
    const books = await openReceipts({ dir, destination: 'hyperline' });
    const usage = await books.countUsage(SPAN);
    await books.close();
    return usage;
  };
  const before = await count();
  expect(before).toMatchObject([{ usages: 2 }]);
  expect(await erase(place)).toMatchObject({ rows: 2, files: 2 });
  expect(await count()).toEqual(before);
});

const KILLS = 8;

/** Runs the program to some moment, and kills it; false where it was done before. */
async function runAndKill({ dir, shard }: Place, person: PersonInRows, isAtWork: boolean): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, dir, shard, JSON.stringify(person)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  if (isAtWork) await Promise.race([once(child.stdout, 'data'), ended]);
  await setTimeout(Math.random() * (isAtWork ? 80 : 800));
  child.kill('SIGKILL');
  const [code] = await ended;
  return code !== 0;
}

test('killed anywhere, again and again: the same rows, each blanked once, and a manifest that says so', async () => {
  const place = await makePlace();
  for (let hour = 0; hour < 16; hour++) await addFile(place, hour, 100);
  const [before, manifest] = [await rowsOf(place), await manifestOf(place)];
  const people = ['ann', 'bob'];
  for (let killed = 0, person = 0; killed < KILLS; ) {
    const users = [people[person % 2]!];
    const isKilled = await runAndKill(place, { ...ANN, users }, killed % 4 !== 0);
    if (isKilled) killed += 1;
    else person += 1;
    await tidyShard(place);
    for (const { name, bytes, sha256 } of (await manifestOf(place)).files)
      expect(await readMark(join(place.dir, name))).toEqual({ bytes, sha256 });
  }
  for (const user of people) await erase(place, { ...ANN, users: [user] });
  const after = await rowsOf(place);
  const isBlank = before.map(({ owner }) => people.includes(owner as string));
  expect(after.map(isBlanked)).toEqual(isBlank);
  expect(after.filter((_, index) => !isBlank[index])).toEqual(before.filter((_, index) => !isBlank[index]));
  const kept = ({ bytes: _b, sha256: _s, ...rest }: ManifestFile) => rest;
  expect((await manifestOf(place)).files.map(kept)).toEqual(manifest.files.map(kept));
  // Each file was written anew once for each of them, and the statement says so.
  const erased = (await readErasures(place)).map(({ file }) => file);
  expect(erased.toSorted()).toEqual(manifest.files.flatMap(({ name }) => [name, name]).toSorted());
  expect(new Set(after.filter(isBlanked).map((row) => row.usage_id)).size).toBe(2 * 1_600);
  const left = (await readdir(join(place.dir, SHARD))).filter((name) => !name.endsWith('.parquet'));
  expect(left.toSorted()).toEqual(['erasures.json', expect.stringMatching(/^manifest\.\d+\.json$/), 'rules']);
});
