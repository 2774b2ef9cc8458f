import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { useClosing, waitFor } from '@meterbridge/testing';
import { convertSpool } from '../dist/convert/convert-spool.js';
import { openDatabase } from '../src/duckdb/open-database.js';
import { readManifest } from '../src/manifest.js';
import { listSpools, recordFile, tidyShard } from '../src/store.js';
import { makeStore, START, settled } from './a-store.js';

jest.setTimeout(600_000);

const SHARD = 'lago';
const KILLS = 20;
const PROGRAM = fileURLToPath(new URL('archive-entries.mjs', import.meta.url));
const ENTRIES = Array.from({ length: 2_400 }, (_, n) =>
  settled(
    `${START + n}-0`,
    `job-${n}`,
    Array.from({ length: 3 }, (_, k) => ({ id: `m-${n}-${k}` })),
  ),
);

const closing = useClosing();

/** Those that work on this store: one outlives its parent for a moment. */
async function convertersOf(dir: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes('convert-main.js') && command.includes(dir) ? [Number(pid)] : [];
  });
  return (await Promise.all(found)).flat();
}

/** It may have ended since it was seen. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
  }
}

/** Runs the program to a moment after an append or within a conversion, and kills it, or its converter and then itself. */
async function runAndKill(dir: string, from: number, moment: 'append' | 'conversion'): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, dir, SHARD, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let kept = from;
  createInterface(child.stdout).on('line', (line) => {
    kept = Number(line);
  });
  if (moment === 'append') await waitFor(() => kept > from, { what: 'an append', timeoutMs: 120_000 });
  else {
    const isConverting = async () => (await convertersOf(dir)).length > 0;
    await waitFor(isConverting, { what: 'a conversion', timeoutMs: 120_000 });
  }
  await setTimeout(Math.random() * 600);
  if (Math.random() < 0.5) for (const pid of await convertersOf(dir)) killIfThere(pid);
  if (Math.random() < 0.5) await setTimeout(Math.random() * 300);
  child.kill('SIGKILL');
  const [code, signal] = await ended;
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  await waitFor(async () => (await convertersOf(dir)).length === 0, { what: 'the converter to end' });
  return kept;
}

test('killed anywhere, again and again: rows = deliveries = different ids', async () => {
  const { dir, remove } = await makeStore([SHARD]);
  closing.push(remove);
  await writeFile(join(dir, 'entries.json'), JSON.stringify(ENTRIES));
  let kept = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    kept = await runAndKill(dir, kept, kill % 2 === 0 ? 'append' : 'conversion');
  }
  // It was never done: each kill hit it at work.
  expect(kept).toBeLessThan(ENTRIES.length);

  const place = { dir, shard: SHARD };
  await tidyShard(place);
  for (const spool of await listSpools(place)) {
    await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
  }
  const { files } = await readManifest(join(dir, SHARD), SHARD);
  const database = await openDatabase({ temporary: join(dir, 'tmp'), memoryMb: 256 });
  const { listValue } = await import('@duckdb/node-api');
  const result = await database.connection.runAndReadAll(
    `SELECT count(*)::INTEGER, count(DISTINCT message_id)::INTEGER, count(DISTINCT job)::INTEGER,
       max(substr(job, 5)::INTEGER) FROM read_parquet($1)`,
    [listValue(files.map(({ name }) => join(dir, name)))],
  );
  database.close();
  const [rows, ids, jobs, last] = result.getRows()[0] as number[];
  // An append that was not told of may be there: its entries would come again.
  expect(jobs).toBe(last! + 1);
  expect(jobs).toBeGreaterThanOrEqual(kept);
  expect({ rows, ids }).toEqual({ rows: 3 * jobs!, ids: 3 * jobs! });
  const counted = files.flatMap(({ counts }) =>
    Object.values(counts).flatMap((rules) => Object.values(rules).map(({ delivered = 0 }) => delivered)),
  );
  expect(counted.reduce((sum, each) => sum + each, 0)).toBe(rows);
  expect(files.reduce((sum, each) => sum + each.rows, 0)).toBe(rows);
  // Nothing but what counts is left.
  const left = (await readdir(join(dir, SHARD))).filter(
    (name) => !files.some((file) => file.name.endsWith(name)),
  );
  expect(left.toSorted()).toEqual([expect.stringMatching(/^manifest\.\d+\.json$/), 'rules']);
});
