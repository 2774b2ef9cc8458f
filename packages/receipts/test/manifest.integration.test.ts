import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readManifest, writeManifest } from '../src/manifest.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-manifest-'));
});
afterEach(() => rm(folder, { recursive: true }));

const gap = (deliveries: number) => ({
  bucket: '1/backend',
  deliveries,
  filtered: 0,
  eventFrom: 0,
  eventTo: 1,
});

test('a manifest is replaced as a whole, and nothing else is left', async () => {
  const nothing = { format: 1 as const, shard: 'lago', files: [], gaps: [] };
  expect(await readManifest(folder, 'lago')).toEqual(nothing);
  expect(await readManifest(join(folder, 'none'), 'lago')).toEqual(nothing);
  await writeManifest(folder, { ...nothing, gaps: Array.from({ length: 1_000 }, (_, n) => gap(n)) });
  await writeManifest(folder, { ...nothing, gaps: [gap(1)] });
  expect(await readManifest(folder, 'lago')).toEqual({ ...nothing, gaps: [gap(1)] });
  expect(await readdir(folder)).toEqual(['manifest.json']);
});

test('what could not be read again is not written', async () => {
  const manifest = { format: 1 as const, shard: 'lago', files: [], gaps: [gap(-1)] };
  await expect(writeManifest(folder, manifest)).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});

test('a manifest that cannot be put in place leaves no half of it', async () => {
  await mkdir(join(folder, 'manifest.json'));
  const manifest = { format: 1 as const, shard: 'lago', files: [], gaps: [] };
  await expect(writeManifest(folder, manifest)).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['manifest.json']);
});

test('without a manifest a file of rows is an error, unless its spool shows that it was being made', async () => {
  await writeFile(join(folder, '1-0.parquet'), '');
  await writeFile(join(folder, '1-0.spool'), '');
  expect((await readManifest(folder, 'lago')).files).toEqual([]);
  await rm(join(folder, '1-0.spool'));
  await expect(readManifest(folder, 'lago')).rejects.toMatchObject({ code: 'manifest_missing' });
});
