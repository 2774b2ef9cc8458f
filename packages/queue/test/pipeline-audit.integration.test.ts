import { describe, expect, test } from '@jest/globals';
import { type DeadLetter, type Outcome, reviveDeadLetter } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import {
  type AuditLine,
  type DeadLetterEntry,
  DeliveryWriter,
  RECEIVER,
  type RejectedEvent,
  readAccount,
  readAudit,
  readDeadLetters,
  ShardReplay,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { HOUR, lettersOf, longAgo, refused } from './dead-line.js';
import { anEvent, makeLines } from './pipeline-line.js';
import { revive } from './revive.js';

const open = makeLines(() => suite);
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;

function replay(line: Line, letters: DeadLetterEntry<DeadLetter>[]): Promise<boolean> {
  const deliveries = letters.map(({ letter, at }) => reviveDeadLetter(letter, at));
  return revive(line.destination, line.redis, letters, deliveries);
}

/** A line of the audit in a word, as far as it is not zero. */
function say(lines: AuditLine[]): string[] {
  return lines.map(({ hour, source, destination: _, ...counts }) => {
    const some = Object.entries(counts).filter(([, count]) => count !== 0);
    return `${hour ?? '-'}/${source ?? '-'}: ${some.map((each) => each.join(' ')).join(', ')}`;
  });
}

const sum = (lines: AuditLine[], count: 'accepted' | 'delivered' | 'inFlight' | 'difference') =>
  lines.reduce((total, line) => total + Math.abs(line[count]), 0);

describe('the account by hour and source', () => {
  test('is told apart from the first write on: sources in one job, filtered events, in flight', async () => {
    const line = await open(undefined, {}, longAgo);
    await Promise.all([line.write(60), line.write(30, ['usage'], 'web'), line.write(5, [], 'web')]);
    await waitFor(async () => (await line.account()).filtered === 5, { what: 'the count' });
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 60, inFlight 60',
      '400000/web: accepted 35, filtered 5, inFlight 30',
    ]);
    const worker = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 60, delivered 60',
      '400000/web: accepted 35, delivered 30, filtered 5',
    ]);
    await worker.close();
  });

  test('tells the hours apart in which a receiver accepted', async () => {
    let now = HOUR * 3_600_000 - 1;
    const line = await open(undefined, {}, { now: () => now });
    await line.write(10);
    now += 1;
    await line.write(20);
    const worker = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual([
      '399999/backend: accepted 10, delivered 10',
      '400000/backend: accepted 20, delivered 20',
    ]);
    await worker.close();
  });

  test('counts each outcome in the hour of acceptance, through retries, death and replay', async () => {
    const tried = new Map<string, number>();
    let mended = false;
    const line = await open(
      async (deliveries) =>
        deliveries.map(({ event }): Outcome => {
          if (mended) return { outcome: 'delivered' };
          const tries = (tried.get(event.messageId) ?? 0) + 1;
          tried.set(event.messageId, tries);
          if (tries < 3) return { outcome: 'failed', code: 'timeout' };
          const which = Number(event.messageId.split('-').at(-1)) % 3;
          return [refused, { outcome: 'duplicate' } as const, { outcome: 'delivered' } as const][which]!;
        }),
      {},
      longAgo,
    );
    await Promise.all([line.write(30), line.write(30, ['usage'], 'web')]);
    const worker = line.start();
    expect(await line.settled()).toMatchObject({ accepted: 60, dead: 20, duplicate: 20, difference: 0 });
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 10, duplicate 10, dead 10',
      '400000/web: accepted 30, delivered 10, duplicate 10, dead 10',
    ]);
    await worker.close();
    mended = true;
    await replay(line, await lettersOf(line));
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 10, duplicate 10, inFlight 10',
      '400000/web: accepted 30, delivered 10, duplicate 10, inFlight 10',
    ]);
    const next = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 20, duplicate 10',
      '400000/web: accepted 30, delivered 20, duplicate 10',
    ]);
    await next.close();
  });

  test('a letter that two replays want is put back by one of them, and every hour adds up', async () => {
    const line = await open(async (deliveries) => deliveries.map(() => refused), {}, longAgo);
    await line.write(40);
    const worker = line.start();
    await line.settled();
    await worker.close();
    const letters = await lettersOf(line);
    const both = await Promise.all([replay(line, letters), replay(line, letters.slice(0, 10))]);
    const count = both[0] ? 40 : 10;
    expect(both.toSorted()).toEqual([false, true]);
    expect(await line.account()).toMatchObject({ accepted: 40, inFlight: count, dead: 40 - count });
    const next = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual(['400000/backend: accepted 40, dead 40']);
    await next.close();
  });

  test('a lost job and a lost dead letter show, in the hour of the job', async () => {
    const line = await open(async (deliveries) => deliveries.map(() => refused), {}, longAgo);
    const keys = queueKeys(line.destination);
    await line.write(10);
    const worker = line.start();
    await line.settled();
    await worker.close();
    await line.write(150);
    const [lost] = await line.redis.lrange(keys.bull('wait'), 0, 0);
    const size = Number(await line.redis.hget(keys.job(lost!), 'n'));
    await line.redis.lrem(keys.bull('wait'), 1, lost!);
    expect(sum(await line.audit(), 'difference')).toBe(size);
    expect((await line.audit()).at(-1)).toMatchObject({ hour: HOUR, source: 'backend', difference: size });
    await line.redis.xtrim(keys.deadLetters, 'MAXLEN', 7);
    expect(sum(await line.audit(), 'difference')).toBe(size + 3);
    expect(await line.account()).toMatchObject({ dead: 7, difference: size + 3 });
  });
});

