import { lookAtGate } from '@meterbridge/queue';
import type { Stack } from '../../cli/test/run-stack.js';

const gateOf = (destination: string) => `meterbridge:{${destination}}:gate`;

/** Whether an answer has held it. */
export async function isHeld(stack: Stack, destination: string): Promise<boolean> {
  return (await lookAtGate(destination, stack.redis)).hold !== null;
}

/** The next probe of a held destination is due within a minute: now. */
export async function probeNow(stack: Stack, destination: string): Promise<void> {
  const gate = JSON.parse((await stack.redis.get(gateOf(destination)))!);
  gate.hold.nextProbeAt = 0;
  await stack.redis.set(gateOf(destination), JSON.stringify(gate));
}
