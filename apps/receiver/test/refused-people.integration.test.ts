import { afterEach, expect, test } from '@jest/globals';
import { compilePrivacy, compileRefusedPeople, refusalTokens } from '@meterbridge/segment-events';
import { BACKEND_KEY, basic, startReceiver, stopReceivers, track } from './running-receiver.js';

afterEach(stopReceivers);

const KEY = 'the key of the installation';
const people = compileRefusedPeople(new Set(refusalTokens({ userId: 'ann' }, KEY)), KEY);
const COUNTED = { source: 'backend', reason: 'person_refused' };

async function startRefusing() {
  let underWay = 0;
  const refusals = () => {
    underWay += 1;
    return { people, isCurrent: () => true, leave: () => (underWay -= 1) };
  };
  const receiver = await startReceiver({ refusals });
  const send = (body: unknown) => receiver.post('/v1/batch', body, basic(BACKEND_KEY));
  return { ...receiver, send, underWay: () => underWay };
}

test('events of a refused person are answered like any other, counted, and kept nowhere', async () => {
  const receiver = await startRefusing();
  const ann = { userId: 'ann' };
  const batch = [
    track(ann),
    track(),
    track({ type: 'alias', previousId: 'ann', event: undefined }),
    track({ ...ann, type: 'unheard of' }),
    { nested: [ann] },
    track({ properties: { invitedBy: 'ann' } }),
  ];
  const answer = await receiver.send({ batch });
  expect([answer.status, answer.json]).toEqual([200, { success: true }]);
  expect(receiver.received.map(({ event }) => event.userId)).toEqual(['u1', 'u1']);
  expect(receiver.rejected).toEqual([]);
  expect(receiver.notKept).toEqual([{ ...COUNTED, events: 4 }]);
  expect(receiver.told).toEqual(['accepted backend 2', 'answered /v1/batch 200']);
  expect(receiver.underWay()).toBe(0);
});

test('neighbours that are bad hear of themselves alone', async () => {
  const receiver = await startRefusing();
  const answer = await receiver.send({ batch: [track({ userId: 'ann' }), track({ type: 'unheard of' })] });
  expect(answer.json.results).toEqual([
    { status: 'ignored' },
    { status: 'rejected', reason: 'unsupported_type', message: expect.any(String) },
  ]);
  expect(receiver.rejected).toHaveLength(1);
});

test('a body that is no JSON and names the person is a count; one that does not is kept', async () => {
  const receiver = await startRefusing();
  for (const userId of ['ann', 'anne']) {
    expect((await receiver.send(`{"batch":[{"userId":"${userId}"`)).status).toBe(400);
  }
  expect(receiver.notKept).toEqual([{ ...COUNTED, events: 1 }]);
  expect(receiver.rejected.map(({ raw }) => raw)).toEqual(['{"batch":[{"userId":"anne"']);
  expect(receiver.underWay()).toBe(0);
});

test('an id that privacy rules change is found as it came, and as it is stored', async () => {
  const hashed = compilePrivacy({ hash: ['userId'] }, KEY);
  const stored = hashed({ userId: 'bob' }).userId;
  const both = new Set([...refusalTokens({ userId: 'ann' }, KEY), ...refusalTokens({ userId: stored }, KEY)]);
  const receiver = await startReceiver({
    refusals: () => ({ people: compileRefusedPeople(both, KEY), isCurrent: () => true, leave: () => {} }),
    sources: [{ name: 'backend', writeKeys: [BACKEND_KEY], integrationNames: [], applyPrivacy: hashed }],
  });
  const batch = ['ann', 'bob', 'eve'].map((userId) => track({ userId }));
  await receiver.post('/v1/batch', { batch }, basic(BACKEND_KEY));
  expect(receiver.received).toHaveLength(1);
  expect(receiver.notKept).toEqual([{ ...COUNTED, events: 2 }]);
});

test('a commit that fails ends the request’s lease, and its sender comes again', async () => {
  let underWay = 0;
  const receiver = await startReceiver({
    refusals: () => {
      underWay += 1;
      return { people, isCurrent: () => true, leave: () => (underWay -= 1) };
    },
    commit: () => Promise.reject(Object.assign(new Error('away'), { code: 'store_unavailable' })),
  });
  const answer = await receiver.post('/v1/batch', { batch: [track({ userId: 'ann' })] }, basic(BACKEND_KEY));
  expect(answer.status).toBe(503);
  expect(underWay).toBe(0);
});

test('where what it was judged by counts no more, nothing is taken, and its sender comes again', async () => {
  const receiver = await startReceiver({
    refusals: () => ({ people: null, isCurrent: () => false, leave: () => {} }),
  });
  const answer = await receiver.post('/v1/batch', { batch: [track()] }, basic(BACKEND_KEY));
  expect([answer.status, answer.json.code]).toEqual([503, 'store_unavailable']);
  expect([receiver.received, receiver.rejected, receiver.notKept]).toEqual([[], [], []]);
});

test('what is too large to be kept is not searched for people: that would hold up all others', async () => {
  const searched: unknown[] = [];
  const watching = { isOf: () => false, isIn: (raw: unknown) => searched.push(raw) > 0 };
  const receiver = await startReceiver({
    refusals: () => ({ people: watching, isCurrent: () => true, leave: () => {} }),
    limits: {
      bodyBytes: 10_000_000,
      inflatedBytes: 10_000_000,
      eventBytes: 32_768,
      maxEventAgeMs: 86_400_000,
      maxEventFutureMs: 300_000,
    },
  });
  const large = '"userId":1'.repeat(120_000);
  const answer = await receiver.post('/v1/batch', { batch: [track({ x: large })] }, basic(BACKEND_KEY));
  expect(answer.status).toBe(200);
  expect((await receiver.post('/v1/batch', `{"batch":[${large}`, basic(BACKEND_KEY))).status).toBe(400);
  expect(searched).toEqual([]);
  expect(receiver.notKept.map(({ reason }) => reason)).toEqual(['too_large', 'invalid_json']);
});
