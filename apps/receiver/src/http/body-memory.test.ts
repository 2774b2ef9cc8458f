import { expect, test } from '@jest/globals';
import { BodyMemory } from './body-memory.js';

test('the largest lets go where all of them hold too much, and nobody else', () => {
  const memory = new BodyMemory(100);
  const lost: string[] = [];
  const enter = (name: string, bytes: number) => {
    const share = memory.enter();
    share.onLost = () => lost.push(name);
    memory.grow(share, bytes);
    return share;
  };
  enter('small', 20);
  const growing = enter('growing', 30);
  enter('middle', 40);
  expect(lost).toEqual([]);
  memory.grow(growing, 20);
  expect(lost).toEqual(['growing']);
  expect(growing.isLost).toBe(true);
  enter('late', 39);
  expect(lost).toEqual(['growing']);
  enter('too large at once', 101);
  expect(lost).toEqual(['growing', 'too large at once']);
});

test('what is read or lost makes room, and only once', () => {
  const memory = new BodyMemory(100);
  const first = memory.enter();
  memory.grow(first, 90);
  memory.leave(first);
  memory.leave(first);
  const second = memory.enter();
  memory.grow(second, 100);
  expect(second.isLost).toBe(false);
  const third = memory.enter();
  memory.grow(third, 1);
  expect([second.isLost, third.isLost]).toEqual([true, false]);
  memory.leave(second);
  const fourth = memory.enter();
  memory.grow(fourth, 99);
  expect(fourth.isLost).toBe(false);
});
