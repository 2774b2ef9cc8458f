import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { countReceipts, findingId, keepFindings } from '@meterbridge/queue';
import { listSpools, readManifest, shardFolder } from '@meterbridge/receipts';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll, type Track } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

const HOUR_MS = 3_600_000;
const TODAY = new Date();
/** The month before this one, in UTC. */
const MONTH_ENDS = Date.UTC(TODAY.getUTCFullYear(), TODAY.getUTCMonth());
const MONTH = new Date(MONTH_ENDS - 1).toISOString().slice(0, 7);
const ASKED = ['close', '--month', MONTH, '--destination', 'lago'];

/** Usage of the last hours of the month, and of this one. */
function tracksOfMonth(count: number, changes: Partial<Track> = {}): Track[] {
  return makeTracks(count, changes).map((track, index) => ({
    ...track,
    timestamp: new Date(MONTH_ENDS - (index + 1) * 60_000).toISOString(),
  }));
}

/** Gives the entries of a shard's stream ids of an hour ago. */
async function age({ redis }: Stack, shard: string): Promise<void> {
  const key = `meterbridge:{${shard}}:receipts`;
  const entries = await redis.xrange(key, '-', '+');
  await redis.del(key);
  for (const [id, fields] of entries) {
    const [ms, number] = id.split('-');
    await redis.xadd(key, `${Number(ms) - HOUR_MS}-${number}`, ...fields);
  }
}

/** Has an archivist make a file of all that waits. */
async function archive(stack: Stack, dir: string): Promise<void> {
  await age(stack, 'lago');
  const before = (await readManifest(shardFolder(dir, 'lago'), 'lago')).files.length;
  const archivist = await stack.startReady('archivist');
  const isDone = async () => {
    const { files } = await readManifest(shardFolder(dir, 'lago'), 'lago');
    const spools = await listSpools({ dir, shard: 'lago' });
    return (
      files.length > before && spools.length === 0 && (await countReceipts(stack.redis, 'lago')).entries === 0
    );
  };
  await waitFor(isDone, { what: 'the rows of lago', timeoutMs: 60_000 });
  archivist.process.signal('SIGTERM');
  await archivist.process.exited;
}

async function openStack() {
  const stack = await stacks.open();
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  const dir = join(folder, 'receipts');
  stack.env.RECEIPTS_DIRECTORY = dir;
  return { stack, folder, dir, statement: join(folder, `meterbridge-lago-${MONTH}.json`) };
}

/** The walk of docs/runbook.md, "Close the month", command by command. */
test('a month is closed, verified, and events that come later are told', async () => {
  const { stack, folder, dir, statement } = await openStack();
  stack.sandbox.lago.flaws.set({ loses: 250 });
  const bad = tracksOfMonth(2, { properties: { model: 'small', subscription_id: 'sub-1' } });
  const ofNow = makeTracks(20);
  await stack.settle([...tracksOfMonth(300), ...bad, ...ofNow]);

  // A key, once.
  const made = await stack.cli('close', '--make-key', 'close.pem');
  expect(made.code).toBe(0);
  const publicKey = /-----BEGIN PUBLIC KEY-----[\s\S]+-----END PUBLIC KEY-----\n/.exec(made.output)![0];
  await writeFile(join(folder, 'close.pub.pem'), publicKey);
  expect((await stat(join(folder, 'close.pem'))).mode & 0o777).toBe(0o600);
  stack.env.METERBRIDGE_SIGNING_KEY_FILE = 'close.pem';

  // What is missing yet.
  await archive(stack, dir);
  const early = await stack.cli(...ASKED);
  expect(early).toMatchObject({ code: 1 });
  expect(early.output).toContain('✓ in-flight: nothing of the month is in flight');
  expect(early.output).toMatch(/✗ dead-letters: 2 dead letters \(unmapped 2\)/);
  expect(early.output).toContain('✓ archived');
  expect(early.output).toContain('contents: not asked yet');
  expect(early.output).toContain('Not closed: dead-letters. What');
  const discard = ['dead-letters', 'discard', '--destination', 'lago', '--because', 'a test', '--yes'];
  expect(await stack.cli(...discard)).toMatchObject({ code: 0 });

  // The API is asked once all else holds.
  const asked = await stack.cli(...ASKED);
  expect(asked).toMatchObject({ code: 1 });
  const [, lost] = /✗ contents: missing_there: (\S+) of/.exec(asked.output) ?? [];
  expect(lost).toBeDefined();
  await expect(stat(statement)).rejects.toThrow();

  const closed = await stack.cli(...ASKED, '--waive', lost!, '--because', 'billed by hand, invoice 114');
  expect(closed).toMatchObject({ code: 0, output: expect.stringContaining('Closed. The statement is in') });
  expect(closed.output).toContain(
    'all 300 usage events as they were sent, but for 1 finding that somebody waived',
  );
  expect(closed.output).toMatch(/api_call: 300 events, tokens \d+/);
  const { statement: said } = JSON.parse(await readFile(statement, 'utf8'));
  expect(said).toMatchObject({
    ...{ destination: 'lago', month: MONTH, unknown: 0 },
    codes: [{ code: 'api_call', events: 300, late: 0, duplicates: 0 }],
    receipts: [{ name: 'lago/00000001.parquet', rows: 320 }],
    waivers: [{ what: lost, because: 'billed by hand, invoice 114' }],
  });
  const again = await stack.cli(...ASKED);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('is there already') });

  const verify = ['close', '--verify', statement, '--public-key', 'close.pub.pem'];
  expect(await stack.cli(...verify)).toMatchObject({
    code: 0,
    output: expect.stringContaining('It says what is.'),
  });

  // Late ones.
  stack.sandbox.lago.flaws.set({});
  const late = tracksOfMonth(2).map((track) => ({
    ...track,
    properties: { ...(track.properties as object), tokens: 5 },
  }));
  await stack.settle(late, 324);
  await archive(stack, dir);
  const later = await stack.cli(...verify);
  expect(later).toMatchObject({ code: 1 });
  expect(later.output).toContain('lago/00000002.parquet: 2 deliveries of the month');
  expect(later.output).toContain('api_call: 2 events more, tokens +10');

  const told = JSON.parse((await stack.cli(...verify, '--json')).output);
  expect(told.later.codes).toMatchObject([{ code: 'api_call', events: 2, sums: { tokens: '10' } }]);

  // A figure that somebody changed.
  await writeFile(statement, (await readFile(statement, 'utf8')).replace('"events":300', '"events":299'));
  const changed = await stack.cli(...verify);
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.output).toContain('the signature is not of this text');
  expect(changed.output).toContain('api_call: its files come to 1 event more');
});

