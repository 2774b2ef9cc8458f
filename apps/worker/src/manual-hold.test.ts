import { expect, test } from '@jest/globals';
import { gateAfterHold, gateAfterRefusal, gateAfterResume, OPEN_GATE } from '@meterbridge/delivery';
import { watchManualHold } from './manual-hold.js';

const held = gateAfterHold(OPEN_GATE, { reason: 'wrong mapping', by: 'ops' }, 1);

test('waits until it is let go, and not at all where nobody holds', async () => {
  let gate = held;
  const hold = watchManualHold(() => gate);
  expect(hold.isHeld()).toBe(true);
  let isOver = false;
  const released = hold.untilReleased().finally(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  gate = gateAfterResume(gate);
  expect(await released).toBe(true);
  expect(await hold.untilReleased()).toBe(true);
});

test('a hold by an answer is none of a person: its probes need events', () => {
  expect(watchManualHold(() => gateAfterRefusal(OPEN_GATE, 'unauthorized', 'no', 1)).isHeld()).toBe(false);
});

test('a process that drains waits no longer, and is not let go', async () => {
  const hold = watchManualHold(() => held);
  const released = hold.untilReleased();
  hold.drain();
  expect(await released).toBe(false);
});
