import { afterEach, expect, test } from '@jest/globals';
import type { DeadLetter, Outcome, StoredDelivery } from '@meterbridge/delivery';
import { emptySettlement, reviveDeadLetter, settleBatch } from '@meterbridge/delivery';

import { useRedis, waitFor } from '@meterbridge/testing';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { decodeBatch } from '../src/batch/batch-codec.js';
import {
  BooksRefusedError,
  connectConsumer,
  connectProducer,
  type DeadLetterEntry,
  DeliveryWriter,
  discardDeadLetters,
  importDeadLetters,
  RECEIVER,
  type RejectedEvent,
  readAccount,
  readAudit,
  readDeadLetterCounts,
  readDeadLetters,
  ShardReplay,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { writeSettlement } from '../src/work/settle.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const openLine = makeLines(() => suite);
const suite = useRedis();

const opened: Redis[] = [];
afterEach(() => {
  for (const redis of opened.splice(0)) redis.disconnect();
});

let names = 0;

/** Deliveries, as an outcome each, in turn: what the policy makes of some of them depends on nothing else. */
const OUTCOMES: Outcome[] = [
  { outcome: 'delivered' },
  { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' },
  { outcome: 'duplicate' },
  { outcome: 'failed', code: 'unmapped', detail: 'properties.tokens is missing; a value was expected' },
  { outcome: 'duplicate', found: 'older_rule' },
  { outcome: 'failed', code: 'timeout' },
];
const POLICY = { baseMs: 1, maxMs: 1, giveUpAfterMs: 1e12, failsAloneAfterMs: 1e12 };

/** One destination and all that writes to its books, without a worker: each step is one write. */
class Books {
  readonly destination = `books-${++names}`;
  readonly keys = queueKeys(this.destination);
  readonly redis: Redis;
  readonly writer: DeliveryWriter;
  private readonly exported: DeadLetterEntry<DeadLetter>[] = [];
  private hour = 400_000;
  private steps = 0;

  constructor(redis: Redis, producer: Redis) {
    this.redis = redis;
    const now = () => this.hour * 3_600_000;
    this.writer = new DeliveryWriter({ redis: producer, destinations: [this.destination], now, lingerMs: 0 });
  }

  async accept(count: number, filtered: boolean): Promise<void> {
    this.hour += this.steps % 2;
    const routes = [{ destination: this.destination, rules: filtered ? [] : ['usage', 'calls'] }];
    const events = Array.from({ length: count }, (_, index) => ({
      source: index % 2 === 0 ? 'web' : 'backend',
      event: anEvent(),
      timeFromReceipt: false,
      routes,
    }));
    await this.writer.commit(events, []);
    // Filtered events are counted with no word to anybody.
    if (filtered)
      await this.writer.commit([{ ...events[0]!, routes: [{ ...routes[0]!, rules: ['usage'] }] }], []);
  }

  /** Settles a job as a worker would that tried some of it. */
  async settle(tried: number, from: number): Promise<void> {
    const jobId = await this.takeJob(from);
    if (jobId === undefined) return;
    const data = JSON.parse((await this.redis.hget(this.keys.job(jobId), 'data'))!);
    const deliveries = decodeBatch(data);
    const outcomes = deliveries
      .slice(0, tried)
      .map((_, index) => OUTCOMES[(from + index) % OUTCOMES.length]!);
    const settlement = settleBatch(deliveries, outcomes, POLICY, Date.now(), () => 0);
    const rev = (await this.redis.hget(this.keys.job(jobId), 'rev')) ?? '0';
    const nextRev = `r${++this.steps}`;
    await writeSettlement(this.redis, this.keys, { jobId, rev, nextRev, settlement, notes: {} });
  }

  /** One of the jobs that hold something, in a worker's hand or not. */
  private async takeJob(from: number): Promise<string | undefined> {
    const { bull, job } = this.keys;
    const ids = [
      ...(await this.redis.lrange(bull('wait'), 0, -1)),
      ...(await this.redis.lrange(bull('active'), 0, -1)),
      ...(await this.redis.zrange(bull('prioritized'), 0, '-1')),
    ];
    const held = await Promise.all(ids.map((id) => this.redis.hget(job(id), 'n')));
    const full = ids.filter((_, index) => Number(held[index]) > 0);
    const jobId = full[from % full.length];
    if (jobId !== undefined && from % 2 === 0 && (await this.redis.lrem(bull('wait'), 1, jobId)) === 1) {
      await this.redis.lpush(bull('active'), jobId);
    }
    return jobId;
  }

  async discard(from: number, count: number): Promise<void> {
    const some = (await this.letters()).slice(from, from + count);
    this.exported.push(...some);
    const run = { run: `${++this.steps}`, what: 'discarded' as const, by: 'ops' };
    await discardDeadLetters(this.destination, this.redis, some, run);
  }

  async bringBack(from: number, count: number): Promise<void> {
    const some = this.exported.slice(from, from + count).map(({ id, was, reason, bucket, letter }) => ({
      id: was ?? id,
      reason,
      bucket,
      letter,
    }));
    const run = { run: `${++this.steps}`, what: 'restored' as const, by: 'ops' };
    await importDeadLetters(this.destination, this.redis, some, run);
  }

  async replay(from: number, count: number, filtered: number): Promise<void> {
    const taken = (await this.letters()).slice(from, from + count);
    const deliveries = taken.map(({ letter, at }): StoredDelivery => reviveDeadLetter(letter, at));
    const shard = new ShardReplay(this.destination, '1', this.redis);
    const more = filtered > 0 ? { [`${this.hour}/web`]: filtered } : {};
    await shard.apply({ deliveries, taken, filtered: more });
    await shard.close();
  }

  async letters(): Promise<DeadLetterEntry<DeadLetter>[]> {
    const letters: DeadLetterEntry<DeadLetter>[] = [];
    for await (const each of readDeadLetters<DeadLetter>(this.destination, this.redis)) letters.push(each);
    return letters;
  }

  /** All that this test holds to be true at every moment. */
  async expectToAddUp(): Promise<void> {
    const account = await readAccount(this.destination, this.redis);
    expect(account.difference).toBe(0);
    const lines = await readAudit(this.destination, this.redis);
    expect(lines.filter(({ difference, hour }) => difference !== 0 || hour === null)).toEqual([]);
    await expectToBeCounted(this.destination, this.redis);
    const all = {
      ...(await this.redis.hgetall(this.keys.ledger)),
      ...(await this.redis.hgetall(this.keys.hours)),
    };
    expect(Object.entries(all).filter(([, count]) => Number(count) < 0)).toEqual([]);
  }
}

/** Every letter is counted under one fingerprint, by reason as the ledger has it. */
async function expectToBeCounted(destination: string, redis: Redis): Promise<void> {
  const { deadLetters } = queueKeys(destination);
  const counts = await readDeadLetterCounts(destination, redis);
  expect(counts.reduce((sum, { letters }) => sum + letters, 0)).toBe(await redis.xlen(deadLetters));
  const { deadByReason } = await readAccount(destination, redis);
  const byReason: Record<string, number> = {};
  for (const { fingerprint, letters } of counts) {
    if (fingerprint) byReason[fingerprint.reason] = (byReason[fingerprint.reason] ?? 0) + letters;
  }
  expect(byReason).toEqual(deadByReason);
}

async function open(): Promise<Books> {
  const redis = connectConsumer(suite.url, () => {});
  const producer = connectProducer(suite.url, () => {});
  opened.push(redis, producer);
  await waitFor(() => producer.status === 'ready', { what: 'the connection' });
  return new Books(redis, producer);
}

const small = fc.integer({ min: 0, max: 6 });
const step = fc.oneof(
  fc.record({
    does: fc.constant('accept' as const),
    count: fc.integer({ min: 1, max: 8 }),
    filtered: fc.boolean(),
  }),
  fc.record({ does: fc.constant('settle' as const), count: fc.integer({ min: 0, max: 12 }), from: small }),
  fc.record({ does: fc.constant('discard' as const), count: small, from: small }),
  fc.record({ does: fc.constant('bringBack' as const), count: small, from: small }),
  fc.record({ does: fc.constant('replay' as const), count: small, from: small, filtered: small }),
);

test('whatever is written in whatever order, all that was accepted has one fate, in all and in each hour', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const books = await open();
      for (const each of [{ does: 'accept', count: 6, filtered: false } as const, ...steps]) {
        if (each.does === 'accept') await books.accept(each.count, each.filtered);
        else if (each.does === 'settle') await books.settle(each.count, each.from);
        else if (each.does === 'replay') await books.replay(each.from, each.count, each.filtered);
        else await books[each.does](each.from, each.count);
        await books.expectToAddUp();
      }
      await books.writer.close();
    }),
    { numRuns: 25 },
  );
});

