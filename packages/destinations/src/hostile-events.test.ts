import { afterEach, describe, expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import fc from 'fast-check';
import { isPrototypeUntouched, runs } from '../../segment-events/test/hostile-json.js';
import { anyPropertiesRule, anyValueRule, frozenEvent } from '../../usage-mapping/test/hostile-rules.js';
import { compileDestination, destinationSettingsSchema } from './kinds.js';
import { refuseUnstorable } from './unstorable-text.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const lagoRule = fc.record(
  {
    name: fc.constant('r'),
    code: fc.oneof(fc.string(), anyValueRule),
    subscription: anyValueRule,
    properties: anyPropertiesRule,
    preciseTotalAmountCents: anyValueRule,
    transactionIdSuffix: fc.constantFrom(':a', '-2'),
  },
  { requiredKeys: ['name', 'subscription'], noNullPrototype: true },
);
const hyperlineRule = fc.record(
  { name: fc.constant('r'), customer: anyValueRule, eventType: anyValueRule, record: anyPropertiesRule },
  { noNullPrototype: true },
);

/** A destination with one rule that the configuration would take; null for one it would refuse. */
function destinationOf(type: 'lago' | 'hyperline', rule: unknown) {
  const settings = destinationSettingsSchema.safeParse({ type, name: type, apiKey: 'k', rules: [rule] });
  return settings.success ? compileDestination(settings.data) : null;
}

const stored = (event: SegmentEvent): SegmentEvent => JSON.parse(JSON.stringify(event));

describe.each([
  ['lago', lagoRule],
  ['hyperline', hyperlineRule],
] as const)('whatever a rule of %s says and an event holds', (type, anyRule) => {
  test('it is usage whose bytes are always the same, or a failure with a name', () => {
    fc.assert(
      fc.property(anyRule, frozenEvent, (rule, event) => {
        const destination = destinationOf(type, rule);
        if (!destination) return;
        const mapped = destination.map('r', event);
        expect(destination.map('r', stored(event))).toEqual(mapped);
        if (!mapped.ok) {
          expect(mapped.failure.detail).not.toBe('');
          return;
        }
        if (!mapped.usage) return;
        const { body } = mapped.usage;
        expect(JSON.stringify(JSON.parse(body))).toBe(body);
        expect(body).not.toMatch(
          /\bNaN\b|\bInfinity\b|\bundefined\b/.test(JSON.stringify(event)) ? /$^/ : /NaN|Infinity|undefined/,
        );
        expect(JSON.parse(destination.request([mapped.usage]).body)).toBeTruthy();
      }),
      runs(100),
    );
  });
});

const usageOf = (type: 'lago' | 'hyperline', rule: object, event: SegmentEvent) => {
  const mapped = destinationOf(type, { name: 'r', ...rule })!.map('r', event);
  return mapped.ok ? mapped.usage : null;
};

test('Lago is told the event’s own id and time, and nothing it would not add up', () => {
  fc.assert(
    fc.property(frozenEvent, anyPropertiesRule, (event, properties) => {
      const plain = usageOf('lago', { code: 'c', subscription: 'messageId' }, event);
      const rule = { code: 'c', subscription: 'messageId', properties };
      const mapped = destinationOf('lago', { name: 'r', ...rule })?.map('r', event);
      if (!mapped?.ok || !mapped.usage) return;
      const body = JSON.parse(mapped.usage.body);
      expect(mapped.usage.key).toBe(plain!.key);
      expect(body.transaction_id).toBe(event.messageId);
      expect(Number(body.timestamp) * 1000).toBeCloseTo(Date.parse(event.timestamp), 3);
      for (const value of Object.values(body.properties)) {
        expect(['string', 'number']).toContain(typeof value);
        if (typeof value === 'number') expect(String(value)).not.toContain('e');
      }
    }),
    runs(100),
  );
});

test('Hyperline is told the event’s own id and time, in one level and 25 properties', () => {
  fc.assert(
    fc.property(frozenEvent, anyPropertiesRule, (event, record) => {
      const { id: _, ...others } = record as Record<string, unknown>;
      const rule = { customer: 'messageId', eventType: 'type', record: others };
      const mapped = destinationOf('hyperline', { name: 'r', ...rule })?.map('r', event);
      if (!mapped?.ok || !mapped.usage) return;
      const body = JSON.parse(mapped.usage.body);
      expect(mapped.usage).toMatchObject({
        key: JSON.stringify([event.type, event.messageId, event.timestamp]),
        recordIdentity: JSON.stringify([event.type, event.messageId]),
        customer: event.messageId,
      });
      expect(body).toMatchObject({ timestamp: event.timestamp, record: { id: event.messageId } });
      expect(Object.keys(body.record).length).toBeLessThanOrEqual(25);
      for (const value of Object.values(body.record)) {
        for (const item of [value].flat()) expect(typeof item === 'object' ? item : null).toBeNull();
      }
    }),
    runs(100),
  );
});

test('what no database can store is found wherever it stands, and nothing else is taken for it', () => {
  const text = fc.string({
    unit: fc.constantFrom('\\', 'u', '0', 'd', '8', '"', '\u0000', '\ud800', '\udc00', '😀'),
  });
  fc.assert(
    fc.property(text, text, (key, value) => {
      const isStorable = ![key, value].some((each) => /[\0\p{Cs}]/u.test(each));
      expect(refuseUnstorable(JSON.stringify({ [key]: value })) === undefined).toBe(isStorable);
    }),
    runs(1_000),
  );
});
