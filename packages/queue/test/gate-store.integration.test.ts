import { afterAll, describe, expect, test } from '@jest/globals';
import {
  claimProbe,
  createMemoryGateStore,
  type GateStore,
  gateAfterFailure,
  gateAfterRateLimit,
  gateAfterRefusal,
  OPEN_GATE,
} from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { createGateStore } from '../src/index.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});
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
        const store = await createGateStore(destination, suite.connect());
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
