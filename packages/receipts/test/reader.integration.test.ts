import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ReceiptEntry } from '@meterbridge/queue/batch';
import { useClosing } from '@meterbridge/testing';
import { convertSpool } from '../dist/convert/convert-spool.js';
import { readManifest, writeManifest } from '../src/manifest.js';
import { openReceipts } from '../src/reader/open-receipts.js';
import type { ReceiptReader } from '../src/reader/receipt-reader.js';
import { beginSpool, nextSpool, recordFile } from '../src/store.js';
import { filtered, HOUR_MS, makeStore, RULES, START, settled, type Usage } from './a-store.js';

const DAY_MS = 24 * HOUR_MS;
const SPAN = { from: START, to: START + DAY_MS };
const HOUR = START / HOUR_MS;

const closing = useClosing();
let store: Awaited<ReturnType<typeof makeStore>>;

beforeEach(async () => {
  store = await makeStore(['lago', 'lago@1', 'other', 'hyperline']);
});
afterEach(() => store.remove());

/** A spool with these entries; `kept`: its rows are in a file. */
async function keep(shard: string, where: 'file' | 'spool', entries: ReceiptEntry[]): Promise<void> {
  const place = { dir: store.dir, shard };
  const spool = await nextSpool(place);
  const open = await beginSpool({ ...place, spool });
  await open.append(entries);
  await open.close();
  if (where === 'file') await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
}

async function read(destination = 'lago'): Promise<ReceiptReader> {
  const reader = await openReceipts({ dir: store.dir, destination });
  closing.push(() => reader.close());
  return reader;
}

async function idsOf(reader: ReceiptReader, code: string, span = SPAN): Promise<(string | undefined)[]> {
  const ids = [];
  for await (const { usageId } of reader.listUsage(code, span)) ids.push(usageId);
  return ids;
}

let number = 0;
/** A settlement of its own, in the given minute. */
function settledAt(
  minute: number,
  usages: Usage[],
  rules = RULES.lago.version,
  outcomes?: Parameters<typeof settled>[3],
) {
  number += 1;
  return settled(`${START + minute * 60_000}-${number}`, `job-${number}`, usages, outcomes, rules);
}

test('usage is counted once, in every shard, in files and in spools', async () => {
  await keep('lago', 'file', [
    settledAt(1, [{ id: 'a' }, { id: 'b', at: START + HOUR_MS }, { id: 'c', event: 'Export' }]),
    filtered(`${START}-0`, { [`${HOUR}/backend`]: { Seen: 5 } }),
  ]);
  await keep('lago', 'spool', [
    settledAt(2, [{ id: 'a' }, { id: 'd' }], undefined, [
      ['duplicate', 1],
      ['late', 1],
    ]),
  ]);
  await keep('lago', 'spool', [settledAt(3, [{ id: 'e' }])]);
  await keep('lago@1', 'file', [settledAt(4, [{ id: 'f' }, { id: 'b', at: START + HOUR_MS }])]);
  // Another destination, another day, and an event of which nobody knows what was sent.
  await keep('other', 'file', [settledAt(5, [{ id: 'x' }])]);
  await keep('lago', 'file', [
    settledAt(6, [
      { id: 'y', at: START - 1 },
      { id: 'z', at: START + DAY_MS },
      { id: 'u', rule: 'found' },
    ]),
  ]);
  const reader = await read();
  expect(await reader.countUsage(SPAN)).toEqual([
    { hour: HOUR, code: 'API Call', usages: 4 },
    { hour: HOUR, code: 'Export', usages: 1 },
    { hour: HOUR + 1, code: 'API Call', usages: 1 },
  ]);
  expect(await idsOf(reader, 'API Call')).toEqual(['a', 'd', 'e', 'f', 'b']);
  expect(await idsOf(reader, "'; DROP TABLE spooled; --")).toEqual([]);
  expect(await reader.countUsage({ from: START - DAY_MS, to: START })).toEqual([
    { hour: HOUR - 1, code: 'API Call', usages: 1 },
  ]);
});

test('one id of two subscriptions is two usage events; under two codes it is the first', async () => {
  await keep('lago', 'file', [
    settledAt(2, [
      { id: 'a', event: 'Second' },
      { id: 'a', user: 'other' },
    ]),
  ]);
  await keep('lago', 'spool', [settledAt(1, [{ id: 'a', event: 'First' }])]);
  const reader = await read();
  expect(await reader.countUsage(SPAN)).toEqual([
    { hour: HOUR, code: 'API Call', usages: 1 },
    { hour: HOUR, code: 'First', usages: 1 },
  ]);
});

