import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Config } from '@meterbridge/config';
import { connectConsumer } from '@meterbridge/queue';
import { erasePerson, makePersonKey, openReceipts } from '@meterbridge/receipts';
import { startSandbox } from '@meterbridge/sandbox';
import { useClosing, useRedis } from '@meterbridge/testing';
import { HYPERLINE_KEY, LAGO_KEY } from '@meterbridge/testing/sample-config';
import type { Redis } from 'ioredis';
import { convertSpool } from '../../receipts/dist/convert/convert-spool.js';
import { beginSpool, nextSpool, recordFile } from '../../receipts/src/store.js';
import { HOUR_MS, makeStore, RULES, START, settled, type Usage } from '../../receipts/test/a-store.js';
import { reconcile } from '../src/index.js';
import { configWith } from './config.js';

/* The books as an archivist keeps them, held against what a stand-in holds. */

let redis: Redis;
afterAll(() => redis.disconnect());
const suite = useRedis();
const closing = useClosing();
beforeAll(() => {
  redis = connectConsumer(suite.url, () => {});
});

test.each(['lago', 'hyperline'] as const)(
  'what %s lost, altered and has twice is found in the books',
  async (type) => {
    const store = await makeStore([type, `${type}@1`]);
    closing.push(() => store.remove());
    const keep = async (shard: string, usages: Usage[], isFile: boolean) => {
      const place = { dir: store.dir, shard };
      const spool = await nextSpool(place);
      const open = await beginSpool({ ...place, spool });
      await open.append([settled(`${START}-1`, `job-${shard}`, usages, undefined, RULES[type].version)]);
      await open.close();
      if (isFile) await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
    };
    const usages = Array.from({ length: 1_200 }, (_, index) => ({
      id: `m-${index}`,
      at: START + index * 10_000,
      properties: { tokens: index },
    }));
    await keep(type, usages.slice(0, 700), true);
    await keep(`${type}@1`, usages.slice(700), false);

    const sandbox = await startSandbox({
      lago: {
        apiKey: LAGO_KEY,
        store: 'postgres',
        metrics: { 'API Call': { aggregation: 'sum_agg', field: 'tokens' } },
      },
      hyperline: { apiKey: HYPERLINE_KEY },
    });
    closing.push(() => sandbox.close());
    const api = sandbox[type];
    api.flaws.set({ loses: 500, storesTwice: 700, alters: 900 });
    const span = { from: START, to: START + 6 * HOUR_MS };
    const open = () => openReceipts({ dir: store.dir, destination: type });
    const sent = await open();
    closing.push(() => sent.close());
    for await (const { usage } of sent.listUsage('API Call', span)) {
      const path = type === 'lago' ? '/api/v1/events/batch' : '/v1/events';
      const { ok } = await fetch(`${api.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${type === 'lago' ? LAGO_KEY : HYPERLINE_KEY}`,
          'content-type': 'application/json',
        },
        body: type === 'lago' ? `{"events":[${usage}]}` : usage!,
      });
      expect(ok).toBe(true);
    }
    const read = configWith(suite.url);
    const destinations = read.destinations.map((each) => ({ ...each, url: sandbox[each.type].url }));
    const report = await reconcile(
      { config: { ...read, destinations } as Config, redis },
      { destination: type, span, contents: true, positions: `${store.dir}/.reconcile` },
      { open },
    );
    const { lost, twice, altered } = api.flaws.ids;
    expect([lost, twice, altered].map(({ length }) => length)).toEqual([2, 1, 1]);
    expect(report.findings.map(({ finding, usageId }) => `${finding} ${usageId}`).sort()).toEqual(
      [
        ...lost.map((id) => `missing_there ${id}`),
        ...twice.map((id) => `twice_there ${id}`),
        ...altered.map((id) => `other_content ${id}`),
      ].sort(),
    );
    expect(report.lines).toMatchObject([{ code: 'API Call', booked: 1_200, held: 1_199, others: 0 }]);
  },
);

test('what is held of a person whom the books forgot is no finding, and what others lack is', async () => {
  const place = { ...(await makeStore(['lago'])), shard: 'lago' };
  closing.push(() => place.remove());
  await makePersonKey(place.dir);
  const usages = Array.from({ length: 100 }, (_, index) => ({
    id: `m-${index}`,
    user: index % 10 === 5 ? 'ann' : 'bob',
    at: START + index * 10_000,
  }));
  const spool = await nextSpool(place);
  const file = await beginSpool({ ...place, spool });
  await file.append([settled(`${START}-1`, 'job', usages)]);
  await file.close();
  await recordFile({ ...place, spool }, await convertSpool({ ...place, spool }));
  const sandbox = await startSandbox({
    lago: { apiKey: LAGO_KEY, store: 'postgres' },
    hyperline: { apiKey: HYPERLINE_KEY },
  });
  closing.push(() => sandbox.close());
  sandbox.lago.flaws.set({ loses: 50 });
  const open = () => openReceipts({ dir: place.dir, destination: 'lago' });
  const span = { from: START, to: START + HOUR_MS };
  const sent = await open();
  closing.push(() => sent.close());
  for await (const { usage } of sent.listUsage('API Call', span)) {
    await fetch(`${sandbox.lago.url}/api/v1/events/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${LAGO_KEY}`, 'content-type': 'application/json' },
      body: `{"events":[${usage}]}`,
    });
  }
  const ann = { users: ['ann'], devices: [], until: START + HOUR_MS, salt: 'salt' };
  const commit = (change: () => Promise<void>) => change();
  const erased = await erasePerson(place, ann, { request: 'r', now: () => START, commit });
  expect(erased).toMatchObject({ rows: 10 });
  const read = configWith(suite.url);
  const destinations = read.destinations.map((each) => ({ ...each, url: sandbox.lago.url }));
  const report = await reconcile(
    { config: { ...read, destinations } as Config, redis },
    { destination: 'lago', span, contents: true, positions: `${place.dir}/.reconcile` },
    { open },
  );
  const { lost } = sandbox.lago.flaws.ids;
  expect(lost.length).toBeGreaterThan(0);
  expect(report.findings.map(({ usageId }) => usageId).toSorted()).toEqual(lost.toSorted());
  expect(report.lines).toMatchObject([{ booked: 100, held: 100 - lost.length, others: 0 }]);
});
