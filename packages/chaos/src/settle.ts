import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, readAccount } from '@meterbridge/queue';
import type { Stage } from './stage.js';

/** The places that keep an account: both destinations, and the receiver for what it rejected. */
export const PLACES = ['lago', 'hyperline', 'receiver'] as const;
export type Accounts = Record<(typeof PLACES)[number], Account>;

/** To convict a poison takes a dozen crashes, each of which waits for a lock to run out. */
export const SETTLED_WITHIN_MS = 600_000;

export async function readAccounts(stage: Stage): Promise<Accounts> {
  const accounts = await Promise.all(PLACES.map((place) => readAccount(place, stage.look)));
  return Object.fromEntries(PLACES.map((place, index) => [place, accounts[index]!])) as Accounts;
}

/** Waits until nothing is in flight, for ten minutes at most where nothing else is said. */
export async function untilSettled(stage: Stage, withinMs = SETTLED_WITHIN_MS): Promise<Accounts> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const accounts = await readAccounts(stage);
    if (PLACES.every((place) => accounts[place].inFlight === 0)) return accounts;
    if (Date.now() > deadline) return accounts;
    await sleep(100);
  }
}