/** All that the destination has in Redis. */
async function everything({ redis, keys }: Books): Promise<unknown> {
  const names = (await redis.keys(`${keys.prefix}:*`)).toSorted();
  return Promise.all(names.map(async (name) => [name, (await redis.dumpBuffer(name))?.toString('base64')]));
}

async function withLetters(): Promise<Books> {
  const books = await open();
  await books.accept(6, false);
  await books.settle(12, 0);
  expect((await books.letters()).length).toBeGreaterThan(3);
  return books;
}

const FORGERIES: [string, (books: Books) => Promise<unknown>][] = [
  ['the totals', ({ redis, keys }) => redis.hset(keys.ledger, 'dead', 1)],
  ['a reason', ({ redis, keys }) => redis.hset(keys.ledger, 'dead:refused', 0)],
  ['an hour', ({ redis, keys }) => redis.hset(keys.hours, '400000/web/dead', 0)],
  ['the fingerprints', ({ redis, keys }) => redis.del(keys.fingerprints)],
];

test.each(FORGERIES)(
  'a discard is refused with nothing changed where %s would fall below zero',
  async (_, forge) => {
    const books = await withLetters();
    await forge(books);
    const before = await everything(books);
    await expect(books.discard(0, 4)).rejects.toThrow(BooksRefusedError);
    expect(await everything(books)).toEqual(before);
    await books.writer.close();
  },
);