test('the newest version of a record is in effect, wherever and whosever it is', async () => {
  const of = (id: string, thing: string, at: number, user?: string): Usage => ({
    id,
    at,
    properties: { thing },
    ...(user && { user }),
  });
  const { version } = RULES.hyperline;
  await keep('hyperline', 'file', [
    settledAt(1, [of('1', 'moved', START), of('2', 'kept', START + 5), of('3', 'gone', START)], version),
    settledAt(2, [of('4', 'kept', START + 1), of('5', 'kept', START + 5)], version),
  ]);
  await keep('hyperline', 'file', [settledAt(3, [of('6', 'gone', START + 2 * DAY_MS)], version)]);
  await keep('hyperline', 'spool', [settledAt(4, [of('7', 'moved', START + HOUR_MS, 'other')], version)]);
  const reader = await read('hyperline');
  expect(await reader.countUsage(SPAN)).toEqual([
    { hour: HOUR, code: 'API Call', usages: 1 },
    { hour: HOUR + 1, code: 'API Call', usages: 1 },
  ]);
  const listed = [];
  for await (const { messageId } of reader.listUsage('API Call', SPAN)) listed.push(messageId);
  expect(listed).toEqual(['2', '7']);
  expect((await reader.explain('acme', SPAN)).lines).toMatchObject([{ events: 1, duplicates: 4 }]);
  expect((await reader.explain('other', SPAN)).lines).toMatchObject([{ events: 1, duplicates: 0 }]);
});

test.each([
  ['in one file', 'file', 'file', 'lago'],
  ['in a file and a spool', 'file', 'spool', 'lago'],
  ['in two shards', 'file', 'file', 'lago@1'],
] as const)(
  'a repeat beyond midnight is counted in the day of the first alone: %s',
  async (_, one, other, shard) => {
    // The second request was on its way for longer, so its time was corrected by more.
    const first = settledAt(1, [{ id: 'a', at: START + DAY_MS - 100 }]);
    const repeat = settledAt(2, [
      { id: 'a', at: START + DAY_MS + 200 },
      { id: 'b', at: START + DAY_MS },
    ]);
    await keep('lago', one, [first]);
    await keep(shard, other, [repeat]);
    const reader = await read();
    const next = { from: SPAN.to, to: SPAN.to + DAY_MS };
    const usagesOf = async (span: typeof SPAN) =>
      (await reader.countUsage(span)).reduce((sum, { usages }) => sum + usages, 0);
    expect([await usagesOf(SPAN), await usagesOf(next)]).toEqual([1, 1]);
    expect(await usagesOf({ from: SPAN.from, to: next.to })).toBe(2);
    expect([await idsOf(reader, 'API Call'), await idsOf(reader, 'API Call', next)]).toEqual([['a'], ['b']]);
    expect((await reader.explain('acme', SPAN)).lines).toMatchObject([{ events: 1, duplicates: 0 }]);
    expect((await reader.explain('acme', next)).lines).toMatchObject([{ events: 1, duplicates: 1 }]);
  },
);

test('a statement of a month comes to the same by its own files alone', async () => {
  await keep('lago', 'file', [settledAt(1, [{ id: 'a', at: START - 1, properties: { tokens: 1 } }])]);
  await keep('lago', 'file', [settledAt(2, [{ id: 'a', properties: { tokens: 1 } }, { id: 'b' }])]);
  const reader = await read();
  const names = new Set(reader.filesOf(SPAN).map(({ name }) => name));
  const only = await openReceipts({ dir: store.dir, destination: 'lago', only: names });
  closing.push(() => only.close());
  expect(await only.totals(SPAN)).toEqual(await reader.totals(SPAN));
  expect(await only.totals(SPAN)).toMatchObject({ codes: [{ events: 1, duplicates: 1, sums: {} }] });
});

test('what was first under another code, or of another customer, decides a span too', async () => {
  await keep('lago', 'file', [
    settledAt(1, [{ id: 'a', at: START - 1, event: 'Export' }]),
    settledAt(2, [{ id: 'a' }, { id: 'b', user: 'other' }]),
  ]);
  const reader = await read();
  expect(await idsOf(reader, 'API Call')).toEqual(['b']);
  expect((await reader.explain('acme', SPAN)).lines).toMatchObject([{ events: 0, duplicates: 1 }]);
});

