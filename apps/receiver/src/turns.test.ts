import { expect, test } from '@jest/globals';
import { nextTurn, Turns } from './turns.js';

test('a few requests may wait half done, and no more until one of them has left', () => {
  const turns = new Turns();
  const waiting = Array.from({ length: 8 }, () => turns.enter());
  expect(waiting.every(({ mayWait }) => mayWait)).toBe(true);
  const ninth = turns.enter();
  expect(ninth.mayWait).toBe(false);
  // It had no place to leave.
  ninth.leave();
  expect(turns.enter().mayWait).toBe(false);
  waiting[0]!.leave();
  expect(turns.enter().mayWait).toBe(true);
});

test('large bodies are read one after the other, in the order in which they came', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const read = async (name: string) => {
    const turn = await turns.standInLine(30_000_000);
    order.push(`${name} begins`);
    await nextTurn();
    order.push(`${name} ends`);
    turn!.leave();
  };
  await Promise.all([read('a'), read('b'), read('c')]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(turns.enter().mayWait).toBe(true);
});

test('of large bodies only so much stands in line; one alone may be of any size', async () => {
  const turns = new Turns();
  const first = await turns.standInLine(500_000_000);
  expect(await turns.standInLine(600_000)).toBeNull();
  first!.leave();
  const second = await turns.standInLine(50_000_000);
  void turns.standInLine(50_000_000);
  expect(await turns.standInLine(50_000_000)).toBeNull();
  second!.leave();
});
