import { expect, test } from '@jest/globals';
import {
  afterPortion,
  INNOCENT_AFTER_MS,
  type Isolation,
  isolate,
  POISON_AFTER_CRASHES_ALONE,
} from './isolation.js';

test('a job that never crashed is tried whole', () => {
  expect(isolate(undefined, 0, 100, 0)).toEqual({ isolate: 'no' });
});

test.each([1, 2, 3, 50, 99, 100])(
  'of 100 deliveries the poison at place %i is found and no other',
  (place) => {
    let deliveries = Array.from({ length: 100 }, (_, i) => i + 1);
    let isolation: Isolation | undefined;
    let stalls = 0;
    let crashes = 0;
    const dead: number[] = [];
    while (deliveries.length > 0) {
      const step = isolate(isolation, stalls, deliveries.length, 0);
      if (step.isolate !== 'no') isolation = step.isolation;
      if (step.isolate === 'poison') {
        dead.push(deliveries.shift()!);
        continue;
      }
      const portion = step.isolate === 'try' ? deliveries.slice(0, step.isolation.trying) : deliveries;
      if (portion.includes(place)) {
        crashes += 1;
        stalls += 1;
        continue;
      }
      deliveries = deliveries.slice(portion.length);
      if (isolation) isolation = afterPortion(isolation, 0);
    }
    expect(dead).toEqual([place]);
    expect(crashes).toBeLessThan(20);
  },
);

test('an innocent job whose worker dies now and then is never called poison', () => {
  let isolation: Isolation | undefined;
  for (let stalls = 1; stalls < POISON_AFTER_CRASHES_ALONE; stalls += 1) {
    const step = isolate(isolation, stalls, 1, 0);
    if (step.isolate !== 'try') throw new Error(step.isolate);
    isolation = step.isolation;
  }
  expect(isolate(isolation, POISON_AFTER_CRASHES_ALONE - 1, 1, 0).isolate).not.toBe('poison');
});

test('a delivery that only waited in workers that died is never called poison', () => {
  let isolation: Isolation | undefined;
  for (let stalls = 1; stalls < 50; stalls += 1) {
    const step = isolate(isolation, stalls, 1, stalls * (INNOCENT_AFTER_MS + 1));
    if (step.isolate !== 'try') throw new Error(step.isolate);
    isolation = step.isolation;
  }
});
