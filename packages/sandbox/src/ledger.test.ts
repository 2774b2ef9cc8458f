import { expect, test } from '@jest/globals';
import { hashContent } from './content-hash.js';
import { type Arrival, Ledger } from './ledger.js';

function arrive(id: string, content: object = { n: 1 }, timestampMs = 1000, owner = 'acme'): Arrival {
  const hash = hashContent([owner, timestampMs, content]);
  return { id, code: 'api_call', owner, timestampMs, hash, receivedAtMs: 5000, content };
}

test('a key that came once has one entry and no versions', () => {
  const ledger = new Ledger(10);
  ledger.append(arrive('a'));
  expect(ledger.find('a')).toEqual([
    {
      id: 'a',
      code: 'api_call',
      owner: 'acme',
      timestampMs: 1000,
      contentHash: expect.any(String),
      stored: 1,
      refused: 0,
      versions: [],
      content: { n: 1 },
    },
  ]);
  expect(ledger.find('b')).toEqual([]);
});

test('repeats that say the same are counted and nothing else', () => {
  const ledger = new Ledger(10);
  const row = ledger.append(arrive('a'));
  ledger.storeAgain(row, arrive('a'), true);
  ledger.refuseAgain(row, arrive('a'));
  ledger.refuseAgain(row, arrive('a'));
  expect(ledger.entry(row)).toMatchObject({ stored: 2, refused: 2, versions: [] });
  expect(ledger.counts()).toEqual({ keys: 1, storedAgain: 1, refusedAgain: 1, changed: 0 });
});

test('repeats that differ are kept with what differed, and the effective one is the one that was told', () => {
  const ledger = new Ledger(10);
  const row = ledger.append(arrive('a'));
  ledger.storeAgain(row, arrive('a', { n: 2 }, 900), false);
  ledger.storeAgain(row, arrive('a', { n: 3 }, 2000, 'other'), true);
  ledger.storeAgain(row, arrive('a', { n: 2 }, 900), false);
  const entry = ledger.entry(row);
  expect(entry).toMatchObject({ stored: 4, content: { n: 3 }, owner: 'other', timestampMs: 2000 });
  expect(entry.versions.map(({ content, arrivals }) => [content, arrivals])).toEqual([
    [{ n: 1 }, 1],
    [{ n: 2 }, 2],
    [{ n: 3 }, 1],
  ]);
  expect(ledger.counts().changed).toBe(1);
});

test('says when an id was stored first, whatever came again', () => {
  const ledger = new Ledger(10);
  const row = ledger.append({ ...arrive('a'), receivedAtMs: 5000 });
  ledger.storeAgain(row, { ...arrive('a', { n: 2 }), receivedAtMs: 6000 }, true);
  expect(ledger.firstStoredAtMs('a')).toBe(5000);
  expect(ledger.firstStoredAtMs('b')).toBeUndefined();
});

test('rows of one id are chained in order of arrival', () => {
  const ledger = new Ledger(10);
  for (const timestampMs of [1, 2, 3]) ledger.append(arrive('a', {}, timestampMs));
  ledger.append(arrive('b'));
  expect(ledger.find('a').map(({ timestampMs }) => timestampMs)).toEqual([1, 2, 3]);
});

test('past its bound it keeps counts and hashes, and no contents', () => {
  const ledger = new Ledger(1);
  ledger.append(arrive('a'));
  const row = ledger.append(arrive('b'));
  ledger.storeAgain(row, arrive('b', { n: 2 }), true);
  expect([...ledger.entries()].map(({ content }) => content)).toEqual([{ n: 1 }, undefined]);
  expect(ledger.entry(row).versions).toHaveLength(2);
  expect(JSON.stringify(ledger.entry(row))).not.toContain('content"');
});

test('it grows past its first room', () => {
  const ledger = new Ledger(0);
  for (let i = 0; i < 3000; i += 1) ledger.append(arrive(`id-${i}`, { i }, i));
  expect(ledger.size).toBe(3000);
  expect(ledger.find('id-2999')[0]).toMatchObject({ timestampMs: 2999, stored: 1 });
  expect(ledger.find('id-0')[0]).toMatchObject({ timestampMs: 0, stored: 1 });
});
