import { spawn } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { BackfillReport } from '@meterbridge/operations';
import { readMemory } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { archived, calls, toLines, writeArchive, writeLargeArchive } from './archive.js';
import { makeTracks, postBatch, sendAll } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const idsOf = (events: readonly { messageId: string }[]) => events.map(({ messageId }) => messageId);
/** Where this stack's commands run, and their files lie. */
const folderOf = (stack: Stack) => dirname(stack.env.METERBRIDGE_CONFIG!);

/** One document; what is said on the way stands before it. */
function readReport(output: string): BackfillReport {
  return JSON.parse(output.slice(output.indexOf('{\n'))) as BackfillReport;
}

async function backfill(
  stack: Stack,
  ...args: string[]
): Promise<BackfillReport & { code: number | null; said: string }> {
  const { code, output } = await stack.cli('backfill', '--json', ...args);
  return { code, said: output, ...readReport(output) };
}

/** A folder of three files, as a day of Segment's archives is. */
async function writeDay(stack: Stack, events: readonly unknown[]): Promise<string> {
  const folder = join(folderOf(stack), 'segment-logs');
  await mkdir(folder, { recursive: true });
  const third = Math.ceil(events.length / 3);
  for (const [n, name] of ['a.gz', 'b.ndjson', 'c.gz'].entries()) {
    await writeArchive(join(folder, name), events.slice(n * third, (n + 1) * third));
  }
  return 'segment-logs';
}

describe('an archive', () => {
  test('is delivered with its own times, whatever its age; read twice, nothing is billed twice', async () => {
    const stack = await stacks.open();
    const events = calls(900);
    const folder = await writeDay(stack, events);
    await stack.startReady('worker');
    const first = await backfill(stack, folder);
    expect(first).toMatchObject({
      code: 0,
      state: 'done',
      files: 3,
      lines: 900,
      events: 900,
      rejected: {},
    });
    expect(first.destinations).toMatchObject([
      { destination: 'lago', deliveries: 900, filtered: 0, rules: { 'api-calls': 900 } },
      { destination: 'hyperline', deliveries: 900, filtered: 0, rules: { usage: 900 } },
    ]);
    const { lago } = await stack.settled(900, 60_000);
    expect(lago).toMatchObject({ delivered: 900, dead: 0, difference: 0 });
    expectEachOnce(stack.sandbox, idsOf(events));
    const times = new Map(
      [...stack.sandbox.lago.ledger.entries()].map(({ id, timestampMs }) => [id, timestampMs]),
    );
    for (const { messageId, timestamp } of events) expect(times.get(messageId)).toBe(Date.parse(timestamp));

    expect(await backfill(stack, folder)).toMatchObject({ code: 0, events: 900 });
    const again = await stack.settled(1_800, 60_000);
    expect(again.lago).toMatchObject({ accepted: 1_800, delivered: 900, duplicate: 900, difference: 0 });
    expectEachOnce(stack.sandbox, idsOf(events));
  }, 300_000);

  test('goes by the same rules as live events: selection, filters, privacy, dead letters that name their line', async () => {
    const stack = await stacks.open();
    await writeArchive(join(folderOf(stack), 'mixed.gz'), [
      archived(0),
      '{"type":"tra',
      archived(1, { event: 'Other' }),
      '',
      archived(2, { type: 'delete' }),
      archived(100),
      archived(3, { properties: { subscription_id: 'sub-1', model: 'large' } }),
    ]);
    const report = await backfill(
      stack,
      '--since',
      '2021-03-01',
      '--until',
      '2021-03-01T00:01:00Z',
      '--where',
      'properties.model != "large"',
      'mixed.gz',
    );
    expect(report).toMatchObject({
      code: 0,
      lines: 7,
      events: 2,
      skipped: { outOfTime: 1, notSelected: 1, ignored: 0 },
      rejected: { invalid_json: 1, unsupported_type: 1 },
      badLines: [
        { file: 'mixed.gz', line: 2, reason: 'invalid_json' },
        { file: 'mixed.gz', line: 5, reason: 'unsupported_type' },
      ],
      unreadable: [],
    });
    expect(await stack.account()).toMatchObject({ accepted: 2, filtered: 1, inFlight: 1, difference: 0 });
    expect(await stack.account('receiver')).toMatchObject({ accepted: 2, dead: 2, difference: 0 });
    const letters = await stack.cli('dead-letters', 'list', '--destination', 'receiver');
    expect(letters.output).toContain('mixed.gz:5');
    // What is kept and sent has been through the source's privacy, too.
    await stack.startReady('worker');
    await stack.settled(2);
    expect(JSON.stringify([...stack.sandbox.hyperline.ledger.entries()])).not.toContain('203.0.113');
  }, 300_000);

  test('stands behind what is live', async () => {
    const stack = await stacks.open();
    const receiver = await stack.startReady('receiver');
    await writeArchive(join(folderOf(stack), 'old.gz'), calls(700));
    await backfill(stack, 'old.gz');
    await sendAll(receiver.url, makeTracks(50));
    const waiting = (part: string) => `meterbridge:{lago}:deliveries:${part}`;
    expect(await stack.redis.zcard(waiting('prioritized'))).toBe(2);
    expect(await stack.redis.llen(waiting('wait'))).toBeGreaterThan(0);
    expect(await stack.account()).toMatchObject({ accepted: 750, inFlight: 750, difference: 0 });
    await stack.startReady('worker');
    expect((await stack.settled(750)).lago).toMatchObject({ delivered: 750 });
  }, 300_000);

  test('from standard input, of the source that is named', async () => {
    const stack = await stacks.open({
      config: CONFIG.replace('sources:', 'sources:\n  - { name: web, writeKey: another-key-1b7e }'),
    });
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('../dist/main.js', import.meta.url)),
        'backfill',
        '--source',
        'web',
        '--json',
        '-',
      ],
      { env: stack.env, cwd: folderOf(stack), stdio: ['pipe', 'pipe', 'ignore'] },
    );
    child.stdin.end(toLines(calls(30)));
    let output = '';
    for await (const piece of child.stdout) output += piece;
    expect(readReport(output)).toMatchObject({ state: 'done', events: 30 });
    const audit = JSON.parse((await stack.cli('audit', '--json', '--destination', 'lago')).output);
    expect(audit.lines).toMatchObject([{ source: 'web', accepted: 30 }]);
  }, 300_000);
});

