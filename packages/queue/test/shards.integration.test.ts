import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import type { DeadLetter, Outcome, StoredDelivery } from '@meterbridge/delivery';
import { type SuiteRedis, useRedis, waitFor } from '@meterbridge/testing';
import {
  connectConsumer,
  createMutex,
  type DeadLetterEntry,
  type DeadLetterRange,
  type DestinationWorkerOptions,
  discardDeadLetters,
  findDeadLetter,
  knownDestinations,
  readAccount,
  readAudit,
  readCounters,
  readDeadLetterLog,
  readDeadLetters,
  readNewestWaiting,
  shardsOf,
  startDestinationWorker,
} from '../src/index.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const open = makeLines(() => suite as SuiteRedis);
const suite = useRedis();
const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };

/** A line whose writer has so many shards, and closes a batch with each event. */
async function openSharded(shards: number) {
  const line = await open(undefined, {}, { shards, batchSize: 1 });
  const startAll = async (more: Partial<DestinationWorkerOptions> = {}) => {
    const redis = connectConsumer(suite.url, () => {});
    const worker = await startDestinationWorker({
      destination: line.destination,
      shards: 1,
      redis,
      concurrency: 10,
      deliveries: 1_000,
      policy: { baseMs: 1, maxMs: 5, giveUpAfterMs: 60_000 } as DestinationWorkerOptions['policy'],
      attempt: async (deliveries) => delivered(deliveries),
      whenOpen: async () => () => {},
      inTurn: createMutex(),
      ...more,
    });
    closing.push(
      () => redis.disconnect(),
      () => worker.close(),
    );
  };
  const names = [0, 1, 2, 3]
    .slice(0, shards)
    .map((n) => (n === 0 ? line.destination : `${line.destination}@${n}`));
  const accepted = async () =>
    Promise.all(
      names.map(async (name) => Number(await line.redis.hget(`meterbridge:{${name}}:ledger`, 'accepted'))),
    );
  return { line, startAll, names, accepted };
}

test('batches go to the shards in turn, and whoever asks for the destination is told of all', async () => {
  const { line, names, accepted } = await openSharded(4);
  for (let sent = 0; sent < 12; sent++) await line.write(1);
  expect(await accepted()).toEqual([3, 3, 3, 3]);
  expect(await shardsOf(line.destination, line.redis)).toEqual(names);
  expect(await knownDestinations(line.redis)).toContain(line.destination);
  const { destination } = line;
  expect(await readAccount(destination, line.redis)).toMatchObject({
    destination,
    accepted: 12,
    inFlight: 12,
    jobs: { waiting: 12, active: 0 },
    difference: 0,
  });
  expect(await readCounters(destination, line.redis)).toMatchObject({
    destination,
    accepted: 12,
    inFlight: 12,
  });
  expect(await readAudit(destination, line.redis)).toMatchObject([
    { destination, accepted: 12, inFlight: 12 },
  ]);
  expect(await readNewestWaiting(destination, line.redis, 2)).toHaveLength(8);
});

test('a shard that does not add up is named, and the others are still one', async () => {
  const { line, names } = await openSharded(3);
  for (let sent = 0; sent < 6; sent++) await line.write(1);
  const [lost] = await line.redis.lrange(`meterbridge:{${names[2]}}:deliveries:wait`, 0, 0);
  await line.redis.lrem(`meterbridge:{${names[2]}}:deliveries:wait`, 1, lost!);
  const lines = await readAudit(line.destination, line.redis);
  expect(lines.filter(({ hour }) => hour !== null)).toMatchObject([
    { destination: line.destination, accepted: 4, inFlight: 4, difference: 0 },
    { destination: names[2], accepted: 2, inFlight: 1, difference: 1 },
  ]);
  expect(await readAccount(line.destination, line.redis)).toMatchObject({ accepted: 6, difference: 1 });
});

test('a worker takes from shards it was not told of, those that come while it runs as well', async () => {
  const { line, startAll } = await openSharded(2);
  await line.write(4);
  await startAll();
  await line.settled();
  const later = await open(undefined, {}, { shards: 4, batchSize: 1, destinations: [line.destination] });
  await later.writer.commit(
    [5, 6, 7, 8].map(() => ({
      source: 'backend',
      event: anEvent(),
      timeFromReceipt: false,
      routes: [{ destination: line.destination, rules: ['usage'] }],
    })),
    [],
  );
  await waitFor(async () => (await line.account()).delivered === 8, { what: 'the new shards to be found' });
  expect(await line.account()).toMatchObject({ accepted: 8, inFlight: 0, difference: 0 });
  // What a failover forgot is known to who serves it.
  await line.redis.srem('meterbridge:destinations', `${line.destination}@3`);
  await waitFor(async () => (await shardsOf(line.destination, line.redis)).length === 4, {
    what: 'it to be known',
  });
});