describe("the receiver's own dead letters", () => {
  test('count by source and hour, and leave both sides when they have become deliveries', async () => {
    const line = await open(undefined, {}, longAgo);
    const reject = (source: string): RejectedEvent => ({
      source,
      via: 'tracking',
      reason: 'missing_type',
      detail: 'type',
      raw: {},
      receivedAt: '2015-08-19T00:00:00.000Z',
    });
    await line.writer.commit([], [reject('backend'), reject('unknown'), reject('unknown')]);
    const audit = async () => say(await readAudit(RECEIVER, line.redis));
    expect(await audit()).toEqual([
      '400000/backend: accepted 1, dead 1',
      '400000/unknown: accepted 2, dead 2',
    ]);
    const letters = [];
    for await (const entry of readDeadLetters<RejectedEvent>(RECEIVER, line.redis)) letters.push(entry);
    const taken = letters.filter(({ letter }) => letter.source === 'unknown');
    const lane = new ShardReplay(RECEIVER, 'test', line.redis);
    expect(await lane.apply({ taken })).toBe(true);
    expect(await lane.apply({ taken })).toBe(false);
    expect(await audit()).toEqual(['400000/backend: accepted 1, dead 1']);
    expect(await readAccount(RECEIVER, line.redis)).toMatchObject({ accepted: 1, dead: 1, difference: 0 });
  });
});

describe('every hour adds up', () => {
  test('at each look, with several writers and workers, retries, deaths and replays', async () => {
    let calls = 0;
    const line = await open(async (deliveries) =>
      deliveries.map((): Outcome => {
        calls += 1;
        if (calls % 50 === 0) return refused;
        if (calls % 7 === 0) return { outcome: 'failed', code: 'timeout' };
        return calls % 5 === 0 ? { outcome: 'duplicate' } : { outcome: 'delivered' };
      }),
    );
    const workers = [line.start(), line.start(), line.start()];
    const sources = ['backend', 'web', 'mobile'];
    const writing = Promise.all(
      sources.map(async (source) => {
        for (let i = 0; i < 30; i += 1) {
          await Promise.all([line.write(40, ['usage', 'users'], source), line.write(3, [], source)]);
          if (i % 10 === 9) await replay(line, await lettersOf(line));
        }
      }),
    );
    let isWriting = true;
    let looks = 0;
    const looking = (async () => {
      while (isWriting) {
        const lines = await line.audit();
        expect(lines.filter(({ difference }) => difference !== 0)).toEqual([]);
        looks += 1;
      }
    })();
    await writing;
    isWriting = false;
    await looking;
    expect(looks).toBeGreaterThan(20);
    await line.settled();
    await line.writer.close();
    const lines = await line.audit();
    expect([...new Set(lines.map(({ source }) => source))].sort()).toEqual([...sources].sort());
    expect(lines.filter(({ difference, inFlight }) => difference !== 0 || inFlight !== 0)).toEqual([]);
    expect(sum(lines, 'accepted')).toBeGreaterThanOrEqual(3 * 30 * 83);
    await Promise.all(workers.map((worker) => worker.close()));
  });

  test('after a Redis that was killed in the middle of commits and settlements', async () => {
    const line = await open(undefined, { lockMs: 2_000 });
    const workers = [line.start(), line.start()];
    await line.write(10);
    const event = () => ({ source: 'backend', event: anEvent(), timeFromReceipt: false });
    const writers = [0, 1].map(
      () => new DeliveryWriter({ redis: line.producer, destinations: [line.destination, 'beside'] }),
    );
    let failed = 0;
    let stored = 0;
    let isDown = false;
    const writing = writers.map(async (writer) => {
      for (let i = 0; i < 60 || failed === 0; i += 1) {
        const routes = [line.destination, 'beside'].map((destination) => ({ destination, rules: ['usage'] }));
        const batch = Array.from({ length: 50 }, () => ({ ...event(), routes }));
        // As a sender does: the same again until it is told 200.
        await waitFor(
          () =>
            writer.commit(batch, []).then(
              () => true,
              () => {
                failed += 1;
                return !isDown && undefined;
              },
            ),
          { what: 'the commit' },
        );
        stored += 50;
        if (stored === 1_000) {
          isDown = true;
          void suite.redis.kill('SIGKILL').then(async () => {
            await suite.redis.restart();
            isDown = false;
          });
        }
      }
    });
    await Promise.all(writing);
    expect(failed).toBeGreaterThan(0);
    await waitFor(async () => (await line.account()).inFlight === 0, {
      what: 'everything to be settled',
    });
    for (const name of [line.destination, 'beside']) {
      const lines = await readAudit(name, line.redis);
      expect(lines.filter(({ difference }) => difference !== 0)).toEqual([]);
      expect(sum(lines, 'accepted')).toBeGreaterThanOrEqual(stored);
    }
    await Promise.all([...workers, ...writers].map((each) => each.close()));
  });
});