test('a dry run says what would become of them, needs no Redis and writes nothing', async () => {
  const stack = await stacks.open();
  stack.env.REDIS_URL = 'redis://127.0.0.1:1';
  await writeArchive(join(folderOf(stack), 'a.gz'), [
    ...calls(20),
    ...calls(3, 20).map((call) => ({ ...call, properties: { model: 'small', subscription_id: 'sub-1' } })),
    archived(30, { event: 'Other' }),
    'no JSON',
  ]);
  const { code, output } = await stack.cli('backfill', '--dry-run', 'a.gz');
  expect(code).toBe(0);
  expect(output).toMatch(/25 lines read, 24 events would be taken/);
  expect(output).toMatch(/ 20 +lago: deliveries it would get/);
  expect(output).toMatch(
    / 3 +lago: would be dead letters: api-calls: missing_value: properties\.tokens is missing/,
  );
  expect(output).toMatch(/ 1 +lago: filtered/);
  expect(output).toMatch(/ 24 +hyperline: deliveries it would get/);
  expect(output).toMatch(
    / 1 +rejected: invalid_json\n +a\.gz, line 25: invalid_json: the line is not JSON\n/,
  );
  expect(output).toContain('Nothing was written.');
  expect(await stack.redis.dbsize()).toBe(0);
}, 300_000);