test('what is on its way, waits for the archivist or is not billed is told, and what may stay is waived', async () => {
  const { stack, dir } = await openStack();
  await mkdir(dir);
  const [{ url }, resume] = await Promise.all([stack.startReady('receiver'), stack.startHeld()]);
  await sendAll(url, [...tracksOfMonth(30), ...makeTracks(5)]);
  await sendAll(url, [{ ...tracksOfMonth(1)[0]!, type: 'nonsense' }]);
  const usage = { kind: 'unknown_code', usageId: 'm-7', detail: 'there is no such metric' };
  await keepFindings(stack.redis, 'lago', [usage]);
  const id = findingId(usage);

  const early = await stack.cli(...ASKED, '--waive', 'sources', '--because', 'not needed');
  expect(early).toMatchObject({ code: 1 });
  expect(early.output).toContain('✗ in-flight: 30 deliveries of the month are in flight');
  expect(early.output).toMatch(/✗ dead-letters: 1 dead letter of the receiver \(\w+ 1\)/);
  expect(early.output).toContain('· contents: not asked yet');
  expect(early.output).toContain(`✗ findings: ${id} (unknown_code): there is no such metric`);
  expect(early.output).toContain('--waive sources lets nothing pass');

  await resume();
  await stack.settled(35);
  const letters = ['--waive', 'dead-letters', '--because', 'of a test'];
  const waived = await stack.cli(...ASKED, '--waive', id, '--because', 'not to be billed', ...letters);
  expect(waived).toMatchObject({ code: 1 });
  expect(waived.output).toContain('✓ in-flight');
  expect(waived.output).toContain('✓ findings: no findings are open, but for 1 that somebody waived');
  expect(waived.output).toContain('waived: of a test');
  expect(waived.output).toContain('✗ archived: 30 receipts of the month wait in Redis for the archivist');
  expect(waived.output).toContain('Not closed: archived. What');

  // What was left out since too much waited.
  const hour = Math.floor(Date.now() / HOUR_MS);
  await stack.redis.hset('meterbridge:{lago}:receipts:gaps', {
    [`${hour}/backend/deliveries`]: 4,
    [`${hour}/backend/from`]: new Date(MONTH_ENDS - HOUR_MS).toISOString(),
    [`${hour}/backend/to`]: new Date(MONTH_ENDS).toISOString(),
  });
  const gap = await stack.cli(...ASKED);
  expect(gap.output).toMatch(
    /✗ gaps: accepted in \S+ from backend: 4 deliveries ended without a receipt, of/,
  );
});

test('wrong usage ends with 2, and what cannot be said with 1 and why', async () => {
  const { stack } = await openStack();
  expect(await stack.cli('close')).toMatchObject({ code: 2 });
  expect(await stack.cli('close', '--month', '2026-13')).toMatchObject({ code: 2 });
  expect(await stack.cli(...ASKED, '--waive', 'gaps')).toMatchObject({ code: 2 });
  const ofNow = ['close', '--month', TODAY.toISOString().slice(0, 7), '--destination', 'lago'];
  expect(await stack.cli(...ofNow)).toMatchObject({
    code: 1,
    output: expect.stringContaining('is not over'),
  });
  const none = await stack.cli(...ASKED);
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining('There are no books in') });
  const noKey = await stack.cli(...ASKED, '--key', 'none.pem');
  expect(noKey).toMatchObject({
    code: 1,
    output: expect.stringContaining('none.pem cannot be read (ENOENT)'),
  });
});