test('a backlog in several shards is taken from all of them alike', async () => {
  const { line, startAll, names } = await openSharded(4);
  for (let sent = 0; sent < 120; sent++) await line.write(1);
  const attempt = async (deliveries: StoredDelivery[]) => {
    await sleep(30);
    return delivered(deliveries);
  };
  await startAll({ shards: 4, concurrency: 8, attempt });
  await waitFor(async () => (await line.account()).delivered >= 60, { what: 'half of it' });
  const counts = names.map((name) => line.redis.hget(`meterbridge:{${name}}:ledger`, 'delivered'));
  const taken = (await Promise.all(counts)).map(Number);
  expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(10);
  await line.settled();
});

test('dead letters of all shards are one walk, either way, from any one on and up to any one', async () => {
  const { line, startAll, names } = await openSharded(3);
  await startAll({ attempt: async (deliveries) => deliveries.map(() => refused) });
  for (let sent = 0; sent < 30; sent++) await line.write(1);
  await line.settled();
  const walk = async (range: DeadLetterRange = {}) => {
    const ids: string[] = [];
    const letters: AsyncIterable<DeadLetterEntry<DeadLetter>> = readDeadLetters(
      line.destination,
      line.redis,
      range,
    );
    for await (const { id } of letters) ids.push(id);
    return ids;
  };
  const all = await walk();
  expect(all).toHaveLength(30);
  expect(new Set(all.map((id) => id.split('/')[0]))).toEqual(new Set(names));
  const times = all.map((id) => Number(id.split('/')[1]!.split('-')[0]));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(await walk({ newestFirst: true })).toEqual(all.toReversed());
  for (const at of [0, 7, 13, 29]) {
    expect(await walk({ after: all[at]! })).toEqual(all.slice(at + 1));
    expect(await walk({ through: all[at]! })).toEqual(all.slice(0, at + 1));
    expect(await walk({ newestFirst: true, after: all[at]! })).toEqual(all.slice(0, at).toReversed());
  }
  const run = { run: '1-a', what: 'discarded', by: 'ops', because: 'a test' } as const;
  for (const name of names) {
    const id = all.find((each) => each.startsWith(`${name}/`))!;
    await discardDeadLetters(name, line.redis, [(await findDeadLetter(id, line.redis))!], run);
  }
  expect(await readDeadLetterLog(line.destination, line.redis)).toMatchObject([
    {
      destination: line.destination,
      letters: 3,
      byReason: { refused: 3 },
      ids: [{}, {}, {}].map(() => expect.any(String)),
    },
  ]);
  expect(await line.account()).toMatchObject({
    dead: 27,
    discarded: 3,
    difference: 0,
    deadByReason: { refused: 27 },
  });
});

/** As a failover does to a replica that lagged, in the one slot that has the names. */
async function loseNames({ line, names }: Awaited<ReturnType<typeof openSharded>>): Promise<void> {
  await line.redis.srem('meterbridge:destinations', ...names);
  expect(await readAccount(line.destination, line.redis)).toMatchObject({ accepted: 4 });
}

test('who writes to a shard says its name again, so that its jobs are seen', async () => {
  const sharded = await openSharded(2);
  const { line, names } = sharded;
  for (let sent = 0; sent < 8; sent++) await line.write(1);
  await loseNames(sharded);
  const isNamed = async () => {
    await line.write(1);
    return (await shardsOf(line.destination, line.redis)).length === names.length;
  };
  await waitFor(isNamed, { what: 'the names' });
  const { accepted } = await readAccount(line.destination, line.redis);
  expect(accepted).toBe(await line.account().then((account) => account.inFlight));
  expect(accepted).toBeGreaterThan(8);
});

test('behind a new connection it is said before the next write', async () => {
  const sharded = await openSharded(2);
  const { line, names } = sharded;
  for (let sent = 0; sent < 8; sent++) await line.write(1);
  await loseNames(sharded);
  const connected = once(line.producer, 'ready');
  line.producer.disconnect(true);
  await connected;
  await line.write(1);
  await line.write(1);
  expect(await shardsOf(line.destination, line.redis)).toEqual(names);
});

test('a worker says the names of all shards it serves where one of them is lost', async () => {
  const sharded = await openSharded(2);
  const { line, names, startAll } = sharded;
  for (let sent = 0; sent < 8; sent++) await line.write(1);
  await loseNames(sharded);
  await startAll({ shards: 2 });
  await waitFor(async () => (await readAccount(line.destination, line.redis)).accepted === 8, {
    what: 'the names',
  });
  await line.redis.srem('meterbridge:destinations', ...names);
  const named = () => line.redis.smismember('meterbridge:destinations', ...names);
  await waitFor(async () => !(await named()).includes(0), { what: 'the names again' });
  expect(await readAccount(line.destination, line.redis)).toMatchObject({ accepted: 8, difference: 0 });
});