describe('one that does not come to its end', () => {
  test('goes on where it was committed after SIGKILL and after Ctrl-C; each event is billed once', async () => {
    const stack = await stacks.open();
    const events = calls(30_000);
    const folder = await writeDay(stack, events);
    await stack.startReady('worker');

    // Slow enough that it is not through before it is told.
    const killed = stack.start('cli', ['backfill', '--rate', '4000', folder]);
    await waitFor(async () => (await stack.account()).accepted >= 4_000, {
      what: 'some of it',
      timeoutMs: 60_000,
    });
    killed.signal('SIGKILL');
    await killed.exited;
    const half = await stack.account();
    expect(half).toMatchObject({ difference: 0 });
    expect(half.accepted).toBeLessThan(30_000);

    const stopped = stack.start('cli', ['backfill', '--resume', '--rate', '4000', '--json', folder]);
    await waitFor(async () => (await stack.account()).accepted >= half.accepted + 4_000, {
      what: 'more of it',
      timeoutMs: 60_000,
    });
    stopped.signal('SIGINT');
    expect(await stopped.exited).toMatchObject({ code: 1 });
    const report = readReport(stopped.output());
    expect(report).toMatchObject({ state: 'stopped' });
    expect(report.lines).toBeLessThan(30_000);

    const rest = await backfill(stack, '--resume', folder);
    expect(rest).toMatchObject({ code: 0, state: 'done' });
    // It began where the one before it ended, to the line.
    expect(rest.lines).toBeLessThan(30_000 - report.lines);
    const { lago } = await stack.settled(30_000, 120_000);
    expect(lago).toMatchObject({ delivered: 30_000, dead: 0, difference: 0 });
    expectEachOnce(stack.sandbox, idsOf(events));

    expect(await backfill(stack, '--resume', folder)).toMatchObject({ code: 0, lines: 0, events: 0 });
    // Another selection is another backfill.
    const other = await backfill(stack, '--resume', '--where', 'event = "None"', folder);
    expect(other).toMatchObject({ lines: 30_000, events: 0, skipped: { notSelected: 30_000 } });
    expect(other.said).toContain('Nothing is kept of an earlier run');
  }, 300_000);

  test('waits while Redis is away, and goes on', async () => {
    const stack = await stacks.open();
    const events = calls(20_000);
    const folder = await writeDay(stack, events);
    const running = stack.start('cli', ['backfill', '--rate', '4000', '--json', folder]);
    await waitFor(async () => (await stack.account()).accepted >= 2_000, {
      what: 'some of it',
      timeoutMs: 60_000,
    });
    await suite.redis.kill('SIGKILL');
    await waitFor(() => running.output().includes('Redis cannot be reached: waiting'), {
      what: 'it to wait',
      timeoutMs: 60_000,
    });
    await suite.redis.restart();
    expect(await running.exited).toMatchObject({ code: 0 });
    expect(running.output()).toContain('Going on.');
    expect(readReport(running.output())).toMatchObject({ state: 'done', events: 20_000 });
    await stack.startReady('worker');
    const { lago } = await stack.settled(20_000, 120_000);
    expect(lago).toMatchObject({ delivered: 20_000, dead: 0, difference: 0 });
    expectEachOnce(stack.sandbox, idsOf(events));
  }, 300_000);

  test('can be stopped while it waits', async () => {
    const stack = await stacks.open();
    const folder = await writeDay(stack, calls(20_000));
    const running = stack.start('cli', ['backfill', '--rate', '4000', folder]);
    await waitFor(async () => (await stack.account()).accepted >= 1_000, {
      what: 'some of it',
      timeoutMs: 60_000,
    });
    await suite.redis.kill('SIGKILL');
    await waitFor(() => running.output().includes('waiting'), { what: 'it to wait', timeoutMs: 60_000 });
    running.signal('SIGINT');
    expect(await running.exited).toMatchObject({ code: 1 });
    expect(running.output()).toContain('with --resume goes on');
    await suite.redis.restart();
  }, 300_000);

  test('stops where Redis does not hold what it was told: its data went back', async () => {
    const stack = await stacks.open();
    const folder = await writeDay(stack, calls(30_000));
    const running = stack.start('cli', ['backfill', '--rate', '5000', folder]);
    const kept = async () => (await stack.redis.keys('meterbridge:{backfills}:*'))[0];
    const key = await waitFor(kept, { what: 'a position', timeoutMs: 60_000 });
    await stack.redis.del(key!);
    expect(await running.exited).toMatchObject({ code: 1 });
    expect(running.output()).toContain('Redis does not hold the position that was saved last');
  }, 300_000);

  test('a file that is cut off takes nothing of the others with it, and is read again once it is whole', async () => {
    const stack = await stacks.open();
    const folder = await writeDay(stack, calls(30_000));
    const damaged = join(folderOf(stack), folder, 'a.gz');
    const whole = await readFile(damaged);
    await truncate(damaged, Math.floor(whole.length / 2));
    const first = await backfill(stack, folder);
    expect(first).toMatchObject({
      code: 1,
      state: 'done',
      unreadable: [{ file: 'segment-logs/a.gz', problem: 'unexpected end of file' }],
    });
    expect(first.unreadable[0]!.line).toBeGreaterThan(0);
    expect(first.events).toBe(20_000 + first.unreadable[0]!.line);
    await writeFile(damaged, whole);
    expect(await backfill(stack, '--resume', folder)).toMatchObject({ code: 0, lines: 10_000 });
    await stack.startReady('worker');
    await stack.settled(30_000 + first.unreadable[0]!.line, 120_000);
    expectEachOnce(stack.sandbox, idsOf(calls(30_000)));
  }, 300_000);
});

test('a folder is read whole or named, by what its files hold and not by what they are called', async () => {
  const stack = await stacks.open();
  const folder = join(folderOf(stack), 'mixed');
  await mkdir(folder);
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
  for (const args of [['--dry-run'], []]) {
    const report = await backfill(stack, ...args, 'mixed');
    expect(report).toMatchObject({ code: 1, files: 12, lines: 82, events: 90, rejected: {} });
    expect(report.unreadable.map(({ file, problem }) => `${file}: ${problem}`)).toEqual([
      'mixed/h-trailing.gz: incorrect header check',
      'mixed/i-checksum.gz: incorrect data check',
      expect.stringContaining('mixed/j-list.json: it is JSON over several lines'),
      expect.stringContaining('mixed/k.csv: its first lines are not JSON'),
    ]);
  }
  await stack.startReady('worker');
  await stack.settled(90);
  expectEachOnce(stack.sandbox, idsOf(calls(90)));
}, 300_000);

