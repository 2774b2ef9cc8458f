import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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

const nothing = { format: 1 as const, number: 0, shard: 'lago', files: [], gaps: [] };

test('a manifest takes the place of the one that it came from, and nothing else is left', async () => {
  expect(await readManifest(folder, 'lago')).toEqual(nothing);
  expect(await readManifest(join(folder, 'none'), 'lago')).toEqual(nothing);
  await writeManifest(folder, { ...nothing, gaps: Array.from({ length: 1_000 }, (_, n) => gap(n)) });
  await writeManifest(folder, { ...(await readManifest(folder, 'lago')), gaps: [gap(1)] });
  expect(await readManifest(folder, 'lago')).toEqual({ ...nothing, number: 2, gaps: [gap(1)] });
  expect(await readdir(folder)).toEqual(['manifest.00000002.json']);
});

test.each([1, 2, 3])(
  'a hand that read it and stood still changes nothing once others have written %i more',
  async (more) => {
    await writeManifest(folder, nothing);
    const stale = await readManifest(folder, 'lago');
    for (let n = 1; n <= more; n++) {
      await writeManifest(folder, { ...(await readManifest(folder, 'lago')), gaps: [gap(n)] });
    }
    await expect(writeManifest(folder, { ...stale, gaps: [] })).rejects.toMatchObject({
      code: 'manifest_changed',
    });
    expect((await readManifest(folder, 'lago')).gaps).toEqual([gap(more)]);
    expect(await readdir(folder)).toHaveLength(1);
  },
);

test('of many hands each change counts, or is refused', async () => {
  const add = async (n: number) => {
    const manifest = await readManifest(folder, 'lago');
    await writeManifest(folder, { ...manifest, gaps: [...manifest.gaps, gap(n)] });
    return n;
  };
  const told = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => add(n)));
  const written = told.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  expect((await readManifest(folder, 'lago')).gaps.map(({ deliveries }) => deliveries)).toEqual(written);
});

test('what could not be read again is not written', async () => {
  const manifest = { ...nothing, gaps: [gap(-1)] };
  await expect(writeManifest(folder, manifest)).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});

test('without a manifest a file of rows is an error, unless its spool shows that it was being made', async () => {
  await writeFile(join(folder, '1-0.parquet'), '');
  await writeFile(join(folder, '1-0.spool'), '');
  expect((await readManifest(folder, 'lago')).files).toEqual([]);
  await rm(join(folder, '1-0.spool'));
  await expect(readManifest(folder, 'lago')).rejects.toMatchObject({ code: 'manifest_missing' });
});
