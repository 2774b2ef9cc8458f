import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { BackfillReport } from '@meterbridge/operations';
import { readAudit } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import {
  archived,
  calls,
  toLines,
  writeArchive,
  writeLargeArchive,
} from '../../../packages/operations/test/archive.js';
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
    const events = calls(300);
    const folder = await writeDay(stack, events);
    const first = await backfill(stack, folder);
    expect(first).toMatchObject({
      code: 0,
      state: 'done',
      files: 3,
      lines: 300,
      events: 300,
      rejected: {},
    });
    expect(first.destinations).toMatchObject([
      { destination: 'lago', deliveries: 300, filtered: 0, rules: { 'api-calls': 300 } },
      { destination: 'hyperline', deliveries: 300, filtered: 0, rules: { usage: 300 } },
    ]);
    await stack.settle([], 300);
    expect(await stack.account()).toMatchObject({ delivered: 300, dead: 0, difference: 0 });
    expectEachOnce(stack.sandbox, idsOf(events));
    const times = new Map(
      [...stack.sandbox.lago.ledger.entries()].map(({ id, timestampMs }) => [id, timestampMs]),
    );
    for (const { messageId, timestamp } of events) expect(times.get(messageId)).toBe(Date.parse(timestamp));

    expect(await backfill(stack, folder)).toMatchObject({ code: 0, events: 300 });
    await stack.settle([], 600);
    expect(await stack.account()).toMatchObject({
      accepted: 600,
      delivered: 300,
      duplicate: 300,
      difference: 0,
    });
    expectEachOnce(stack.sandbox, idsOf(events));
  });

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
      skipped: { outOfTime: 1, notSelected: 1, ignored: 0, personRefused: 0 },
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
    await stack.settle([], 2);
    expect(JSON.stringify([...stack.sandbox.hyperline.ledger.entries()])).not.toContain('203.0.113');
  });

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
    expect(await readAudit('lago', stack.redis)).toMatchObject([{ source: 'web', accepted: 30 }]);
  });
});

test('a dry run says what would become of them, needs no Redis and writes nothing', async () => {
  const stack = await stacks.open();
  stack.env.REDIS_URL = 'redis://127.0.0.1:1';
  const before = await stack.redis.keys('*');
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
  expect(await stack.redis.keys('*')).toEqual(before);
});

test('one that does not come to its end goes on where it was committed; each event is billed once', async () => {
  const stack = await stacks.open();
  const all = 6_000;
  const events = calls(all);
  const folder = await writeDay(stack, events);
  await stack.startReady('worker');
  const accepted = async () => (await stack.account()).accepted;
  const reached = (count: number) => waitFor(async () => (await accepted()) >= count, { what: 'some of it' });

  // Slow enough that it is not through before it is told.
  const killed = stack.start('cli', ['backfill', '--rate', '1000', folder]);
  await reached(1_000);
  killed.signal('SIGKILL');
  await killed.exited;
  const half = await stack.account();
  expect(half).toMatchObject({ difference: 0 });
  expect(half.accepted).toBeLessThan(all);

  const stopped = stack.start('cli', ['backfill', '--resume', '--rate', '1000', '--json', folder]);
  await reached(half.accepted + 1_000);
  await suite.redis.kill('SIGKILL');
  await waitFor(() => stopped.output().includes('Redis cannot be reached: waiting'), { what: 'it to wait' });
  await suite.redis.restart();
  await waitFor(() => stopped.output().includes('Going on.'), { what: 'it to go on' });
  stopped.signal('SIGINT');
  expect(await stopped.exited).toMatchObject({ code: 1 });
  const report = readReport(stopped.output());
  expect(report).toMatchObject({ state: 'stopped' });
  expect(report.lines).toBeLessThan(all);

  const rest = await backfill(stack, '--resume', folder);
  expect(rest).toMatchObject({ code: 0, state: 'done' });
  // It began where the one before it ended, to the line.
  expect(rest.lines).toBeLessThan(all - report.lines);
  const { lago } = await stack.settled(all);
  expect(lago).toMatchObject({ delivered: all, dead: 0, difference: 0 });
  expectEachOnce(stack.sandbox, idsOf(events));

  expect(await backfill(stack, '--resume', folder)).toMatchObject({ code: 0, lines: 0, events: 0 });
  // Another selection is another backfill.
  const other = await backfill(stack, '--resume', '--where', 'event = "None"', folder);
  expect(other).toMatchObject({ lines: all, events: 0, skipped: { notSelected: all } });
  expect(other.said).toContain('Nothing is kept of an earlier run');
});

test('a large file passes through little memory', async () => {
  const stack = await stacks.open();
  const events = 10_000;
  await writeLargeArchive(join(folderOf(stack), 'large.gz'), events, 8_000);
  // A program that held them all would need 80 MB for the events alone, and end here.
  stack.env.NODE_OPTIONS = '--max-old-space-size=64';
  const { output, exited } = stack.start('cli', ['backfill', '--json', 'large.gz']);
  expect(await exited).toMatchObject({ code: 0 });
  expect(readReport(output())).toMatchObject({ state: 'done', events });
  expect(await stack.account()).toMatchObject({ accepted: events, difference: 0 });
});