test('leaves live events their room in Redis, and goes on when deliveries have made some', async () => {
  const stack = await stacks.open();
  const events = calls(60_000);
  const folder = await writeDay(stack, events);
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  // Nothing is delivered until it is let go.
  for (const name of ['lago', 'hyperline']) await stack.cli('hold', name, '--reason', 'to fill Redis');
  await sendAll(receiver.url, makeTracks(100));
  const { usedBytes } = (await readMemory(stack.redis))!;
  // Three quarters of 80 % are reached with some of it, and far from all.
  await stack.redis.config('SET', 'maxmemory', String(Math.round((usedBytes + 2_500_000) / 0.6)));
  try {
    const running = stack.start('cli', ['backfill', '--json', folder]);
    await waitFor(() => running.output().includes('Redis has no room: waiting'), {
      what: 'it to wait',
      timeoutMs: 60_000,
    });
    expect((await stack.account()).accepted).toBeLessThan(60_000);
    const live = makeTracks(500);
    expect((await postBatch(receiver.url, live)).status).toBe(200);
    for (const name of ['lago', 'hyperline']) await stack.cli('resume', name);
    expect(await running.exited).toMatchObject({ code: 0 });
    expect(readReport(running.output())).toMatchObject({ state: 'done', events: 60_000 });
    const { lago } = await stack.settled(60_600, 120_000);
    expect(lago).toMatchObject({ accepted: 60_600, delivered: 60_600, difference: 0 });
  } finally {
    await stack.redis.config('SET', 'maxmemory', '0');
  }
}, 300_000);

test('is as fast as it is told, and not faster', async () => {
  const stack = await stacks.open();
  await writeArchive(join(folderOf(stack), 'a.gz'), calls(600));
  const { seconds, events } = await backfill(stack, '--rate', '200', 'a.gz');
  expect(events).toBe(600);
  expect(seconds).toBeGreaterThanOrEqual(1.9);
  // Half of what the slower of the two may take, 200 requests a second of 100 events, where nothing is said.
  await writeArchive(join(folderOf(stack), 'b.gz'), calls(20_500));
  expect((await backfill(stack, 'b.gz')).seconds).toBeGreaterThanOrEqual(1.9);
}, 300_000);

test('a large file passes through little memory', async () => {
  const stack = await stacks.open();
  const events = 150_000;
  await writeLargeArchive(join(folderOf(stack), 'large.gz'), events);
  // A program that held them all would need 79 MB for the events alone, and end here.
  stack.env.NODE_OPTIONS = '--max-old-space-size=64';
  const { output, exited } = stack.start('cli', ['backfill', '--json', 'large.gz']);
  expect(await exited).toMatchObject({ code: 0 });
  expect(readReport(output())).toMatchObject({ state: 'done', events });
  expect(await stack.account()).toMatchObject({ accepted: events, difference: 0 });
}, 300_000);

test('refuses what cannot be meant', async () => {
  const stack = await stacks.open({
    config: CONFIG.replace('sources:', 'sources:\n  - { name: web, writeKey: another-key-1b7e }'),
  });
  await writeArchive(join(folderOf(stack), 'a.gz'), calls(1));
  for (const [args, code, said] of [
    [['a.gz'], 1, 'say whose events they are: --source, one of web, backend'],
    [['--source', 'bakcend', 'a.gz'], 1, 'no source bakcend; there are web, backend'],
    [['--source', 'web', 'nowhere.gz'], 1, 'no archive at nowhere.gz'],
    [['--source', 'web', '-', 'a.gz'], 1, 'goes alone'],
    [['--source', 'web', '--where', 'type = ', 'a.gz'], 2, 'column'],
    [['--source', 'web', '--since', '24h', 'a.gz'], 2, '2026-08-01T14:00Z was expected'],
    [['--source', 'web', '--rate', '0', 'a.gz'], 2, 'a whole number'],
    [['--source', 'web', '--share', '120', 'a.gz'], 2, 'a percentage'],
    [[], 2, "missing required argument 'files'"],
  ] as const) {
    const refused = await stack.cli('backfill', ...args);
    expect([refused.code, refused.output]).toEqual([code, expect.stringContaining(said)]);
  }
  expect(await stack.redis.dbsize()).toBe(0);
}, 300_000);
