import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../test/any-character.js';
import {
  badEvent,
  goodEvent,
  harmlessJson,
  hostileJson,
  isPrototypeUntouched,
  mutatedEvent,
  runs,
} from '../test/hostile-json.js';
import { canonicalJson } from './canonical-json.js';
import { MAX_EVENT_DEPTH } from './event-size.js';
import { type FreezeContext, freezeEvent } from './freeze-event.js';
import { isEnabled } from './integrations.js';
import { parseJson } from './parse-json.js';
import { readBody } from './read-body.js';
import { toStorable } from './refused-event.js';
import { segmentEventSchema } from './segment-event.js';
import { readTimestampMs } from './timestamps.js';
import { verifyWebhookSignature } from './webhook-signature.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const at = '2026-08-01T11:59:00.000Z';
const context: FreezeContext = {
  receivedAtMs: Date.parse('2026-08-01T12:00:00.000Z'),
  via: 'tracking',
  maxAgeMs: 35 * 86_400_000,
  maxFutureMs: 300_000,
  maxEventBytes: 32_768,
};

const bounds = { events: 10_000, sharedBytes: 50_000_000 };

/** What becomes of each event of a body; null where it is no body at all. */
function judge(body: string) {
  const reading = readBody(body, bounds);
  return reading.ok ? reading.body.events.map((event) => freezeEvent(event, context)) : null;
}

const anyEvent = fc.oneof(
  goodEvent(at).map((event) => JSON.stringify(event)),
  mutatedEvent(at),
  badEvent,
);

