import type { Stack } from '../../cli/test/run-stack.js';

const gateOf = (destination: string) => `meterbridge:{${destination}}:gate`;

/** Whether its key was refused. */
export async function isHeld(stack: Stack, destination: string): Promise<boolean> {
  return (await stack.redis.get(gateOf(destination)))?.includes('unauthorized') ?? false;
}

/** The next probe of a held destination is due within a minute: now. */
export async function probeNow(stack: Stack, destination: string): Promise<void> {
  const gate = JSON.parse((await stack.redis.get(gateOf(destination)))!);
  gate.hold.nextProbeAt = 0;
  await stack.redis.set(gateOf(destination), JSON.stringify(gate));
}
