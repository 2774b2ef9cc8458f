import { afterAll, describe, expect, test } from '@jest/globals';
import {
  claimProbe,
  createMemoryGateStore,
  decideGate,
  type Gate,
  type GateStore,
  gateAfterFailure,
  gateAfterRateLimit,
  gateAfterRefusal,
  OPEN_GATE,
} from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { connectConsumer, createGateStore } from '../src/index.js';
import { queueKeys } from '../src/keys.js';
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
        const store = await createGateStore(destination, suite.connect(), Date.now);
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
    for (let i = 0; i < 5; i += 1) await stores[0]!.update((gate) => gateAfterFailure(gate, 1_000, 0.5));
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

  /** A gate by a connection such as a worker has. */
  async function open(url = suite.url) {
    const destination = `gate-${++names}`;
    const redis = connectConsumer(url, () => {});
    const store = await createGateStore(destination, redis, Date.now);
    closing.push(() => {
      redis.disconnect();
      return store.close();
    });
    const decide = () => decideGate(store.current(), Date.now()).may;
    const write = (gate: Gate) => suite.connect().set(queueKeys(destination).gate, JSON.stringify(gate));
    return { store, decide, write, key: queueKeys(destination).gate };
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
    const { store, decide, write } = await open(way.url);
    await write(HELD);
    await waitFor(() => store.current().hold, { what: 'the hold to be seen' });
    way.cut();
    await write(OPEN_GATE);
    await waitFor(() => decide() === 'send', { what: 'the gate to open' });
  });

  test('knows a change that was sent twice as its own', async () => {
    const way = await openWay(suite.redis.port);
    const { store, write, key } = await open(way.url);
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
