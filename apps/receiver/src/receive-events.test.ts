import { afterEach, expect, test } from '@jest/globals';
import type { Source } from '@meterbridge/config';
import type { RejectedEvent } from '@meterbridge/segment-events';
import { compilePrivacy } from '@meterbridge/segment-events';
import fc from 'fast-check';
import {
  badEvent,
  goodEvent,
  hostileJson,
  isPrototypeUntouched,
  mutatedEvent,
  runs,
} from '../../../packages/segment-events/test/hostile-json.js';
import type { ReceivedEvent } from './ports.js';
import { createReceiveEvents } from './receive-events.js';
import { SEGMENT_WEBHOOK } from './sources/segment-webhook.js';
import { TRACKING_API } from './sources/tracking-api.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const at = '2026-08-01T11:59:00.000Z';
const receivedAtMs = Date.parse('2026-08-01T12:00:00.000Z');
const source: Source = {
  name: 'backend',
  writeKeys: ['wk'],
  webhook: { secrets: ['s'], acceptFirstEventSignature: true },
  integrationNames: [],
  applyPrivacy: compilePrivacy({ drop: ['properties.secret', 'traits.secret'], mask: ['context.secret'] }),
};

/** Sends a body; gives back the answer and what became durable. */
async function receive(body: string, path: 'batch' | 'webhook' = 'batch') {
  const received: ReceivedEvent[] = [];
  const rejected: RejectedEvent[] = [];
  const failures: unknown[] = [];
  const receiveEvents = createReceiveEvents({
    sources: [source],
    commit: async (good, bad) => {
      received.push(...good);
      rejected.push(...bad);
    },
    requestForget: async () => {},
    pressure: () => null,
    refusals: () => ({ people: null, isCurrent: () => true, leave: () => {} }),
    now: () => receivedAtMs,
    findWebhooks: () => null,
    keepReport: async () => ({ added: 0, notKept: 0 }),
    limits: {
      bodyBytes: 10_000_000,
      inflatedBytes: 50_000_000,
      eventBytes: 32_768,
      maxEventAgeMs: 86_400_000,
      maxEventFutureMs: 300_000,
    },
    record: {
      eventsAccepted: () => {},
      eventsRejected: () => {},
      eventsIgnored: () => {},
      forgetRequested: () => {},
      webhookReceived: () => {},
      requestAnswered: () => {},
      requestFailed: (_route, error) => failures.push(error),
    },
  });
  const answer = await receiveEvents({
    route:
      path === 'batch'
        ? { kind: TRACKING_API, label: path }
        : { kind: SEGMENT_WEBHOOK, label: path, source: 'backend' },
    headers: { authorization: 'Bearer wk' },
    rawBody: Buffer.from(body),
    receivedAtMs,
  });
  expect(failures).toEqual([]);
  return { answer, received, rejected };
}

const good = goodEvent(at).map((event) => ({ id: event.messageId, text: JSON.stringify(event) }));
const bad = badEvent.map((text) => ({ id: null, text }));

test('of any batch every good event is stored unchanged, and every bad one is kept with a reason', async () => {
  const items = fc.array(fc.oneof(good, bad), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(items, async (events) => {
      const { answer, received, rejected } = await receive(`{"batch":[${events.map(({ text }) => text)}]}`);
      const goodOnes = events.filter(({ id }) => id !== null);
      expect(answer.status).toBe(200);
      expect(received.map(({ event }) => JSON.stringify({ ...event, receivedAt: undefined }))).toEqual(
        goodOnes.map(({ text }) => text),
      );
      expect(rejected).toHaveLength(events.length - goodOnes.length);
      expect(() => JSON.stringify(rejected)).not.toThrow();
      if (rejected.length === 0) expect(answer.body).toBe('{"success":true}');
      else {
        const statuses = (JSON.parse(answer.body).results as { status: string }[]).map(
          ({ status }) => status,
        );
        expect(statuses).toEqual(events.map(({ id }) => (id === null ? 'rejected' : 'accepted')));
      }
    }),
    runs(100),
  );
});

test('any body is answered, and each of its events is stored or kept once', async () => {
  const body = fc.oneof(
    hostileJson,
    fc.array(mutatedEvent(at)).map((events) => `[${events}]`),
    fc
      .tuple(mutatedEvent(at), hostileJson)
      .map(([event, json]) => `{"batch":[${event},{}],"context":${json}}`),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const { answer, received, rejected } = await receive(text);
      const { success, results } = JSON.parse(answer.body) as { success: boolean; results?: unknown[] };
      expect(success).toBe(answer.status === 200);
      if (results) expect(received.length + rejected.length).toBe(results.length);
      expect(() => JSON.stringify([received, rejected])).not.toThrow();
      expect(await receive(text, 'webhook')).toMatchObject({
        answer: { status: 401 },
        received: [],
        rejected: [],
      });
    }),
    runs(150),
  );
});

test('what privacy takes of an event is nowhere, whatever is wrong with the event', async () => {
  const place = fc.constantFrom('properties', 'traits', 'context');
  const spell = fc.constantFrom<(json: string) => string>(
    (json) => json,
    (json) => JSON.stringify(json),
    (json) => `[${json}]`,
  );
  await fc.assert(
    fc.asyncProperty(mutatedEvent(at), place, spell, hostileJson, async (event, field, spelled, json) => {
      const secret = `"${field}":${spelled(`{"a":${json},"secret":"<taken>"}`)}`;
      const { received, rejected } = await receive(`[${event.slice(0, -1)},${secret}}]`);
      expect(received.length + rejected.length).toBe(1);
      expect(JSON.stringify([received, rejected])).not.toContain('<taken>');
    }),
    runs(100),
  );
});

test.each([
  ['"2026-08-01T13:59:30+02:00"', '2026-08-01T11:59:30.000Z'],
  ['"a phone number"', undefined],
  ['1785585570000', undefined],
])('a refused event keeps when its batch was sent (%s), as far as that is a time', async (sentAt, kept) => {
  const { rejected } = await receive(`{"batch":[{"type":"track"}],"sentAt":${sentAt}}`);
  expect(rejected).toHaveLength(1);
  expect(rejected[0]!.sentAt).toBe(kept);
});