describe('a body', () => {
  test('of any bytes is events or a problem, and no __proto__ is left in it', () => {
    const damaged = fc
      .tuple(mutatedEvent(at), fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
      .map(([event, place, bytes, cut]) => {
        const whole = Buffer.from(`{"batch":[${event}],"context":${event}}`);
        const index = place % whole.length;
        return Buffer.concat([whole.subarray(0, index), bytes, whole.subarray(index + cut)]).toString();
      });
    const text = fc.oneof(hostileJson, damaged, fc.string({ unit: anyCharacter }));
    fc.assert(
      fc.property(text, (body) => {
        expect(typeof readBody(body, bounds).ok).toBe('boolean');
        expect(holdsPrototypeKey(parseJson(body))).toBe(false);
      }),
      runs(200),
    );
  });

  test('gives each event the fate it has alone: every good one unchanged, one refusal for every bad one', () => {
    const item = fc.oneof(
      goodEvent(at).map((event) => ({ kind: 'good', text: JSON.stringify(event), event })),
      badEvent.map((text) => ({ kind: 'bad', text, event: {} })),
      mutatedEvent(at).map((text) => ({ kind: 'any', text, event: {} })),
    );
    fc.assert(
      fc.property(fc.uniqueArray(item, { maxLength: 12, selector: ({ text }) => text }), (items) => {
        const texts = items.map(({ text }) => text);
        const together = judge(`{"batch":[${texts.join(',')}],"sentAt":"${at}"}`)!;
        const alone = texts.map((text) => judge(`[${text}]`)![0]);
        expect(JSON.stringify(together)).toBe(JSON.stringify(alone));
        for (const [index, { kind, event }] of items.entries()) {
          const fate = together[index]!;
          if (kind === 'bad') expect(fate.ok).toBe(false);
          if (kind !== 'good') continue;
          expect(fate).toMatchObject({ ok: true });
          const receivedAt = '2026-08-01T12:00:00.000Z';
          const received = JSON.stringify(Object.assign({ receivedAt }, event, { receivedAt }));
          if (fate.ok) expect(JSON.stringify(fate.event)).toBe(received);
        }
      }),
      runs(150),
    );
  });
});

describe('an event', () => {
  test('that is taken can be stored and read back as it is; one that is not, in a shorter form', () => {
    fc.assert(
      fc.property(anyEvent, (text) => {
        const raw = parseJson(text);
        const frozen = freezeEvent(raw, context);
        const kept = frozen.ok ? frozen.event : toStorable(raw);
        const written = JSON.stringify(kept);
        expect(depthOf(kept)).toBeLessThanOrEqual(MAX_EVENT_DEPTH + 1);
        if (!frozen.ok) return;
        expect(segmentEventSchema.safeParse(frozen.event).error).toBeUndefined();
        expect(Buffer.byteLength(written)).toBeLessThan(context.maxEventBytes + 500);
        expect(JSON.stringify(JSON.parse(written))).toBe(written);
      }),
      runs(200),
    );
  });

  test('has one id and one time, however often and by whatever way it comes', () => {
    const way = fc.record({
      receivedAtMs: fc.integer({ min: context.receivedAtMs, max: context.receivedAtMs + 3_600_000 }),
      sentAt: fc.constantFrom(undefined, at, '2026-08-01T11:58:00.000Z', 'nonsense'),
    });
    fc.assert(
      fc.property(anyEvent, way, (text, again) => {
        const first = freezeEvent(parseJson(text), context);
        const second = freezeEvent(parseJson(text), { ...context, ...again });
        if (!first.ok || !second.ok) return;
        expect(second.event.messageId).toBe(first.event.messageId);
        if (!first.timeFromReceipt) expect(second.event.timestamp).toBe(first.event.timestamp);
      }),
      runs(200),
    );
  });

  test('without an id has that of its content, in whatever order its keys stand', () => {
    fc.assert(
      fc.property(goodEvent(at), fc.infiniteStream(fc.nat()), (event, choices) => {
        const { messageId: _, ...nameless } = event;
        const first = freezeEvent(nameless, context);
        const second = freezeEvent(withKeysMixed(nameless, choices), context);
        expect(first).toMatchObject({ ok: true, event: { messageId: expect.stringMatching(/^sha256-/) } });
        expect(second).toEqual(first);
      }),
      runs(150),
    );
  });
});

test('canonical JSON is still the same content', () => {
  fc.assert(
    fc.property(harmlessJson, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    runs(150),
  );
});

test('any text is a time or none, and a time is the same in every spelling', () => {
  const offset = fc.integer({ min: -1439, max: 1439 });
  const instant = fc.date({
    min: new Date('1000-01-02T00:00:00Z'),
    max: new Date('2999-12-30'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(
      fc.oneof(hostileJson, fc.string({ unit: anyCharacter })),
      instant,
      offset,
      (text, date, minutes) => {
        const read = readTimestampMs(text);
        expect(read === null || Number.isInteger(read)).toBe(true);
        const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        const ahead = Math.abs(minutes);
        const zone = [Math.floor(ahead / 60), ahead % 60]
          .map((part) => String(part).padStart(2, '0'))
          .join(':');
        expect(readTimestampMs(`${local}${minutes < 0 ? '-' : '+'}${zone}`)).toBe(date.getTime());
      },
    ),
    runs(200),
  );
});

test('any integrations are read as yes or no', () => {
  fc.assert(
    fc.property(hostileJson, fc.array(fc.string()), (json, names) => {
      expect(typeof isEnabled(parseJson(json), names)).toBe('boolean');
    }),
    runs(150),
  );
});

test('a signature is genuine for the very bytes it was made of and for no others', () => {
  const sign = (bytes: Buffer) => createHmac('sha1', 'secret').update(bytes).digest('hex');
  fc.assert(
    fc.property(mutatedEvent(at), fc.nat(), fc.integer({ min: 1, max: 255 }), (event, place, change) => {
      const body = Buffer.from(`{"a":${event}}`);
      const signature = sign(body);
      expect(verifyWebhookSignature(body, signature, ['other', 'secret'])).toBe('full');
      const forged = Buffer.from(body);
      forged[place % forged.length]! ^= change;
      expect(verifyWebhookSignature(forged, signature, ['other', 'secret'])).toBeNull();
      expect(verifyWebhookSignature(body, event, ['other', 'secret'])).toBeNull();
    }),
    runs(150),
  );
});

function holdsPrototypeKey(root: unknown): boolean {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) return true;
    waiting.push(...Object.values(value));
  }
  return false;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The same content with the keys of every object in another order. */
function withKeysMixed(value: unknown, choices: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((item) => withKeysMixed(item, choices));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, field]) => ({
    place: choices.next().value,
    entry: [key, withKeysMixed(field, choices)],
  }));
  return Object.fromEntries(fields.sort((a, b) => a.place - b.place).map(({ entry }) => entry));
}
