import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Config } from '@meterbridge/config';
import { compileDestination, kindOf } from '@meterbridge/destinations';
import { connectConsumer } from '@meterbridge/queue';
import { createMemoryReader, type Receipt } from '@meterbridge/receipts';
import { type Sandbox, startSandbox } from '@meterbridge/sandbox';
import { createHttpClient } from '@meterbridge/sender';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { HYPERLINE_KEY, LAGO_KEY } from '@meterbridge/testing/sample-config';
import type { Redis } from 'ioredis';
import { type Books, type ReconcileReport, reconcile } from '../src/index.js';
import type { Work } from '../src/work.js';
import { configWith } from './config.js';

/* What the books say, held against what stand-ins hold, over HTTP. */

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2026, 7, 1);
const KEYS: Record<string, string> = { lago: LAGO_KEY, hyperline: HYPERLINE_KEY };

let redis: Redis;
afterAll(() => redis.disconnect());
const suite = useRedis();
const closing = useClosing();
beforeAll(() => {
  redis = connectConsumer(suite.url, () => {});
});

type Sent = { id: string; owner: string; code: string; at: number; tokens: number };

/** Events evenly over some hours, of three owners. */
function makeEvents(count: number, hours: number, code = 'api_call', prefix = 'm'): Sent[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${String(index).padStart(6, '0')}`,
    owner: `sub-${index % 3}`,
    code,
    at: FIRST_MS + Math.floor((index * hours * HOUR_MS) / count),
    tokens: index,
  }));
}

/** As each API is sent it. */
const BODIES: Record<string, (event: Sent) => string> = {
  lago: ({ id, owner, code, at, tokens }) =>
    JSON.stringify({
      transaction_id: id,
      external_subscription_id: owner,
      code,
      timestamp: (at / 1_000).toFixed(3),
      properties: { tokens },
    }),
  hyperline: ({ id, owner, code, at, tokens }) =>
    JSON.stringify({
      customer_id: owner,
      event_type: code,
      timestamp: new Date(at).toISOString(),
      record: { tokens, id },
    }),
};

function receiptOf(type: string, event: Sent, change: Partial<Receipt> = {}): Receipt {
  return {
    settledAt: event.at + 5_000,
    entry: `${event.at + 5_000}-0`,
    position: 0,
    shard: type,
    outcome: 'delivered',
    events: 1,
    source: 'backend',
    acceptedHour: Math.floor(event.at / HOUR_MS),
    event: 'API Call',
    job: 'job-1',
    rule: 'api-calls',
    messageId: event.id,
    eventAt: event.at,
    usageId: event.id,
    owner: event.owner,
    code: event.code,
    usage: BODIES[type]!(event),
    ...change,
  };
}

/** An API and its books, which have what was sent through `deliver`. */
async function open(type: 'lago' | 'hyperline' = 'lago', store: 'postgres' | 'clickhouse' = 'postgres') {
  const sandbox: Sandbox = await startSandbox({
    lago: { apiKey: LAGO_KEY, store, metrics: { api_call: { aggregation: 'sum_agg', field: 'tokens' } } },
    hyperline: { apiKey: HYPERLINE_KEY },
  });
  closing.push(() => sandbox.close());
  const api = sandbox[type];
  const read = configWith(suite.url);
  const destinations = read.destinations.map((each) => ({ ...each, url: sandbox[each.type].url }));
  const config = { ...read, destinations } as Config;
  const folder = mkdtempSync(join(tmpdir(), 'reconcile-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const receipts: Receipt[] = [];
  const destination = compileDestination(config.destinations.find((each) => each.type === type)!);
  const http = createHttpClient({
    baseUrl: api.url,
    headers: { authorization: `Bearer ${KEYS[type]}` },
    timeoutMs: 30_000,
  });
  closing.push(() => http.close());

  /** By whoever: the books know nothing of it. */
  const send = async (events: readonly Sent[]) => {
    for (let at = 0; at < events.length; at += 100) {
      const usages = events.slice(at, at + 100).map((event) => ({
        key: event.id,
        recordIdentity: event.id,
        body: BODIES[type]!(event),
      }));
      const { path, body } = destination.request(usages);
      expect([200, 201]).toContain(((await http.post(path, body)) as { status: number }).status);
    }
  };
  return {
    sandbox,
    api,
    config,
    receipts,
    folder,
    http,
    send,
    async deliver(events: readonly Sent[], change: Partial<Receipt> = {}) {
      await send(events);
      receipts.push(...events.map((event) => receiptOf(type, event, change)));
    },
    async reconcile(
      options: { hours?: number; contents?: boolean } = {},
      work: Work = {},
    ): Promise<ReconcileReport> {
      const { hours = 6, contents = false } = options;
      // What comes later is not in what was opened.
      const books: Books = {
        open: async () => createMemoryReader([...receipts], kindOf(type).usageIdentity),
      };
      const span = { from: FIRST_MS, to: FIRST_MS + hours * HOUR_MS };
      return reconcile(
        { config, redis },
        { destination: type, span, contents, positions: folder },
        books,
        work,
      );
    },
  };
}

const inShort = ({ findings }: ReconcileReport) =>
  findings.map(({ finding, usageId }) => `${finding} ${usageId}`).sort();

test('what is there as it was sent is no finding, and costs a request an hour', async () => {
  const { deliver, ...all } = await open();
  await deliver(makeEvents(3_000, 6));
  const report = await all.reconcile();
  expect(report).toMatchObject({
    findings: [],
    lines: [{ code: 'api_call', booked: 3_000, held: 3_000, others: 0, findings: 0 }],
  });
  // The store is asked for first.
  expect(report.reads).toBe(7);
});

test('of 20,000 the lost ones are found by counts, to the very event', async () => {
  const { deliver, api, ...all } = await open();
  api.flaws.set({ loses: 10_000 });
  await deliver(makeEvents(20_000, 6));
  expect(api.flaws.ids.lost).toHaveLength(2);
  const report = await all.reconcile();
  expect(inShort(report)).toEqual(api.flaws.ids.lost.map((id) => `missing_there ${id}`));
  expect(report.lines).toEqual([{ code: 'api_call', booked: 20_000, held: 19_998, others: 0, findings: 2 }]);
  // What would be sent again is what was sent.
  const [{ url, body }] = report.sendAgain as [{ url: string; body: string }];
  expect(url).toBe(`${api.url}/api/v1/events/batch`);
  expect(await all.http.post('/api/v1/events/batch', body)).toHaveProperty('status', 200);
  expect(await all.reconcile()).toHaveProperty('findings', []);
});

test('one stored twice, one altered, one lost and one deleted are told apart, whoever else sends there', async () => {
  const { deliver, api, sandbox, ...all } = await open();
  await all.send(makeEvents(300, 6, 'api_call', 'theirs'));
  api.flaws.set({ loses: 1_000, storesTwice: 1_700, alters: 1_900 });
  await deliver(makeEvents(2_000, 6));
  const { lost, twice, altered } = api.flaws.ids;
  sandbox.lago.softDelete('m-000500');
  all.receipts.push(receiptOf('lago', makeEvents(2_000, 6)[500]!, { outcome: 'duplicate', job: 'job-2' }));
  const report = await all.reconcile();
  // Their events make every hour unequal: all was listed, and what was altered is seen.
  expect(inShort(report)).toEqual(
    [
      'deleted_there m-000500',
      ...lost.map((id) => `missing_there ${id}`),
      ...twice.map((id) => `twice_there ${id}`),
      ...altered.map((id) => `other_content ${id}`),
    ].sort(),
  );
  expect([lost, twice, altered].map(({ length }) => length)).toEqual([2, 1, 1]);
  expect(report.lines).toEqual([{ code: 'api_call', booked: 2_000, held: 2_298, others: 300, findings: 5 }]);
  expect(report.findings.find(({ finding }) => finding === 'other_content')).toHaveProperty('fields', [
    'properties.tokens',
  ]);
});

test('what is altered where the counts are equal is found by --contents alone', async () => {
  const { deliver, api, ...all } = await open();
  api.flaws.set({ alters: 3_000 });
  await deliver(makeEvents(5_000, 2));
  expect(await all.reconcile({ hours: 2 })).toHaveProperty('findings', []);
  const report = await all.reconcile({ hours: 2, contents: true });
  expect(inShort(report)).toEqual(api.flaws.ids.altered.map((id) => `other_content ${id}`));
  expect(report.lines).toEqual([{ code: 'api_call', booked: 5_000, held: 5_000, others: 0, findings: 1 }]);
});

test('what is there under another time, another code or another owner is other content', async () => {
  const { send, receipts, ...all } = await open();
  const booked = makeEvents(4, 1);
  const changes = [{ at: FIRST_MS + 9 * HOUR_MS }, { code: 'other' }, { owner: 'sub-9' }, {}];
  await send(booked.map((event, index) => ({ ...event, ...changes[index] })));
  receipts.push(...booked.map((event) => receiptOf('lago', event)));
  const report = await all.reconcile({ hours: 1 });
  expect(report.findings.map(({ finding, usageId, fields }) => [finding, usageId, fields])).toEqual([
    ['other_content', 'm-000000', ['timestamp']],
    ['other_content', 'm-000001', ['code']],
    ['other_content', 'm-000002', ['external_subscription_id']],
  ]);
});

test('one id of two owners is two usage events; where only one of them is booked, it is there twice', async () => {
  const { deliver, send, ...all } = await open();
  const [one, other] = makeEvents(2, 1);
  await deliver([one!, other!]);
  await deliver([{ ...one!, owner: 'sub-7' }]);
  expect(await all.reconcile()).toHaveProperty('findings', []);
  await send([{ ...other!, owner: 'sub-8' }]);
  const report = await all.reconcile();
  expect(inShort(report)).toEqual([`twice_there ${other!.id}`]);
  expect(report.findings[0]!.rows).toHaveLength(2);
});

test('a difference is looked at again once all that was settled before is in the books', async () => {
  const { deliver, receipts, ...all } = await open();
  await deliver(makeEvents(50, 2));
  const [late, twin] = makeEvents(2, 1, 'api_call', 'late');
  receipts.push(receiptOf('lago', late!), receiptOf('lago', { ...twin!, owner: 'sub-5' }));
  // There of two owners: the books come to know the other one a little later.
  await all.send([twin!]);
  await all.send([{ ...twin!, owner: 'sub-5' }]);
  // Of a shard that was there once: nobody has archived it yet.
  const waiting = 'meterbridge:{lago}:receipts';
  const id = await redis.xadd(waiting, '*', 'filtered', '{}');
  closing.push(() => redis.del(waiting));
  const waits: (string | null)[] = [];
  const reconciled = all.reconcile({ contents: true }, { onWait: (why) => waits.push(why) });
  await waitFor(() => waits.length > 0, { what: 'a first look that is over' });
  await all.send([late!]);
  receipts.push(receiptOf('lago', twin!));
  await redis.xdel(waiting, id!);
  expect(await reconciled).toHaveProperty('findings', []);
  expect(waits).toEqual(['What was settled meanwhile is not in the books yet', null]);
});

test('a run that was ended goes on where it was, and ends with the same', async () => {
  const { deliver, api, ...all } = await open();
  api.flaws.set({ loses: 1_000 });
  await deliver(makeEvents(3_000, 72));
  const ending = new AbortController();
  const notices: string[] = [];
  const onNotice = (words: string) => notices.push(words);
  const first = all.reconcile(
    { hours: 72 },
    { signal: ending.signal, onNotice, onProgress: ({ done }) => done >= 1_000 && ending.abort() },
  );
  await expect(first).rejects.toMatchObject({ code: 'stopped' });
  const report = await all.reconcile({ hours: 72 }, { onNotice });
  expect(notices).toEqual([expect.stringContaining('Goes on at 2026-08-02T00:00:00.000Z')]);
  expect(inShort(report)).toEqual(api.flaws.ids.lost.map((id) => `missing_there ${id}`));
  expect(report.lines).toEqual([{ code: 'api_call', booked: 3_000, held: 2_997, others: 0, findings: 3 }]);
  // Nothing is kept of what has come to its end.
  await all.reconcile({ hours: 72 }, { onNotice });
  expect(notices).toHaveLength(1);
});

test('an API that does not say what it holds ends the run, and the next one goes on', async () => {
  const { deliver, api, ...all } = await open();
  await deliver(makeEvents(300, 6));
  api.faults.add({
    times: 'always',
    match: { method: 'GET', path: '/api/v1/events' },
    respond: { status: 401 },
  });
  await expect(all.reconcile()).rejects.toMatchObject({
    code: 'not_possible',
    message: expect.stringContaining('the API key is refused'),
  });
  api.faults.clear();
  api.faults.add({ times: 2, match: { method: 'GET' }, respond: { status: 503 } });
  expect(await all.reconcile()).toHaveProperty('findings', []);
});

test('an account on ClickHouse is said to be not possible yet', async () => {
  const { deliver, ...all } = await open('lago', 'clickhouse');
  await deliver(makeEvents(3, 1));
  await expect(all.reconcile()).rejects.toMatchObject({
    code: 'not_possible',
    message: expect.stringContaining('clickhouse'),
  });
});

test('of records the versions in effect count, and lost, altered and stolen ones are found', async () => {
  const { deliver, api, send, ...all } = await open('hyperline');
  api.flaws.set({ loses: 400, alters: 700, storesTwice: 900 });
  const events = makeEvents(1_000, 6);
  await deliver(events);
  // A newer version moves its record, from one hour to another.
  await deliver(events.slice(0, 5).map((event) => ({ ...event, at: event.at + 3 * HOUR_MS, tokens: -1 })));
  await send([{ ...events[10]!, owner: 'cus-else', at: events[10]!.at + HOUR_MS }]);
  const report = await all.reconcile();
  const { lost, altered, twice } = api.flaws.ids;
  expect([lost, altered, twice].map(({ length }) => length)).toEqual([2, 1, 1]);
  expect(inShort(report)).toEqual(
    [
      ...lost.map((id) => `missing_there ${id}`),
      ...twice.map((id) => `twice_there ${id}`),
      // In an hour in which another one is lost.
      ...altered.map((id) => `other_content ${id}`),
      'other_content m-000010',
    ].sort(),
  );
  const contents = await all.reconcile({ contents: true });
  expect(inShort(contents)).toEqual(inShort(report));
});

test('what an older rule wrote is no finding', async () => {
  const { deliver, api, receipts, ...all } = await open();
  const events = makeEvents(20, 1);
  await deliver(events);
  receipts[3] = receiptOf('lago', { ...events[3]!, tokens: -1 }, { outcome: 'older_rule' });
  expect(await all.reconcile({ contents: true })).toHaveProperty('findings', []);
  receipts[3] = receiptOf('lago', { ...events[3]!, tokens: -1 });
  expect(inShort(await all.reconcile({ contents: true }))).toEqual(['other_content m-000003']);
});
