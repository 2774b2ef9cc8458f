import { describe, expect, test } from '@jest/globals';
import { type Outcome, reviveDeadLetter } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import {
  createReplay,
  findOpenReplays,
  findReplay,
  listReplays,
  RECEIVER,
  type RejectedEvent,
  type ReplayRecord,
  readAccount,
  rejectionName,
  releaseReplay,
  renewReplay,
  resumeReplay,
  ShardReplay,
  stopReplay,
  takeReplay,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { lettersOf, refused } from './dead-line.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

const streamIdOf = ({ id }: { id: string }) => id.split('/')[1]!;

/** A destination with dead letters, a replay's lane in it, and how its steps over letters are made. */
async function openDead(count: number, replayId = '1') {
  const line = await open(async (deliveries) => deliveries.map(() => refused));
  await line.write(count);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const letters = await lettersOf(line);
  const lane = new ShardReplay(line.destination, replayId, line.redis);
  const step = (some: typeof letters, from: string) => ({
    deliveries: some.map(({ letter, at }) => reviveDeadLetter(letter, at)),
    taken: some,
    from,
    through: streamIdOf(some.at(-1)!),
  });
  const jobs = () => line.redis.zcard(queueKeys(line.destination).bull('prioritized'));
  return { ...line, letters, lane, step, jobs };
}

describe('a step of a replay', () => {
  test('moves letters, account and position together; sent twice it happens once', async () => {
    const { lane, step, letters, jobs, ...line } = await openDead(130);
    const first = step(letters.slice(0, 120), '');
    expect(await lane.apply({ ...first, left: { 'would fail again': 3 } })).toBe(true);
    expect(await lane.apply(first)).toBe(false);
    const account = { accepted: 130, dead: 10, inFlight: 120, difference: 0, deadByReason: { refused: 10 } };
    expect(await line.account()).toMatchObject(account);
    expect(await jobs()).toBe(2);
    const position = streamIdOf(letters[119]!);
    expect(await lane.progress()).toEqual({
      position,
      replayed: 120,
      deliveries: 120,
      duplicates: 0,
      left: { 'would fail again': 3 },
    });
    expect(await lane.inFlight()).toBe(120);
    expect(await lane.apply({ left: { 'would fail again': 7 }, from: position, through: '9-9' })).toBe(true);
    expect(await lane.progress()).toMatchObject({ position: '9-9', left: { 'would fail again': 10 } });

    const worker = line.start({ attempt: async (deliveries) => delivered(deliveries) });
    expect(await line.settled()).toMatchObject({ accepted: 130, delivered: 120, dead: 10, difference: 0 });
    expect(await lane.inFlight()).toBe(0);
    for (const { difference } of await line.audit()) expect(difference).toBe(0);
    await worker.close();
    await lane.close();
  });

  test('does nothing where somebody else has taken one of its letters, or goes on with the replay', async () => {
    const { lane, step, letters, jobs, ...line } = await openDead(20);
    const other = new ShardReplay(line.destination, '2', line.redis);
    expect(await other.apply(step(letters.slice(5, 6), ''))).toBe(true);
    expect(await lane.apply(step(letters.slice(0, 10), ''))).toBe(false);
    expect(await lane.progress()).toEqual({
      position: '',
      replayed: 0,
      deliveries: 0,
      duplicates: 0,
      left: {},
    });
    expect(await line.account()).toMatchObject({ accepted: 20, dead: 19, inFlight: 1, difference: 0 });
    expect(await jobs()).toBe(1);

    const rest = letters.filter((_, index) => index !== 5);
    const [a, b] = [rest.slice(0, 10), rest.slice(10)];
    const outcomes = await Promise.all([
      lane.apply(step(a, '')),
      lane.apply(step(a, '')),
      lane.apply(step(b, streamIdOf(a.at(-1)!))),
      lane.apply(step(b, '')),
    ]);
    expect(outcomes).toEqual([true, false, true, false]);
    expect(await line.account()).toMatchObject({ accepted: 20, dead: 0, inFlight: 20, difference: 0 });
    expect(await jobs()).toBe(3);
    await Promise.all([lane.close(), other.close()]);
  });

  test('is told of its duplicates as long as it is remembered, and not begun again by them', async () => {
    const { lane, step, letters, ...line } = await openDead(4);
    const { replay } = queueKeys(line.destination);
    const take = (some: typeof letters, from: string) => {
      const { deliveries, ...rest } = step(some, from);
      const revived = deliveries.map(({ history, ...delivery }) => ({
        ...delivery,
        history: history!.map((life) => ({ ...life, replay: '1' })),
      }));
      return lane.apply({ ...rest, deliveries: revived });
    };
    const attempt = async () =>
      (['older_rule', 'not_compared'] as const).map((found): Outcome => ({ outcome: 'duplicate', found }));
    expect(await take(letters.slice(0, 2), '')).toBe(true);
    const worker = line.start({ attempt });
    await line.settled();
    await worker.close();
    expect(await lane.progress()).toMatchObject({ deliveries: 2, duplicates: 2 });

    expect(await take(letters.slice(2), streamIdOf(letters[1]!))).toBe(true);
    await line.redis.del(replay('1'));
    const second = line.start({ attempt });
    expect(await line.settled()).toMatchObject({ duplicate: 4, olderRule: 2, notCompared: 2, difference: 0 });
    expect(await line.redis.exists(replay('1'))).toBe(0);
    await Promise.all([second.close(), lane.close()]);
  });

  test('leaves everything as it was where Redis has no room for the job', async () => {
    const { lane, step, letters, jobs, ...line } = await openDead(10);
    expect(await lane.apply(step(letters.slice(0, 1), ''))).toBe(true);
    const next = step(letters.slice(1), streamIdOf(letters[0]!));
    await line.redis.config('SET', 'maxmemory', '1');
    await expect(lane.apply(next)).rejects.toThrow();
    await line.redis.config('SET', 'maxmemory', '0');
    expect(await line.account()).toMatchObject({ accepted: 10, dead: 9, inFlight: 1, difference: 0 });
    expect(await lane.apply(next)).toBe(true);
    expect(await line.account()).toMatchObject({ accepted: 10, dead: 0, inFlight: 10, difference: 0 });
    expect(await jobs()).toBe(2);
    await lane.close();
  });

  test("puts the receiver's letters on another queue once, and then takes them away", async () => {
    const line = await open();
    const reject = (): RejectedEvent => ({
      source: 'backend',
      via: 'tracking',
      reason: 'too_large',
      detail: 'too large',
      raw: anEvent(),
      receivedAt: '2026-08-01T00:00:00.000Z',
    });
    await line.writer.commit([], [reject(), reject(), reject()]);
    const letters = await lettersOf<RejectedEvent>({ destination: RECEIVER, redis: suite.connect() });
    const rejections = letters.map(rejectionName);
    const lane = new ShardReplay(line.destination, '1', line.redis);
    const receiver = new ShardReplay(RECEIVER, '1', line.redis);
    const hour = 400_000;
    const deliveries = [0, 1].map(() => ({ rule: 'usage', source: 'backend', event: anEvent(), hour }));
    const add = { deliveries, filtered: { [`${hour}/backend`]: 1 }, rejections };
    expect(await lane.apply(add)).toBe(true);
    // As a process does that goes on where another was killed between the two.
    expect(await lane.apply(add)).toBe(false);
    expect(await lane.lastRejections()).toEqual(rejections);
    expect(await line.account()).toMatchObject({ accepted: 3, filtered: 1, inFlight: 2, difference: 0 });
    expect(await line.audit()).toMatchObject([
      { hour, accepted: 3, filtered: 1, inFlight: 2, difference: 0 },
    ]);
    const away = { taken: letters, from: '', through: streamIdOf(letters.at(-1)!) };
    expect(await receiver.apply(away)).toBe(true);
    expect(await receiver.apply(away)).toBe(false);
    expect(await readAccount(RECEIVER, line.redis)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
    expect(await receiver.progress()).toMatchObject({ replayed: 3, deliveries: 0 });
    expect(await lane.progress()).toMatchObject({ replayed: 0, deliveries: 2 });
    expect(await line.redis.exists(`${queueKeys(RECEIVER).prefix}:deliveries:meta`)).toBe(0);
    await lane.close();
  });
});

describe('what is kept of a replay', () => {
  const begin = {
    by: 'someone@here',
    what: { reason: 'unmapped' },
    lanes: [{ destination: 'lago', through: '1-0' }],
  };

  test('is taken by one worker at a time, and by another one when that is not heard of', async () => {
    const redis = suite.connect();
    const id = await createReplay(redis, begin);
    expect(await findReplay(redis, id)).toMatchObject({ id, state: 'waiting', endedAt: null, ...begin });
    expect(await findOpenReplays(redis)).toContain(id);
    const taken = await Promise.all(['a', 'b', 'c'].map((holder) => takeReplay(redis, id, holder)));
    expect(taken).toEqual([true, false, false]);
    expect((await findReplay(redis, id))!.state).toBe('running');
    expect(await findOpenReplays(redis)).not.toContain(id);
    expect(await renewReplay(redis, id, 'a')).toBe('kept');
    expect(await renewReplay(redis, id, 'b')).toBe('lost');

    await waitFor(async () => (await findReplay(redis, id))!.state === 'waiting', { what: 'the silence' });
    // A worker that was only slow goes on, as long as no other has.
    expect(await renewReplay(redis, id, 'a')).toBe('kept');
    expect((await findReplay(redis, id))!.state).toBe('running');
    await waitFor(async () => takeReplay(redis, id, 'b'), { what: 'the silence' });
    expect(await renewReplay(redis, id, 'a')).toBe('lost');
    await releaseReplay(redis, id, 'a', 'stopped');
    expect((await findReplay(redis, id))!.state).toBe('running');
    await releaseReplay(redis, id, 'b', 'done');
    const done = (await findReplay(redis, id)) as ReplayRecord<unknown>;
    expect(done).toMatchObject({ state: 'done' });
    expect(done!.endedAt).toBeGreaterThanOrEqual(done!.startedAt);
    expect(await takeReplay(redis, id, 'b')).toBe(false);
    expect(await takeReplay(redis, 'none', 'b')).toBe(false);
    expect(await stopReplay(redis, id)).toBe('done');
    expect(await resumeReplay(redis, id, {})).toBe('done');
  });

  test('is let go of by a worker that drains, for another one at once', async () => {
    const redis = suite.connect();
    const id = await createReplay(redis, begin);
    await takeReplay(redis, id, 'a');
    await releaseReplay(redis, id, 'a', 'waiting');
    expect(await findReplay(redis, id)).toMatchObject({ state: 'waiting', endedAt: null });
    expect(await takeReplay(redis, id, 'b')).toBe(true);
    await releaseReplay(redis, id, 'b', 'stopped', 'Redis is full');
    expect(await findReplay(redis, id)).toMatchObject({ state: 'stopped', problem: 'Redis is full' });
    expect(await resumeReplay(redis, id, { reason: 'refused' })).toBe('resumed');
    const resumed = (await findReplay(redis, id)) as ReplayRecord<unknown>;
    expect(resumed).toMatchObject({ state: 'waiting', endedAt: null, what: { reason: 'refused' } });
    expect(resumed?.problem).toBeUndefined();
    expect(await resumeReplay(redis, id, {})).toBe('waiting');
    await releaseReplay(redis, id, 'none', 'done');
    await stopReplay(redis, id);
  });

  test('is stopped by its worker when that is asked, and at once where there is none', async () => {
    const redis = suite.connect();
    const id = await createReplay(redis, begin);
    await takeReplay(redis, id, 'a');
    expect(await stopReplay(redis, id)).toBe('running');
    expect(await renewReplay(redis, id, 'a')).toBe('stop');
    await releaseReplay(redis, id, 'a', 'stopped');
    expect((await findReplay(redis, id))!.state).toBe('stopped');
    expect(await takeReplay(redis, id, 'b')).toBe(false);

    expect(await resumeReplay(redis, id, begin.what)).toBe('resumed');
    expect(await stopReplay(redis, id)).toBe('stopped');
    expect(await takeReplay(redis, id, 'b')).toBe(false);
  });

  test('that was to stop does not go on in another hand when its worker dies first', async () => {
    const redis = suite.connect();
    const id = await createReplay(redis, begin);
    await takeReplay(redis, id, 'a');
    expect(await stopReplay(redis, id)).toBe('running');
    await waitFor(async () => (await findReplay(redis, id))!.state === 'waiting', { what: 'the silence' });
    expect(await takeReplay(redis, id, 'b')).toBe(false);
    expect((await findReplay(redis, id))!.state).toBe('stopped');
  });

  test('is forgotten with all it kept when a hundred newer ones are there, unless it is still to be done', async () => {
    const redis = suite.connect();
    const { lane, step, letters, destination } = await openDead(1, 'x');
    const waiting = await createReplay(redis, begin);
    const id = await createReplay(redis, begin);
    await stopReplay(redis, id);
    const oldest = new ShardReplay(destination, id, redis);
    await oldest.apply(step(letters, ''));
    for (let i = 0; i < 100; i += 1) await createReplay(redis, begin);
    expect(await findReplay(redis, id)).toBeNull();
    expect((await findReplay(redis, waiting))!.state).toBe('waiting');
    const all = await listReplays(redis);
    expect(all).toHaveLength(101);
    expect(Number(all[0]!.id)).toBe(Number(id) + 100);
    expect(await redis.keys(`*replay:${id}*`)).toEqual([]);
    await Promise.all([lane.close(), oldest.close()]);
  });
});
