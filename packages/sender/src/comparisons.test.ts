import { expect, test } from '@jest/globals';
import { CONTROL } from '@meterbridge/delivery';
import { Comparisons } from './comparisons.js';

const now = 1_000_000;
const at = (time: number) => ({ since: time, last: time });

test('what this process knows goes together with what the gate says', () => {
  const comparisons = new Comparisons();
  comparisons.note('w', now);
  expect(comparisons.accepted({ w: at(now - 900), v: at(1) }, now)).toEqual({
    w: { since: now - 900, last: now },
    v: at(1),
  });
});

test('a control is due once nobody came by himself, and only where one may stand in', () => {
  const comparisons = new Comparisons();
  comparisons.want('failing', now, false);
  expect(comparisons.controlDueAt({}, now)).toBe(Number.POSITIVE_INFINITY);
  comparisons.want('w', now, true);
  expect(comparisons.controlDueAt({}, now)).toBe(now + 500);
  expect(comparisons.controlDueAt({ w: at(now + 1) }, now)).toBe(Number.POSITIVE_INFINITY);
});

test('one control serves all that failed before it, and the next waits its time', () => {
  const comparisons = new Comparisons();
  comparisons.want('w', now, true);
  comparisons.controlled(now + 600);
  comparisons.note(CONTROL, now + 600);
  expect(comparisons.controlDueAt({}, now + 700)).toBe(Number.POSITIVE_INFINITY);
  comparisons.want('w', now + 700, true);
  expect(comparisons.controlDueAt({}, now + 700)).toBe(now + 1_200);
});

test('one that is on its way, or came to nothing, is not repeated at once', () => {
  const comparisons = new Comparisons();
  comparisons.want('w', now, true);
  comparisons.controlled(now + 600);
  expect(comparisons.controlDueAt({}, now + 700)).toBe(now + 1_100);
});

test('one that was refused itself is not repeated for the same failure', () => {
  const comparisons = new Comparisons();
  comparisons.want('w', now, true);
  comparisons.forget();
  expect(comparisons.controlDueAt({}, now + 9_000)).toBe(Number.POSITIVE_INFINITY);
});

test('a healthy event goes alone until one was accepted that way, or nobody came for a minute', () => {
  const comparisons = new Comparisons();
  expect(comparisons.wantsOneAlone('w', {}, now)).toBe(false);
  comparisons.want('w', now, false);
  expect(comparisons.wantsOneAlone('w', {}, now + 60_000)).toBe(true);
  expect(comparisons.wantsOneAlone('w', {}, now + 60_001)).toBe(false);
  comparisons.want('w', now, false);
  // What was accepted at the very moment is not after it.
  comparisons.note('w', now);
  expect(comparisons.wantsOneAlone('w', {}, now + 1)).toBe(true);
  comparisons.note('w', now + 1);
  expect(comparisons.wantsOneAlone('w', {}, now + 2)).toBe(false);
});

test('so does one of several seconds only, whether or not it is accepted', () => {
  const comparisons = new Comparisons();
  comparisons.want('w', now, false);
  comparisons.goesAlone('w', now);
  comparisons.want('w', now + 10, false);
  expect(comparisons.wantsOneAlone('w', {}, now + 4_999)).toBe(false);
  expect(comparisons.wantsOneAlone('w', {}, now + 5_000)).toBe(true);
});