test.each(FORGERIES)(
  'a step of a replay is refused with nothing changed where %s would',
  async (_, forge) => {
    const books = await withLetters();
    await forge(books);
    const jobs = () => books.redis.keys(books.keys.bull('b*'));
    const [before, jobsBefore] = [await readAccount(books.destination, books.redis), await jobs()];
    const letters = await books.letters();
    await expect(books.replay(0, 4, 0)).rejects.toThrow(BooksRefusedError);
    expect(await readAccount(books.destination, books.redis)).toEqual(before);
    expect((await jobs()).toSorted()).toEqual(jobsBefore.toSorted());
    expect((await books.letters()).map(({ id }) => id)).toEqual(letters.map(({ id }) => id));
    await books.writer.close();
  },
);

test('an import is refused with nothing changed where the totals have fewer discarded ones than the hours', async () => {
  const books = await withLetters();
  await books.discard(0, 4);
  await books.redis.hset(books.keys.ledger, 'discarded', 2);
  const before = await everything(books);
  await expect(books.bringBack(0, 4)).rejects.toThrow(BooksRefusedError);
  expect(await everything(books)).toEqual(before);
  await books.writer.close();
});

test('a settlement is refused with nothing changed where it makes more or less of a job than the job holds', async () => {
  const books = await open();
  await books.accept(6, false);
  const [jobId] = await books.redis.lrange(books.keys.bull('wait'), 0, 0);
  const before = await everything(books);
  const settlement = emptySettlement();
  settlement.delivered = 11;
  settlement.byBucket.delivered = { '400000/web': 11 };
  const request = { jobId: jobId!, rev: '0', nextRev: 'r1', settlement, notes: {} };
  await expect(writeSettlement(books.redis, books.keys, request)).rejects.toThrow(BooksRefusedError);
  expect(await everything(books)).toEqual(before);
  settlement.byBucket.delivered = { '400000/web': 13 };
  await expect(writeSettlement(books.redis, books.keys, request)).rejects.toThrow(/is settled as 13 done/);
  expect(await everything(books)).toEqual(before);
  await books.writer.close();
});

