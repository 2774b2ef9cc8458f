import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Account, readAccount } from '@meterbridge/queue';
import type { Stage } from './stage.js';

/** The places that keep an account: both destinations, and the receiver for what it rejected. */
export const PLACES = ['lago', 'hyperline', 'receiver'] as const;
export type Accounts = Record<(typeof PLACES)[number], Account>;

/** To convict a poison takes a dozen crashes, each of which waits for a lock to run out. */
const SETTLED_WITHIN_MS = 600_000;

export async function readAccounts(stage: Stage): Promise<Accounts> {
  const accounts = await Promise.all(PLACES.map((place) => readAccount(place, stage.look)));
  return Object.fromEntries(PLACES.map((place, index) => [place, accounts[index]!])) as Accounts;
}

/** Waits until nothing is in flight, for ten minutes at most. */
export async function untilSettled(stage: Stage): Promise<Accounts> {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const accounts = await readAccounts(stage);
    if (PLACES.every((place) => accounts[place].inFlight === 0)) return accounts;
    if (Date.now() > deadline) return accounts;
    await sleep(100);
  }
}

const CLI = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

/** What `meterbridge audit` says of every source, destination and hour. */
export function runAudit(stage: Stage): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, 'audit'],
      { env: { PATH: process.env.PATH, ...stage.env() }, cwd: stage.folder },
      (error, stdout, stderr) => {
        const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ exitCode, output: `${stdout}${stderr}` });
      },
    );
  });
}
