import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { harmlessJson, runs } from '../test/hostile-json.js';
import { BodyScan } from './scan-body.js';

function holdsMoreValuesThan(values: number, json: Buffer): boolean {
  const scan = new BodyScan(json, { values, events: 10 });
  scan.run(Number.POSITIVE_INFINITY);
  return scan.holdsTooMuch;
}

/** Keys and values within a value; an empty object or list counts as if it held one. */
function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  const each = Array.isArray(value) ? 1 : 2;
  return children.length === 0
    ? 1
    : children.reduce<number>((sum, child) => sum + each + countValues(child), 0);
}

const unit = fc.constantFrom('"', '\\', ',', ':', '[', '{', 'é');
// Long ones are looked through in another way.
const text = fc.oneof(fc.string({ unit }), fc.string({ unit, minLength: 60, maxLength: 300 }));

test('counts the keys and values of any JSON, and not what stands in its texts', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(harmlessJson, text)), fc.nat(2), (value, indent) => {
      const json = Buffer.from(JSON.stringify(value, null, indent));
      const values = countValues(value);
      expect(holdsMoreValuesThan(values, json)).toBe(false);
      expect(holdsMoreValuesThan(values - 1, json)).toBe(true);
    }),
    runs(300),
  );
});

test.each(['[', '{"":', '[[],', '{', ',', '"",', '"\\"",'])(
  'counts what is not JSON in the same way: %j…',
  (part) => {
    const text = part.repeat(1_000);
    expect(holdsMoreValuesThan(999, Buffer.from(text))).toBe(true);
    expect(holdsMoreValuesThan(3_000, Buffer.from(text))).toBe(false);
  },
);

test('text without an end is one value', () => {
  expect(holdsMoreValuesThan(1, Buffer.from('["[[[,,,{{{\\"'))).toBe(false);
});

test('finds each event of a list wherever a slice ends, in a text or between two events', () => {
  const long = fc.tuple(text, fc.nat(70_000)).map(([end, length]) => ({ a: 'x'.repeat(length) + end }));
  fc.assert(
    fc.property(fc.array(fc.oneof(harmlessJson, text, long), { maxLength: 8 }), (items) => {
      const json = Buffer.from(JSON.stringify({ batch: items }));
      const scan = new BodyScan(json, { values: Number.POSITIVE_INFINITY, events: 100 });
      while (!scan.run(0));
      const { bounds = [], count } = scan.list ?? {};
      const found = items.map((_, n) => json.toString('utf8', bounds[2 * n], bounds[2 * n + 1]));
      expect(found).toEqual(items.map((item) => JSON.stringify(item)));
      expect(count).toBe(items.length);
    }),
    runs(100),
  );
});
