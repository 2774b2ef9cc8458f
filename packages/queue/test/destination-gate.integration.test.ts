import { afterEach, expect, test } from '@jest/globals';
import {
  claimProbe,
  decideGate,
  type Gate,
  type GateStore,
  gateAfterAnswer,
  gateAfterHold,
  gateAfterMended,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterResume,
} from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { changeGate, createDestinationGate, createGateStore, lookAtDestinationGate } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';

const suite = useRedis();
const closing: GateStore[] = [];
let names = 0;

afterEach(async () => {
  for (const store of closing.splice(0)) await store.close();
});

/** Two destinations of one billing account, as one worker opens them. */
async function openWorker(first: string, second: string) {
  const redis = suite.connect();
  const gate = await createGateStore(first, redis, { now: Date.now });
  const account = { name: first, gate };
  const [one, other] = await Promise.all(
    [first, second].map((name) => createDestinationGate(name, account, redis, { now: Date.now })),
  );
  closing.push(gate, one!, other!);
  return { redis, first: one!, second: other! };
}

function fresh(): [first: string, second: string] {
  names += 1;
  return [`tokens-${names}`, `seats-${names}`];
}

const may = (store: GateStore) => decideGate(store.current(), Date.now()).may;
const byHand = (gate: Gate) => gateAfterHold(gate, { reason: 'wrong mapping', by: 'ops' }, Date.now());
const refused = (gate: Gate) => gateAfterRefusal(gate, 'unauthorized', 'HTTP 401', Date.now());

test('what the API says to one destination stops both, in every worker, and one probe opens both', async () => {
  const [tokens, seats] = fresh();
  const [one, other] = [await openWorker(tokens, seats), await openWorker(tokens, seats)];
  await one.second.update(refused);
  expect([may(one.first), may(one.second)]).toEqual(['wait', 'wait']);
  await waitFor(() => may(other.first) === 'wait' && may(other.second) === 'wait', {
    what: 'the other worker',
  });

  // A minute later each of the four may ask, and one does.
  const due = (gate: Gate) => ({ ...gate, hold: { ...gate.hold!, nextProbeAt: 0 } });
  await one.first.update(due);
  const stores = [one.first, one.second, other.first, other.second];
  const claimed = await Promise.all(
    stores.map((store) => store.update((gate) => claimProbe(gate, Date.now()))),
  );
  expect(claimed.filter((gate) => gate !== null)).toHaveLength(1);
  await other.second.update(gateAfterAnswer);
  await waitFor(() => stores.every((store) => may(store) === 'send'), { what: 'all to go on' });
});

test('a pause that one was told is kept by both', async () => {
  const { first, second } = await openWorker(...fresh());
  const until = Date.now() + 60_000;
  await first.update((gate) => gateAfterRateLimit(gate, until));
  expect(second.current().pausedUntil).toBe(until);
});

test('an answer that changes nothing is not written', async () => {
  const [tokens, seats] = fresh();
  const { redis, first, second } = await openWorker(tokens, seats);
  for (const store of [first, second]) await store.update(gateAfterAnswer);
  expect(await redis.exists(...[tokens, seats].map((name) => queueKeys(name).gate))).toBe(0);
});

test.each(['first', 'second'] as const)('a hold by hand is of the %s destination alone', async (which) => {
  const held = fresh();
  const [tokens, seats] = held;
  const { redis, ...stores } = await openWorker(tokens, seats);
  const name = which === 'first' ? tokens : seats;
  const free = which === 'first' ? 'second' : 'first';
  await changeGate(name, redis, 0, byHand);
  await waitFor(() => may(stores[which]) === 'wait', { what: 'the hold' });
  expect(may(stores[free])).toBe('send');
  expect((await lookAtDestinationGate(name, tokens, redis)).handHold).toMatchObject({ by: 'ops' });

  // Whoever writes what the API said leaves it where it is.
  await stores[free].update((gate) => gateAfterRateLimit(gate, 5_000));
  await stores[which].update(refused);
  await stores[free].update(gateAfterAnswer);
  expect(stores[which].current()).toMatchObject({ handHold: { by: 'ops' }, hold: null, pausedUntil: 5_000 });
  expect(stores[free].current()).toMatchObject({ handHold: null, hold: null, pausedUntil: 5_000 });
  for (const each of held) {
    const { handHold } = await lookAtDestinationGate(each, tokens, redis);
    expect(handHold !== null).toBe(each === name);
  }
  await changeGate(name, redis, 0, gateAfterResume);
  await waitFor(() => may(stores[which]) === 'send', { what: 'it to go on' });
});

test('who ends what an answer held leaves the hold by hand of another destination', async () => {
  const [tokens, seats] = fresh();
  const { redis, first, second } = await openWorker(tokens, seats);
  await changeGate(tokens, redis, 0, byHand);
  await second.update(refused);
  await changeGate(tokens, redis, 0, gateAfterMended);
  await waitFor(() => may(second) === 'send', { what: 'the second to go on' });
  expect(first.current()).toMatchObject({ hold: null, handHold: { reason: 'wrong mapping' } });
});

test('of a second destination’s own gate only the hold by hand counts', async () => {
  const [tokens, seats] = fresh();
  const redis = suite.connect();
  // As a worker wrote it for which each destination had a gate, and a person.
  await changeGate(seats, redis, 0, (gate) => gateAfterRateLimit(refused(gate), Date.now() + 60_000));
  const { first, second } = await openWorker(tokens, seats);
  expect([may(first), may(second)]).toEqual(['send', 'send']);
  expect(await lookAtDestinationGate(seats, tokens, redis)).toMatchObject({ hold: null, pausedUntil: 0 });
  await changeGate(seats, redis, 0, byHand);
  await waitFor(() => may(second) === 'wait', { what: 'the hold' });
});

test('while its own gate cannot be asked a destination waits', async () => {
  const [tokens, seats] = fresh();
  const redis = suite.connect();
  const gate = await createGateStore(tokens, redis, { now: Date.now });
  const gone = suite.connect();
  const second = await createDestinationGate(seats, { name: tokens, gate }, gone, { now: Date.now });
  closing.push(gate, second);
  expect(may(second)).toBe('send');
  gone.disconnect();
  await waitFor(() => may(second) === 'wait', { what: 'it to wait' });
  expect(decideGate(gate.current(), Date.now()).may).toBe('send');
});
