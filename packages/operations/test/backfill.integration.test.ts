import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readAccount, readMemory } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { type Backfill, dryRun, runBackfill } from '../src/backfill/run-backfill.js';
import type { Work } from '../src/work.js';
import { calls, toLines, writeArchive } from './archive.js';
import { configWith } from './config.js';

const suite = useRedis();

let redis: Redis;
let folder: string;

beforeEach(async () => {
  redis = suite.connect();
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-backfill-'));
});

afterEach(async () => {
  await redis.flushall();
  await rm(folder, { recursive: true });
});

const accepted = async () => (await readAccount('lago', redis)).accepted;

function backfillOf(files: readonly string[], changes: Partial<Backfill> = {}): Backfill {
  const config = configWith(suite.url);
  return {
    config,
    source: config.sources[0]!,
    files: files.map((name) => join(folder, name)),
    selection: {},
    whereText: undefined,
    pace: null,
    resume: false,
    checkAll: false,
    // No API answers, so that nothing is known of what it holds.
    decide: async () => {},
    ...changes,
  };
}

/** As a day of Segment's archives is. */
const DAY = ['a.gz', 'b.ndjson', 'c.gz'];

async function writeDay(perFile: number): Promise<void> {
  for (const [n, name] of DAY.entries()) {
    await writeArchive(join(folder, name), calls(perFile, n * perFile));
  }
}

/** What it says of waiting, and how it is stopped. */
function listen() {
  const stop = new AbortController();
  const waits: (string | null)[] = [];
  const work: Work = { signal: stop.signal, onWait: (why) => waits.push(why) };
  return { work, waits, stop: () => stop.abort() };
}

test('while Redis is away it waits, can be stopped, and goes on; nothing is lost, and little comes twice', async () => {
  await writeDay(1_000);
  const first = listen();
  const running = runBackfill(backfillOf(DAY, { pace: 1_000 }), first.work);
  await waitFor(async () => (await accepted()) >= 1_000, { what: 'some of it' });
  await suite.redis.kill('SIGKILL');
  await waitFor(() => first.waits.length > 0, { what: 'it to wait' });
  first.stop();
  expect(await running).toMatchObject({ state: 'stopped' });
  expect(first.waits).toEqual(['Redis cannot be reached']);
  await suite.redis.restart();

  const second = listen();
  const before = await accepted();
  const again = runBackfill(backfillOf(DAY, { pace: 500, resume: true }), second.work);
  await waitFor(async () => (await accepted()) > before, { what: 'more of it' });
  await suite.redis.kill('SIGKILL');
  await waitFor(() => second.waits.length > 0, { what: 'it to wait again' });
  await suite.redis.restart();
  const report = await again;
  expect(report).toMatchObject({ state: 'done' });
  expect(report.lines).toBeLessThan(3_000);
  expect(second.waits.at(-1)).toBeNull();
  const { difference, ...account } = await readAccount('lago', redis);
  expect(difference).toBe(0);
  expect(account.accepted).toBeGreaterThanOrEqual(3_000);
  // What was unacknowledged at either kill, and what was committed since a position was saved last.
  expect(account.accepted).toBeLessThanOrEqual(3_000 + 2 * 1_500);
});

test('stops where Redis does not hold what it was told: its data went back', async () => {
  await writeDay(2_000);
  const running = runBackfill(backfillOf(DAY, { pace: 1_000 }));
  const refused = expect(running).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('Redis does not hold the position that was saved last'),
  });
  const kept = async () => (await redis.keys('meterbridge:{backfills}:*'))[0];
  await redis.del((await waitFor(kept, { what: 'a position' }))!);
  await refused;
});