test('what an older rule wrote is in effect, in whichever order the two were settled', async () => {
  const { lago } = RULES;
  await keep('lago', 'file', [
    settledAt(
      1,
      [
        { id: 'a', event: 'New' },
        { id: 'b', event: 'New' },
      ],
      lago.version,
      [
        ['older_rule', 1],
        ['not_compared', 1],
      ],
    ),
    settledAt(2, [
      { id: 'a', event: 'Old' },
      { id: 'b', event: 'Old' },
    ]),
  ]);
  const reader = await read();
  expect(await reader.countUsage(SPAN)).toEqual([{ hour: HOUR, code: 'Old', usages: 2 }]);
});

test('a settlement that has the id of another in the stream is another one', async () => {
  const of = (job: string) => settled(`${START}-7`, job, [{ id: 'a' }]);
  await keep('lago', 'file', [of('one'), of('two')]);
  expect(await idsOf(await read(), 'API Call')).toEqual(['a']);
});

test('of records the newest counts, also where it was called of an older rule', async () => {
  const { version } = RULES.hyperline;
  const of = (id: string, at: number) => ({ id, at, properties: { thing: 'a' } });
  await keep('hyperline', 'file', [
    settledAt(1, [of('1', START)], version),
    settledAt(2, [of('2', START + 1)], version, [['older_rule', 1]]),
    settledAt(3, [of('3', START + 1)], version),
  ]);
  const listed = [];
  for await (const { messageId } of (await read('hyperline')).listUsage('API Call', SPAN)) {
    listed.push(messageId);
  }
  expect(listed).toEqual(['2']);
});

test('a receipt is found by its message, usage and request, in files and in spools', async () => {
  await keep('hyperline', 'file', [
    settledAt(
      1,
      [
        { id: 'm-1', request: 'q-1', properties: { thing: 'u-1' } },
        { id: 'm-2', request: 'q-1', properties: { thing: 'm-1' } },
      ],
      RULES.hyperline.version,
    ),
  ]);
  await keep('hyperline', 'spool', [settledAt(2, [{ id: 'm-3', request: 'q-1' }], RULES.hyperline.version)]);
  const reader = await read('hyperline');
  const found = async (id: string) => (await reader.find(id)).map(({ messageId }) => messageId);
  expect(await found('u-1')).toEqual(['m-1']);
  expect(await found('m-1')).toEqual(['m-1', 'm-2']);
  expect(await found('q-1')).toEqual(['m-1', 'm-2', 'm-3']);
  expect(await found('m-3')).toEqual(['m-3']);
  expect(await found("' OR true --")).toEqual([]);
  const [row] = await reader.find('u-1');
  expect(row).toMatchObject({
    settledAt: START + 60_000,
    eventAt: START,
    usageId: 'u-1',
    outcome: 'delivered',
    shard: 'hyperline',
  });
  expect(JSON.parse(row!.usage!)).toMatchObject({ record: { id: 'u-1' }, customer_id: 'acme' });
});

test('what a customer is billed for is explained by day, code, source and rule', async () => {
  const tokens = (id: string, amount: unknown, others: Partial<Usage> = {}): Usage => ({
    id,
    properties: { tokens: amount, model: 'large' },
    ...others,
  });
  await keep('lago', 'file', [
    settledAt(1, [tokens('a', 0.1), tokens('b', 0.2), tokens('c', '12345678901234567890')], undefined, [
      ['delivered', 2],
      ['late', 1],
    ]),
    settledAt(
      2,
      [tokens('a', 0.1), tokens('d', 7, { at: START + 13 * HOUR_MS }), tokens('e', 1, { source: 'web' })],
      undefined,
      [
        ['duplicate', 1],
        ['delivered', 2],
      ],
    ),
  ]);
  const resolved = { customer: 'acme', subscription: 'sub-1' };
  await keep('lago', 'spool', [
    settledAt(3, [tokens('f', 5, { rule: 'found', resolved }), tokens('g', 9, { user: 'other' })]),
  ]);
  const reader = await read();
  const common = { code: 'API Call', source: 'backend', rule: 'calls', late: 0, duplicates: 0, samples: [] };
  expect((await reader.explain('acme', SPAN)).lines).toEqual([
    {
      ...common,
      day: '2026-11-01',
      events: 3,
      late: 1,
      duplicates: 1,
      sums: { tokens: '12345678901234567890.3' },
    },
    { ...common, day: '2026-11-01', events: 1, rule: 'found', sums: {} },
    { ...common, day: '2026-11-01', events: 1, source: 'web', sums: { tokens: '1' } },
    { ...common, day: '2026-11-02', events: 1, sums: { tokens: '7' } },
  ]);
  expect((await reader.explain('sub-1', SPAN)).lines).toMatchObject([{ events: 1, rule: 'found' }]);
  expect(await reader.explain('nobody', SPAN)).toEqual({ lines: [], billed: [] });
  const { lines, billed } = await reader.explain('acme', SPAN, 2);
  expect(lines.map(({ samples }) => samples)).toEqual([['a', 'b'], ['f'], ['e'], ['d']]);
  expect(billed).toEqual([{ owner: 'acme' }, { owner: 'sub-1', customer: 'acme' }]);
});

