import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hostileJson, isPrototypeUntouched, runs } from '../../segment-events/test/hostile-json.js';
import { anyPropertiesRule, anyValueRule, frozenEvent } from '../test/hostile-rules.js';
import { coerce, VALUE_TYPES } from './coerce.js';
import { compileProperties } from './compile-properties.js';
import { compileValue } from './compile-value.js';
import type { MappingFailure } from './mapped.js';
import { plainDecimal } from './scalar.js';
import { propertiesRuleSchema, valueRuleSchema } from './value-rule.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

/** Whether JSON can write it and give it back as it is. */
function isSendable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isSendable);
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

function expectNamed({ code, path, detail }: MappingFailure): void {
  expect(code).toMatch(/^[a-z_]+$/);
  expect(detail).toContain(path);
}

describe('whatever a rule says and an event holds', () => {
  test('a value can be sent, or is a failure with a name', () => {
    fc.assert(
      fc.property(anyValueRule, fc.boolean(), frozenEvent, (given, required, event) => {
        const rule = valueRuleSchema.safeParse(given);
        if (!rule.success) return;
        const read = compileValue(rule.data, { required });
        const result = read(event);
        expect(JSON.stringify(read(JSON.parse(JSON.stringify(event))))).toBe(JSON.stringify(result));
        if (!result.ok) return expectNamed(result.failure);
        expect(result.value === undefined ? !required : isSendable(result.value)).toBe(true);
      }),
      runs(150),
    );
  });

  test('properties can be sent, or are a failure with a name', () => {
    fc.assert(
      fc.property(anyPropertiesRule, fc.boolean(), fc.boolean(), frozenEvent, (given, bare, lists, event) => {
        const rule = propertiesRuleSchema.safeParse(given);
        if (!rule.success) return;
        const read = compileProperties(rule.data, { bareRequired: bare, lists });
        const result = read(event);
        expect(JSON.stringify(read(JSON.parse(JSON.stringify(event))))).toBe(JSON.stringify(result));
        if (!result.ok) return expectNamed(result.failure);
        const written = JSON.stringify(result.value);
        expect(Object.values(result.value).every(isSendable)).toBe(true);
        if (!lists) expect(Object.values(result.value).some(Array.isArray)).toBe(false);
        expect(JSON.stringify(JSON.parse(written))).toBe(written);
      }),
      runs(150),
    );
  });
});

describe('a number', () => {
  /** A decimal as an integer and how many places it was moved. */
  const exactly = (text: string) => {
    const [whole = '', fraction = ''] = text.split('.');
    return (
      BigInt(`${whole}${fraction.padEnd(400, '0')}`.replace(/^-(?=\d)/, '')) *
      (text.startsWith('-') ? -1n : 1n)
    );
  };

  const written = fc.oneof(
    fc.stringMatching(/^-?\d{1,40}(\.\d{1,40})?$/),
    fc.tuple(fc.nat(350), fc.nat()).map(([zeros, digits]) => `0.${'0'.repeat(zeros)}${digits}`),
    fc.tuple(fc.nat(), fc.nat(350)).map(([digits, zeros]) => `${digits}${'0'.repeat(zeros)}`),
  );

  test('that was written out is worth the same after it was read', () => {
    fc.assert(
      fc.property(written, (text) => {
        const read = coerce(text, 'number', 'p');
        if (!read.ok) throw new Error(read.failure.detail);
        expect(exactly(plainText(read.value))).toBe(exactly(text));
      }),
      runs(1_000),
    );
  });

  test('of a double is written with all of its digits and without an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(plainDecimal(number)).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(plainDecimal(number))).toBe(number === 0 ? 0 : number);
      }),
      runs(1_000),
    );
  });

  const plainText = (value: unknown) => (typeof value === 'number' ? plainDecimal(value) : String(value));
});

test('anything is read as a type or refused with a name', () => {
  const value = fc.oneof(fc.anything(), hostileJson);
  fc.assert(
    fc.property(value, fc.constantFrom(...VALUE_TYPES), (given, as) => {
      const read = coerce(given, as, 'p');
      if (!read.ok) return expectNamed(read.failure);
      expect(isSendable(read.value)).toBe(true);
    }),
    runs(1_000),
  );
});
