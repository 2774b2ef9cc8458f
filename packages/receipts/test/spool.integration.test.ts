import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ReceiptEntry } from '@meterbridge/queue/batch';
import { readSpool, Spool } from '../src/spool/spool.js';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-spool-'));
});
afterAll(() => rm(folder, { recursive: true }));

function newFile(): string {
  files += 1;
  return join(folder, `${files}.spool`);
}

function entry(number: number): ReceiptEntry {
  return { id: `${number}-0`, kind: 'filtered', filtered: { '1/backend': { 'Näme\n': number } } };
}

async function idsIn(file: string, tail: 'leave' | 'refuse' = 'leave'): Promise<string[]> {
  const handle = await open(file);
  try {
    const ids: string[] = [];
    for await (const { id } of readSpool(handle, file, tail)) ids.push(id);
    return ids;
  } finally {
    await handle.close();
  }
}

/** Three appends, of one, two and one entries; where each ends. */
async function aSpool(): Promise<{ file: string; ends: number[] }> {
  const file = newFile();
  const spool = await Spool.open(file);
  const ends: number[] = [];
  for (const numbers of [[1], [2, 3], [4]]) {
    await spool.append(numbers.map(entry));
    ends.push(spool.bytes);
  }
  await spool.close();
  return { file, ends };
}

test('what was appended is read back, also by others while it is open, and after it was opened again', async () => {
  const file = newFile();
  const spool = await Spool.open(file);
  await spool.append([]);
  expect(await idsIn(file)).toEqual([]);
  await spool.append([entry(1), entry(2)]);
  expect(await idsIn(file)).toEqual(['1-0', '2-0']);
  await spool.close();
  const again = await Spool.open(file);
  await again.append([entry(3)]);
  await again.close();
  expect(await idsIn(file, 'refuse')).toEqual(['1-0', '2-0', '3-0']);
  const handle = await open(file);
  for await (const read of readSpool(handle, file, 'refuse')) expect(read).toEqual(entry(Number(read.id[0])));
  await handle.close();
});

test('cut anywhere, it holds the whole appends before the cut, and goes on behind them', async () => {
  const { file, ends } = await aSpool();
  const whole = await readFile(file);
  for (let bytes = 0; bytes <= whole.length; bytes += 5) {
    await writeFile(file, whole.subarray(0, bytes));
    const left = ['1-0', '2-0', '3-0', '4-0'].slice(
      0,
      [0, 1, 3, 4][ends.filter((end) => end <= bytes).length],
    );
    expect(await idsIn(file)).toEqual(left);
    const spool = await Spool.open(file);
    expect(spool.bytes).toBe(Math.max(0, ...ends.filter((end) => end <= bytes)));
    await spool.append([entry(9)]);
    await spool.close();
    expect(await idsIn(file, 'refuse')).toEqual([...left, '9-0']);
  }
});

test.each([
  ['zeros', Buffer.alloc(5_000)],
  ['bytes of another file', Buffer.from('{"id":"5-0"}'.repeat(100))],
])('a tail of %s is cut, as a power failure leaves one', async (_what, tail) => {
  const { file, ends } = await aSpool();
  await writeFile(file, tail, { flag: 'a' });
  expect(await idsIn(file)).toHaveLength(4);
  await expect(idsIn(file, 'refuse')).rejects.toMatchObject({ code: 'spool_damaged', offset: ends[2] });
  await (await Spool.open(file)).close();
  expect((await stat(file)).size).toBe(ends[2]);
});

test('damage before the last append is an error that says file and byte, and nothing is cut', async () => {
  const { file, ends } = await aSpool();
  const whole = await readFile(file);
  for (let at = 0; at < ends[1]!; at++) {
    await writeFile(file, Buffer.from(whole).fill(whole[at]! ^ 0x55, at, at + 1));
    const damaged = { file, code: 'spool_damaged', offset: at < ends[0]! ? 0 : ends[0] };
    await expect(idsIn(file)).rejects.toMatchObject(damaged);
    await expect(Spool.open(file)).rejects.toMatchObject(damaged);
    expect((await stat(file)).size).toBe(whole.length);
  }
});

test('a hole in the middle is found however long it is', async () => {
  const { file, ends } = await aSpool();
  const last = (await readFile(file)).subarray(ends[1]);
  await truncate(file, ends[1]!);
  await truncate(file, ends[1]! + 9 * 1_024 * 1_024);
  await writeFile(file, last, { flag: 'a' });
  await expect(idsIn(file)).rejects.toMatchObject({ offset: ends[1] });
});

test('an append that fails leaves nothing behind, and the next one is read', async () => {
  const { file, ends } = await aSpool();
  const spool = await Spool.open(file);
  const { handle } = spool as unknown as { handle: { sync: () => Promise<void> } };
  const { sync } = handle;
  let failures = 1;
  handle.sync = async () => {
    if (failures-- > 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    return sync.call(handle);
  };
  await expect(spool.append([entry(5)])).rejects.toThrow('no space left');
  expect((await stat(file)).size).toBe(ends[2]);
  await spool.append([entry(6)]);
  // What cannot be put back is not written behind.
  failures = 2;
  await expect(spool.append([entry(7)])).rejects.toThrow('no space left');
  await expect(spool.append([entry(8)])).rejects.toThrow('could not be put back');
  await spool.close();
  expect(await idsIn(file, 'refuse')).toEqual(['1-0', '2-0', '3-0', '4-0', '6-0']);
});
