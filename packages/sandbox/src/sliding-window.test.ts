import { expect, test } from '@jest/globals';
import { SlidingWindow } from './sliding-window.js';

test('what happened counts until a whole window has passed', () => {
  const window = new SlidingWindow(1000);
  expect([window.add(0), window.add(500), window.add(999)]).toEqual([1, 2, 3]);
  expect(window.count(999)).toBe(3);
  expect(window.count(1000)).toBe(2);
  expect(window.count(1998)).toBe(1);
  expect(window.count(1999)).toBe(0);
});

test('the next place is free when the oldest leaves', () => {
  const window = new SlidingWindow(1000);
  expect(window.freeAt(100)).toBe(100);
  window.add(100);
  window.add(300);
  expect(window.freeAt(400)).toBe(1100);
  expect(window.freeAt(1200)).toBe(1300);
});

test('it holds more than it was made for, across its seam', () => {
  const window = new SlidingWindow(1000);
  for (let i = 0; i < 50; i += 1) window.add(i);
  expect(window.count(1020)).toBe(29);
  for (let i = 0; i < 200; i += 1) window.add(1020 + i);
  expect(window.count(1219)).toBe(200);
  expect(window.freeAt(1219)).toBe(2020);
});
