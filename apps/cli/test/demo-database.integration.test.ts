import { afterEach, expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { type DemoDatabase, takeDatabase } from '../src/demo/take-database.js';

const suite = useRedis();
const taken = new Set<DemoDatabase>();

async function take(url: string): Promise<DemoDatabase> {
  const database = await takeDatabase(url);
  taken.add(database);
  return database;
}

async function release(database: DemoDatabase): Promise<void> {
  taken.delete(database);
  await database.release();
}

/** How many keys each database has that has any. */
async function keys(): Promise<Record<string, number>> {
  const lines = (await suite.connect().info('keyspace')).matchAll(/^db(\d+):keys=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, number, count]) => [number!, Number(count)]));
}

afterEach(async () => {
  for (const database of taken) await release(database);
  await suite.connect().flushall();
});

test('takes the last empty database, another than a second one takes, and leaves it as it was', async () => {
  const real = suite.connect();
  await real.set('meterbridge:{lago}:ledger', 'real');
  await suite.connect({ db: 15 }).set('something', 'else');
  const [one, other] = await Promise.all([take(suite.url), take(`${suite.url}/`)]);
  expect([one.number, other.number].toSorted()).toEqual([13, 14]);
  expect(one.url).toBe(`${suite.url}/${one.number}`);

  await suite.connect({ db: one.number }).set('meterbridge:{lago}:ledger', 'of the demonstration');
  await release(one);
  expect(await keys()).toEqual({ 0: 1, 15: 1, [other.number]: 1 });
  expect(await real.get('meterbridge:{lago}:ledger')).toBe('real');
});

test('what is not its own any more stays', async () => {
  const database = await take(suite.url);
  const other = suite.connect({ db: database.number });
  await other.flushdb();
  await other.set('meterbridge:{lago}:ledger', 'real');
  await release(database);
  expect(await keys()).toEqual({ [database.number]: 1 });
});

test('takes the database that is named, where it is empty', async () => {
  expect(await take(`${suite.url}/3`)).toMatchObject({ number: 3, url: `${suite.url}/3` });
});

test.each([
  ['holds data', (url: string) => `${url}/2`],
  ['is not there', (url: string) => `${url}/16`],
  ['is one of many that hold data', (url: string) => url],
  ['is a cluster', (url: string) => url.replace('redis://', 'redis-cluster://user:secret@')],
])('refuses one that %s, and writes nothing', async (_, urlOf) => {
  await Promise.all(
    Array.from({ length: 16 }, (_, db) => suite.connect({ db }).set('meterbridge:destinations', 'real')),
  );
  const refused = await takeDatabase(urlOf(suite.url)).then(String, String);
  expect(refused).toContain('A demonstration takes an empty database of one Redis server');
  expect(refused).not.toContain('secret');
  expect(Object.values(await keys())).toEqual(Array.from({ length: 16 }, () => 1));
});
