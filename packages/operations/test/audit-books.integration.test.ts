import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { readManifest, writeManifest } from '@meterbridge/receipts';
import { useClosing, useRedis } from '@meterbridge/testing';
import { queueKeys } from '../../queue/src/keys/keys.js';
import { HOUR_MS, START } from '../../receipts/test/a-store.js';
import { type Audited, audit } from '../src/index.js';
import { useBooks } from './use-books.js';

/* A ledger that was written by hand, of hours that are over, and books that have it or not. */

const suite = useRedis();
const closing = useClosing();
const books = useBooks(() => suite.url);
const FIRST = START / HOUR_MS;
const keys = queueKeys('lago');

const redis = () => {
  const client = suite.connect();
  closing.push(() => client.disconnect());
  return client;
};
afterEach(() => redis().flushall());

/** @param hours by hour of acceptance, counted from that of the first receipt: what was delivered, filtered */
async function account(hours: Record<number, { delivered?: number; duplicate?: number; filtered?: number }>) {
  const client = redis();
  for (const [hour, counts] of Object.entries(hours)) {
    for (const [counter, count] of Object.entries(counts)) {
      for (const each of ['accepted', counter]) {
        await client.hincrby(keys.ledger, each, count);
        await client.hincrby(keys.hours, `${FIRST + Number(hour)}/backend/${each}`, count);
      }
    }
  }
}

/** Deliveries that were accepted in an hour. */
const accepted = (hour: number, ...ids: string[]) => ids.map((id) => ({ id, at: START + hour * HOUR_MS }));

async function hold(): Promise<Audited> {
  return audit(await books().operations(), { destination: 'lago' }, { books: books().store });
}

const statesOf = ({ lines }: Audited) =>
  Object.fromEntries(lines.map((line) => [line.hour! - FIRST, line.books?.state]));

test('hours that the books have, begin in, and were before', async () => {
  await account({ [-1]: { delivered: 9 }, 0: { delivered: 2 }, 1: { delivered: 2, duplicate: 1 } });
  await books().keep('lago', accepted(0, 'a'));
  await books().keep('lago', accepted(1, 'b', 'c'));
  await books().keep('lago@1', accepted(1, 'd'), [['duplicate', 1]]);
  const found = await hold();
  expect(statesOf(found)).toEqual({ [-1]: 'before', 0: 'before', 1: 'complete' });
  expect(found).toMatchObject({ unbooked: [], unbalanced: [], isSettled: true });
});

test('what is missing is named; what is in a gap, in flight or on its way is not', async () => {
  await account({ 1: { delivered: 3 }, 2: { delivered: 1, filtered: 4 }, 3: { delivered: 1 } });
  await redis().hincrby(keys.ledger, 'accepted', 1);
  await redis().hincrby(keys.hours, `${FIRST + 3}/backend/accepted`, 1);
  await books().keep('lago', accepted(1, 'a', 'b'));
  const gap = { bucket: `${FIRST + 2}/backend`, deliveries: 1, filtered: 4 };
  const folder = join(books().dir, 'lago');
  await writeManifest(folder, { ...(await readManifest(folder, 'lago')), gaps: [gap] });
  const found = await hold();
  expect(statesOf(found)).toEqual({ 1: 'differs', 2: 'gap', 3: 'differs' });
  expect(found.unbooked).toMatchObject([
    { hour: FIRST + 1, source: 'backend', books: { missing: 1 } },
    { hour: FIRST + 3, books: { missing: 1 } },
  ]);

  // Something that was settled long ago still waits for an archivist.
  await redis().xadd(keys.receipts, `${START}-1`, 'filtered', '{}', 'bytes', '2');
  expect(statesOf(await hold())).toEqual({ 1: 'waiting', 2: 'gap', 3: 'waiting' });
});

test('books that are not there or cannot be read hide nothing of the ledger', async () => {
  await account({ 1: { delivered: 3 } });
  await writeFile(join(books().dir, 'lago', 'manifest.00000001.json'), '{"format":2}');
  expect(await hold()).toMatchObject({ unreadable: { code: 'manifest_newer' }, total: { delivered: 3 } });
  await rm(books().dir, { recursive: true });
  expect(await hold()).toMatchObject({ unreadable: { code: 'ENOENT' }, lines: [{ delivered: 3 }] });
});