test('a worker whose settlement is refused says so, and puts the job back as it was, for minutes', async () => {
  let attempts = 0;
  const problems: string[] = [];
  const line = await openLine(
    async (deliveries) => {
      attempts += 1;
      return delivered(deliveries);
    },
    { onProblem: (code) => problems.push(code) },
  );
  await line.write(3);
  const { bull, job, ledger } = queueKeys(line.destination);
  const [jobId] = await line.redis.lrange(bull('wait'), 0, 0);
  await line.redis.hset(job(jobId!), 'n', 4);
  const worker = line.start();
  await waitFor(async () => (await line.redis.zcard(bull('delayed'))) === 1, {
    what: 'the job to be put back',
  });
  expect([attempts, problems]).toEqual([1, ['books_refused']]);
  const data = JSON.parse((await line.redis.hget(job(jobId!), 'data'))!);
  expect(decodeBatch(data)).toHaveLength(3);
  expect(await line.redis.hget(ledger, 'delivered')).toBeNull();
  const [[, score] = []] = [await line.redis.zrange(bull('delayed'), 0, '-1', 'WITHSCORES')];
  // BullMQ keeps the moment times 4096.
  expect(Number(score) / 4096 - Date.now()).toBeGreaterThan(4 * 60_000);
  await worker.close();
});

test('rejected events are counted by what is wrong with them, until they leave', async () => {
  const books = await open();
  const rejected = Array.from(
    { length: 5 },
    (_, index): RejectedEvent => ({
      source: 'web',
      via: 'tracking',
      reason: index < 3 ? 'missing_type' : 'invalid_json',
      detail: '',
      raw: index,
      receivedAt: '2026-08-01T00:00:00.000Z',
    }),
  );
  await books.writer.commit([], rejected);
  await expectToBeCounted(RECEIVER, books.redis);
  expect((await readAudit(RECEIVER, books.redis)).every(({ difference }) => difference === 0)).toBe(true);
  const letters: DeadLetterEntry<RejectedEvent>[] = [];
  for await (const each of readDeadLetters<RejectedEvent>(RECEIVER, books.redis)) letters.push(each);
  const away = new ShardReplay(RECEIVER, '1', books.redis);
  expect(await away.apply({ taken: letters.slice(0, 3) })).toBe(true);
  await away.close();
  expect(await readDeadLetterCounts(RECEIVER, books.redis)).toEqual([
    {
      day: new Date(letters[4]!.at).toISOString().slice(0, 10),
      letters: 2,
      fingerprint: { reason: 'invalid_json', rule: '' },
    },
  ]);
  await expectToBeCounted(RECEIVER, books.redis);
  await books.writer.close();
});

test('of one day so many fingerprints are told apart, and the rest is one', async () => {
  const books = await open();
  const { destination, redis } = books;
  const letters = Array.from({ length: 205 }, (_, index) => ({
    id: `${destination}/${86_400_000 * 20_000 + index}-0`,
    reason: 'unmapped',
    bucket: '400000/web',
    letter: { rule: `rule-${index}`, source: 'web', tries: {} },
  }));
  const run = { run: '1', what: 'restored' as const, by: 'ops' };
  await importDeadLetters(destination, redis, letters, run);
  const counts = await readDeadLetterCounts(destination, redis);
  expect(counts).toHaveLength(201);
  expect(counts.find(({ fingerprint }) => fingerprint === null)).toEqual({
    day: '2024-10-04',
    fingerprint: null,
    letters: 5,
  });
  const all = await books.letters();
  await discardDeadLetters(destination, redis, [...all.slice(0, 10), all.at(-1)!], {
    ...run,
    run: '2',
    what: 'discarded',
  });
  const after = await readDeadLetterCounts(destination, redis);
  expect(after.find(({ fingerprint }) => fingerprint === null)).toMatchObject({ letters: 4 });
  expect(after).toHaveLength(191);
  await discardDeadLetters(destination, redis, await books.letters(), {
    ...run,
    run: '3',
    what: 'discarded',
  });
  expect(await redis.exists(books.keys.fingerprints)).toBe(0);
  await books.writer.close();
});
