import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inTurns } from './in-turns.js';

test.each([
  ['', ''],
  ['a1', 'a1'],
  ['a0 a1 a2 a3 a4 a5 a6 a7', 'a0 a4 a2 a6 a1 a5 a3 a7'],
  ['a0 a1 a2 a3 b0 a4', 'a0 b0 a4 a2 a1 a3'],
  ['b0 b1 a0 a1 a2', 'b0 a0 b1 a2 a1'],
])('of %s the order is %s', (given, order) => {
  const list = given.split(' ').filter(Boolean);
  expect(inTurns(list, (each) => each[0]!).join(' ')).toBe(order);
});

test('nothing is left out, and each beginning has as much of every rule that has as much', () => {
  const list = fc.array(fc.record({ rule: fc.constantFrom('a', 'b', 'c'), id: fc.nat() }), { maxLength: 60 });
  fc.assert(
    fc.property(list, fc.nat({ max: 60 }), (given, end) => {
      const order = inTurns(given, ({ rule }) => rule);
      expect(new Set(order)).toEqual(new Set(given));
      expect(order).toHaveLength(given.length);
      const count = (of: typeof given, rule: string) => of.filter((each) => each.rule === rule).length;
      const cut = order.slice(0, end);
      const most = Math.max(...['a', 'b', 'c'].map((rule) => count(cut, rule)));
      for (const rule of ['a', 'b', 'c']) {
        expect(count(cut, rule)).toBeGreaterThanOrEqual(Math.min(count(given, rule), most - 1));
      }
    }),
  );
});