test('a span comes to sums by code, and what is beside them is told', async () => {
  const tokens = (id: string, amount: unknown, others: Partial<Usage> = {}): Usage => ({
    id,
    properties: { tokens: amount },
    ...others,
  });
  await keep('lago', 'file', [
    settledAt(1, [tokens('a', 0.1), tokens('b', 0.2), tokens('c', 1, { event: 'Export' })], undefined, [
      ['delivered', 1],
      ['late', 2],
    ]),
    filtered(`${START}-0`, { [`${HOUR}/backend`]: { Seen: 5 }, [`${HOUR + 48}/backend`]: { Seen: 9 } }),
  ]);
  await keep('lago@1', 'file', [settledAt(61, [tokens('old', 1, { at: START - DAY_MS })])]);
  await keep('lago@1', 'file', [
    settledAt(62, [tokens('a', 0.1, { source: 'web' }), { id: 'x', rule: 'found' }], undefined, [
      ['duplicate', 1],
      ['delivered', 1],
    ]),
  ]);
  await keep('lago', 'spool', [
    filtered(`${START}-9`, { [`${HOUR + 2}/backend`]: { Seen: 4 }, [`${HOUR - 1}/backend`]: { Seen: 4 } }),
    settledAt(63, [
      tokens('s', 7, { at: START + 13 * HOUR_MS }),
      tokens('t', 7, { at: START + 40 * HOUR_MS }),
    ]),
  ]);
  const files = {
    codes: [
      { code: 'API Call', events: 2, late: 1, duplicates: 1, sums: { tokens: '0.3' } },
      { code: 'Export', events: 1, late: 1, duplicates: 0, sums: { tokens: '1' } },
    ],
    unknown: 1,
    filtered: 5,
    rules: [RULES.lago.version],
  };
  const names = ['lago/00000001.parquet', 'lago@1/00000002.parquet'];
  const reader = await read();
  // What came first of a repeat may be in any file.
  const all = [names[0], 'lago@1/00000001.parquet', names[1]];
  expect(reader.filesOf(SPAN).map(({ name }) => name)).toEqual(all);
  expect(await reader.totals(SPAN)).toEqual({
    ...files,
    codes: [{ ...files.codes[0], events: 3, sums: { tokens: '7.3' } }, files.codes[1]],
  });
  expect(await reader.deliveriesByFile(SPAN)).toEqual({ [names[0]!]: 3, [names[1]!]: 2 });
  expect(await reader.arrivals(SPAN)).toEqual([
    { source: 'backend', acceptedHour: HOUR, day: '2026-11-01', deliveries: 4, lastAt: START },
    {
      source: 'backend',
      acceptedHour: HOUR + 13,
      day: '2026-11-02',
      deliveries: 1,
      lastAt: START + 13 * HOUR_MS,
    },
    { source: 'web', acceptedHour: HOUR, day: '2026-11-01', deliveries: 1, lastAt: START },
  ]);
  const spooled = { events: 1 + 4, settledAt: START + 63 * 60_000 };
  expect(await reader.spooled(SPAN)).toEqual(spooled);
  const only = await openReceipts({ dir: store.dir, destination: 'lago', only: new Set(names) });
  closing.push(() => only.close());
  expect(await only.totals(SPAN)).toEqual(files);
  expect(await only.spooled(SPAN)).toEqual({ events: 0, settledAt: null });
});

