import { brotliCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BACKEND_KEY,
  basic,
  type RunningReceiver,
  startReceiver,
  stopReceivers,
  track,
} from './running-receiver.js';

let receiver: RunningReceiver;
beforeEach(async () => {
  const limits = { bodyBytes: 10_000_000, inflatedBytes: 50_000_000, eventBytes: 32_768 };
  const times = { maxEventAgeMs: 35 * 86_400_000, maxEventFutureMs: 300_000 };
  receiver = await startReceiver({ limits: { ...limits, ...times } });
});
afterEach(stopReceivers);

function post(text: string) {
  const body = brotliCompressSync(Buffer.from(text));
  return receiver.post('/v1/batch', body, { ...basic(BACKEND_KEY), 'content-encoding': 'br' });
}

function sum(counts: { events: number }[]): number {
  return counts.reduce((all, { events }) => all + events, 0);
}

describe('ten thousand refused events of one request', () => {
  const empty = '{}';
  const large = JSON.stringify({ type: 'track', properties: { text: 'x'.repeat(3_000) } });

  test.each([
    ['of nothing', empty, 'missing_type', 1_000],
    ['of 3 KB', large, 'missing_event', 330],
  ])(
    '%s: the first are kept, the others are counted, and the answer is short',
    async (_name, event, reason, kept) => {
      const answer = await post(`{"batch":[${Array(10_000).fill(event)}]}`);
      expect(answer.status).toBe(200);
      expect(answer.text.length).toBeLessThan(100_000);
      expect(answer.json.results).toHaveLength(500);
      expect(answer.json.unlisted).toEqual({ accepted: 0, ignored: 0, rejected: 9_500 });
      expect(receiver.rejected.length).toBeLessThanOrEqual(kept);
      expect(receiver.rejected.length).toBeGreaterThan(0.9 * kept);
      expect(JSON.stringify(receiver.rejected).length).toBeLessThan(1_300_000);
      expect(receiver.notKept).toEqual([
        { source: 'backend', reason, events: 10_000 - receiver.rejected.length },
      ]);
      // One line and one count, as of any request.
      expect(receiver.told).toEqual([`rejected backend ${reason} 10000`, 'answered /v1/batch 200']);
    },
  );
});

test('events are judged in slices: others have their answer meanwhile, and their order stays', async () => {
  const events = Array.from({ length: 10_000 }, (_, index) => track({ messageId: `in-order-${index}` }));
  let turns = 0;
  const turn = () => {
    turns += 1;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  await post(JSON.stringify({ batch: events }));
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(3);
  expect(receiver.received.map(({ event }) => event.messageId)).toEqual(
    events.map(({ messageId }) => messageId),
  );
});

test('good events among refused ones are all taken, wherever they stand', async () => {
  const events = Array.from({ length: 3_000 }, (_, index) => (index % 3 === 0 ? track() : {}));
  const answer = await post(JSON.stringify({ batch: events }));
  expect(receiver.received).toHaveLength(1_000);
  expect(receiver.rejected.length + sum(receiver.notKept)).toBe(2_000);
  const results = answer.json.results as { status: string }[];
  expect(results.slice(0, 3).map(({ status }) => status)).toEqual(['accepted', 'rejected', 'rejected']);
  expect(answer.json.unlisted).toEqual({ accepted: 833, ignored: 0, rejected: 1_667 });
});

test('an event that is larger than all that may be kept of a request is counted, and its neighbours are kept', async () => {
  const huge = { type: 'track', properties: { text: 'x'.repeat(2_000_000) } };
  await post(JSON.stringify({ batch: [huge, {}] }));
  expect(receiver.rejected).toMatchObject([{ reason: 'missing_type' }]);
  expect(receiver.notKept).toEqual([{ source: 'backend', reason: 'too_large', events: 1 }]);
});

test('a body that is no JSON is kept where it is small, and counted where it is not', async () => {
  expect((await post('{"batch":[')).status).toBe(400);
  expect(receiver.rejected).toMatchObject([{ reason: 'invalid_json' }]);
  expect((await post(`{"batch":["${'x'.repeat(2_000_000)}`)).status).toBe(400);
  expect(receiver.rejected).toHaveLength(1);
  expect(receiver.notKept).toEqual([{ source: 'backend', reason: 'invalid_json', events: 1 }]);
});
