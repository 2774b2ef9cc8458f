import { afterAll, describe, expect, test } from '@jest/globals';
import {
  claimProbe,
  decideGate,
  type Gate,
  type GateStore,
  gateAfterFailure,
  gateAfterHold,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterResume,
  OPEN_GATE,
} from '@meterbridge/delivery';
import { createMemoryGateStore, useRedis, waitFor } from '@meterbridge/testing';
import { changeGate, connectConsumer, createGateStore, lookAtGate } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { useRedisWays } from './redis-way.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});
const openWay = useRedisWays();
const suite = useRedis();
let names = 0;

/** Each kind gives stores that share one gate, as many workers would. */
const kinds: [string, () => () => Promise<GateStore>][] = [
  [
    'memory',
    () => {
      const store = createMemoryGateStore();
      return async () => store;
    },
  ],
  [
    'Redis',
    () => {
      const destination = `gate-${++names}`;
      return async () => {
        const store = await createGateStore(destination, suite.connect(), { now: Date.now });
        closing.push(() => store.close());
        return store;
      };
    },
  ],
];

describe.each(kinds)('a gate kept in %s', (_kind, shared) => {
  test('is open at first', async () => {
    expect((await shared()()).current()).toEqual(OPEN_GATE);
  });

  test('is seen by every worker', async () => {
    const open = shared();
    const [one, other] = [await open(), await open()];
    await one.update((gate) => gateAfterRefusal(gate, 'unauthorized', 'Unauthorized', 1_000));
    await waitFor(() => other.current().hold?.code === 'unauthorized', { what: 'the other to see it' });
  });

  test('is known to a worker that starts later, from the first moment', async () => {
    const open = shared();
    await (await open()).update((gate) => gateAfterRefusal(gate, 'forbidden', 'Forbidden', 1_000));
    expect((await open()).current().hold?.code).toBe('forbidden');
  });

  test('loses no change of workers that change it at once', async () => {
    const open = shared();
    const stores = await Promise.all(Array.from({ length: 8 }, open));
    await Promise.all(
      stores.map((store) => store.update((gate) => ({ ...gate, pausedUntil: gate.pausedUntil + 1 }))),
    );
    await waitFor(() => stores.every((store) => store.current().pausedUntil === 8), {
      what: 'all eight changes',
    });
  });

  test('gives the probe to one worker only', async () => {
    const open = shared();
    const stores = await Promise.all(Array.from({ length: 8 }, open));
    const failure = { code: 'connection', cause: 'ECONNREFUSED', at: 1_000 } as const;
    for (let i = 0; i < 5; i += 1) await stores[0]!.update((gate) => gateAfterFailure(gate, failure, 0.5));
    expect((await open()).current().lastFailure).toEqual(failure);
    const claims = await Promise.all(stores.map((store) => store.update((gate) => claimProbe(gate, 60_000))));
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('tells that nothing was to change', async () => {
    const store = await shared()();
    expect(await store.update(() => null)).toBeNull();
    expect(await store.update((gate) => gate)).toEqual(OPEN_GATE);
    expect(await store.update((gate) => gateAfterRateLimit(gate, 5))).toMatchObject({ pausedUntil: 5 });
  });
});

describe('a gate kept in Redis', () => {
  const HELD = gateAfterRefusal(OPEN_GATE, 'unauthorized', 'Unauthorized', Date.now());

  type Opening = { url?: string; onChange?: (gate: Gate, before: Gate) => void };

  /** A gate by a connection such as a worker has. */
  async function open({ url = suite.url, onChange = () => {} }: Opening = {}) {
    const destination = `gate-${++names}`;
    const redis = connectConsumer(url, () => {});
    const store = await createGateStore(destination, redis, { now: Date.now, onChange });
    closing.push(() => {
      redis.disconnect();
      return store.close();
    });
    const decide = () => decideGate(store.current(), Date.now()).may;
    const write = (gate: Gate) => suite.connect().set(queueKeys(destination).gate, JSON.stringify(gate));
    return { store, decide, write, redis, destination, key: queueKeys(destination).gate };
  }

  test('is not believed by a process that stood still, until it has looked again', async () => {
    const { store, decide, write } = await open();
    expect(decide()).toBe('send');
    const written = write(HELD);
    // The event loop stands still, as a frozen process does; Redis does not.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    expect(decide()).toBe('wait');
    expect(store.current().hold).toBeNull();
    await written;
    await waitFor(() => store.current().hold, { what: 'the hold to be seen' });
    expect(decide()).toBe('wait');
  });

  test('is shut while Redis cannot be asked, and opens by itself when it can', async () => {
    const { decide } = await open();
    await suite.redis.kill('SIGSTOP');
    try {
      await waitFor(() => decide() === 'wait', { what: 'the gate to shut' });
    } finally {
      await suite.redis.kill('SIGCONT');
    }
    await waitFor(() => decide() === 'send', { what: 'the gate to open' });
  });

  test('is read as the versions before wrote it, who knew no hold by hand and no last failure', async () => {
    const { store, decide, redis, key } = await open();
    await redis.set(
      key,
      '{"pausedUntil":0,"hold":{"code":"forbidden","detail":"Forbidden","since":1,"nextProbeAt":2},"breaker":{"state":"closed","failures":3},"id":"7c2b"}',
    );
    await waitFor(() => store.current().hold, { what: 'the hold to be seen' });
    expect(store.current()).toEqual({
      pausedUntil: 0,
      hold: { code: 'forbidden', detail: 'Forbidden', since: 1, nextProbeAt: 2 },
      handHold: null,
      breaker: { state: 'closed', failures: 3 },
      lastFailure: null,
      accepted: {},
      refused: [],
    });
    expect(decide()).toBe('probe');
  });

  test('is held and let go by hand, and every store is told, however often workers change it meanwhile', async () => {
    const seen: (string | undefined)[] = [];
    const { store, decide, redis, destination } = await open({
      onChange: ({ handHold }, before) => {
        if (handHold?.reason !== before.handHold?.reason) seen.push(handHold?.reason);
      },
    });
    let isOver = false;
    const working = (async () => {
      for (let at = 1; !isOver; at += 1) await store.update((gate) => gateAfterRateLimit(gate, at));
    })();
    const hold = (gate: Gate) => gateAfterHold(gate, { reason: 'wrong mapping', by: 'ops' }, Date.now());
    expect((await changeGate(destination, redis, 0, hold)).before.handHold).toBeNull();
    await waitFor(() => store.current().handHold, { what: 'the hold to be seen' });
    expect(decide()).toBe('wait');
    expect(store.current().pausedUntil).toBeGreaterThan(0);
    expect((await lookAtGate(destination, redis)).handHold).toMatchObject({ by: 'ops' });
    // It is there from the first look on for who comes later.
    const late = await createGateStore(destination, redis, { now: Date.now });
    closing.push(() => late.close());
    expect(late.current().handHold?.reason).toBe('wrong mapping');
    await changeGate(destination, redis, 0, gateAfterResume);
    isOver = true;
    await working;
    await waitFor(() => decide() === 'send', { what: 'the gate to open' });
    expect(seen).toEqual(['wrong mapping', undefined]);
  });

  test('that cannot be written does not look as if it were held', async () => {
    const { redis, destination } = await open();
    const hold = (gate: Gate) => gateAfterHold(gate, { reason: 'r', by: 'b' }, Date.now());
    await redis.config('SET', 'maxmemory', '1');
    try {
      await expect(changeGate(destination, redis, 0, hold)).rejects.toMatchObject({ code: 'store_full' });
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    expect((await lookAtGate(destination, redis)).handHold).toBeNull();
  });

  test('stays held through a restart of Redis, and one that was flushed is open', async () => {
    const { store, decide } = await open();
    await store.update((gate) => gateAfterRefusal(gate, 'unauthorized', 'Unauthorized', Date.now()));
    await suite.redis.kill('SIGKILL');
    await suite.redis.restart();
    await waitFor(async () => (await store.update((gate) => ({ ...gate }))) !== null, { what: 'Redis' });
    expect(store.current().hold).not.toBeNull();
    expect(decide()).toBe('wait');
    await suite.connect().flushall();
    await waitFor(() => decide() === 'send', { what: 'the gate to open' });
  });

  test('opens when another opened it while the way to Redis was gone', async () => {
    const way = await openWay(suite.redis.port);
    const { store, decide, write } = await open({ url: way.url });
    await write(HELD);
    await waitFor(() => store.current().hold, { what: 'the hold to be seen' });
    way.cut();
    await write(OPEN_GATE);
    await waitFor(() => decide() === 'send', { what: 'the gate to open' });
  });

  test('knows a change that was sent twice as its own', async () => {
    const way = await openWay(suite.redis.port);
    const { store, write, key } = await open({ url: way.url });
    await write(gateAfterRefusal(OPEN_GATE, 'unauthorized', 'Unauthorized', Date.now() - 60_000));
    await waitFor(() => store.current().hold, { what: 'the hold to be seen' });
    // Redis takes the claim, and the connection ends before its answer.
    const before = await suite.connect().get(key);
    way.swallowAnswers();
    const claim = store.update((gate) => claimProbe(gate, Date.now()));
    await waitFor(async () => (await suite.connect().get(key)) !== before, { what: 'the claim in Redis' });
    way.cut();
    expect(await claim).not.toBeNull();
  });
});