test('counts are of the manifests alone, and add up over files and shards', async () => {
  await keep('lago', 'file', [
    settledAt(1, [{ id: 'a' }, { id: 'b' }], undefined, [
      ['delivered', 1],
      ['late', 1],
    ]),
  ]);
  await keep('lago@1', 'file', [
    settledAt(2, [{ id: 'c' }]),
    filtered(`${START}-1`, { [`${HOUR}/backend`]: { Seen: 5 } }),
  ]);
  await keep('lago', 'spool', [settledAt(3, [{ id: 'd' }])]);
  const gap = { bucket: `${HOUR}/backend`, deliveries: 3, filtered: 0, eventFrom: START, eventTo: START };
  const folder = join(store.dir, 'lago');
  await writeManifest(folder, { ...(await readManifest(folder, 'lago')), gaps: [gap] });
  await rm(join(folder, '00000001.parquet'));
  expect(await (await read()).spooledCounts()).toEqual({ [`${HOUR}/backend`]: { calls: { delivered: 1 } } });
  expect(await (await read()).counts()).toEqual({
    counts: { [`${HOUR}/backend`]: { calls: { delivered: 2, late: 1 }, '': { filtered: 5 } } },
    gaps: [gap],
  });
});

test('books begin with the first receipt of any shard, which a spool may have', async () => {
  expect(await (await read()).beginsAt()).toBeNull();
  await keep('lago', 'spool', [settledAt(2, [{ id: 'a' }])]);
  await keep('lago@1', 'file', [settledAt(3, [{ id: 'b' }])]);
  expect(await (await read()).beginsAt()).toBe(START + 2 * 60_000);
  await keep('lago', 'file', [settledAt(1, [{ id: 'c' }])]);
  expect(await (await read()).beginsAt()).toBe(START + 60_000);
});

test('an entry that came back is counted once, also while it lies in a spool', async () => {
  const entry = settledAt(1, [{ id: 'a' }]);
  const seen = filtered(`${START + 60_000}-1`, { [`${HOUR}/backend`]: { Seen: 5 } });
  await keep('lago', 'file', [entry, seen]);
  await keep('lago', 'spool', [entry, seen, settledAt(2, [{ id: 'b' }]), entry]);
  const reader = await read();
  expect(await reader.find('a')).toHaveLength(1);
  expect((await reader.explain('acme', SPAN)).lines).toMatchObject([{ events: 2, duplicates: 0 }]);
  expect(await reader.spooledCounts()).toEqual({ [`${HOUR}/backend`]: { calls: { delivered: 1 } } });
});

test('a spool whose rows became a file meanwhile is in neither twice nor never', async () => {
  await keep('lago', 'spool', [settledAt(1, [{ id: 'a' }])]);
  const place = { dir: store.dir, shard: 'lago', spool: '00000001' };
  const before = await read();
  const file = await convertSpool(place);
  const between = await read();
  await recordFile(place, file);
  const after = await read();
  for (const reader of [before, between, after]) expect(await reader.find('a')).toHaveLength(1);
});

test('a store that is not there is an error; a destination without receipts has none', async () => {
  await expect(openReceipts({ dir: join(store.dir, 'none'), destination: 'lago' })).rejects.toMatchObject({
    code: 'ENOENT',
  });
  const reader = await read('new');
  expect([await reader.find('a'), await reader.countUsage(SPAN), await reader.counts()]).toEqual([
    [],
    [],
    { counts: {}, gaps: [] },
  ]);
});

test('a file that a manifest names and that is gone or damaged is an error', async () => {
  await keep('lago', 'file', [settledAt(1, [{ id: 'a' }])]);
  const file = join(store.dir, 'lago/00000001.parquet');
  await writeFile(file, 'else');
  await expect((await read()).find('a')).rejects.toThrow();
  await rm(file);
  await expect((await read()).find('a')).rejects.toThrow();
});

test('nothing is left in the folder for temporary files', async () => {
  await keep('lago', 'spool', [settledAt(1, [{ id: 'a' }])]);
  const temporary = join(store.dir, 'temporary');
  await mkdir(temporary);
  const program = `
    import { readdirSync } from 'node:fs';
    import { openReceipts } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url))};
    const reader = await openReceipts({ dir: ${JSON.stringify(store.dir)}, destination: 'lago' });
    await Promise.all([reader.find('a'), reader.countUsage({ from: 0, to: 1 })]);
    console.log(readdirSync(process.env.TMPDIR).length);
    await reader.close();`;
  const env = { TMPDIR: temporary };
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env });
  expect((await run).stdout).toBe('1\n');
  expect(await readdir(temporary)).toEqual([]);
});