test('a file that is cut off takes nothing of the others with it, and is read again once it is whole', async () => {
  await writeDay(1_000);
  const damaged = join(folder, 'a.gz');
  const whole = await readFile(damaged);
  await truncate(damaged, Math.floor(whole.length / 2));
  const first = await runBackfill(backfillOf(DAY));
  expect(first).toMatchObject({
    state: 'done',
    unreadable: [{ file: damaged, problem: 'unexpected end of file' }],
  });
  const { line } = first.unreadable[0]!;
  expect(line).toBeGreaterThan(0);
  expect(first.events).toBe(2_000 + line);
  await writeFile(damaged, whole);
  const resumed = await runBackfill(backfillOf(DAY, { resume: true }));
  expect(resumed).toMatchObject({ state: 'done', lines: 1_000 });
  expect(await accepted()).toBe(3_000 + line);
});

test('files are read whole or named, by what they hold and not by what they are called', async () => {
  const zipped = (from: number) => gzipSync(toLines(calls(10, from)));
  const files: Record<string, string | Buffer> = {
    'usage-stream-1-2026-08-01-00-00': zipped(0),
    'b.json': toLines(calls(10, 10)),
    'c.json.GZ': zipped(20),
    'd.log': toLines(calls(10, 30)),
    'e.gzip': zipped(40),
    'f.txt': toLines(calls(10, 50)),
    'g-list-a-line': `${JSON.stringify(calls(5, 60))}\n${JSON.stringify(calls(5, 65))}\n`,
    'h-trailing.gz': Buffer.concat([zipped(70), Buffer.from('garbage')]),
    'i-checksum.gz': Buffer.from(
      zipped(80).map((byte, index, all) => (index === all.length - 6 ? byte ^ 0xff : byte)),
    ),
    'j-list.json': JSON.stringify(calls(10, 90), null, 2),
    'k.csv': 'type,event,userId\ntrack,API Call,u1\n',
    _SUCCESS: '',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  for (const run of [dryRun, runBackfill]) {
    const report = await run(backfillOf(Object.keys(files)));
    expect(report).toMatchObject({ files: 12, lines: 82, events: 90, rejected: {} });
    expect(
      report.unreadable.map(({ file, problem }) => `${file.slice(folder.length + 1)}: ${problem}`),
    ).toEqual([
      'h-trailing.gz: incorrect header check',
      'i-checksum.gz: incorrect data check',
      expect.stringContaining('j-list.json: it is JSON over several lines'),
      expect.stringContaining('k.csv: its first lines are not JSON'),
    ]);
  }
  expect(await accepted()).toBe(90);
});

test('leaves live events their room in Redis, and goes on once there is some', async () => {
  await writeDay(500);
  // Made by Redis itself: what a client sends lies in its buffers as well, for a while.
  await redis.setrange('filler', 20_000_000, 'x');
  const { usedBytes } = (await readMemory(redis))!;
  // More than three quarters of the 80 % at which live events are told to wait.
  await redis.config('SET', 'maxmemory', String(Math.round(usedBytes / 0.7)));
  try {
    const { work, waits } = listen();
    const running = runBackfill(backfillOf(DAY), work);
    await waitFor(() => waits.length > 0, { what: 'it to wait' });
    expect(waits).toEqual(['Redis has no room']);
    expect(await accepted()).toBe(0);
    await redis.del('filler');
    expect(await running).toMatchObject({ state: 'done', events: 1_500 });
    expect(waits).toEqual(['Redis has no room', null]);
  } finally {
    await redis.config('SET', 'maxmemory', '0');
  }
});

test('is as fast as it is told, and not faster; and stands behind what is live', async () => {
  await writeDay(200);
  const { seconds, events } = await runBackfill(backfillOf(DAY, { pace: 300 }));
  expect(events).toBe(600);
  expect(seconds).toBeGreaterThanOrEqual(0.9);
  const waiting = (part: string) => `meterbridge:{lago}:deliveries:${part}`;
  expect(await redis.zcard(waiting('prioritized'))).toBe(2);
  expect(await redis.llen(waiting('wait'))).toBe(0);
});
