import type { Config } from '@meterbridge/config';
import { gateAfterHold, gateAfterMended, gateAfterResume } from '@meterbridge/delivery';
import { changeGate, createStoreClock, knownDestinations, readsOf } from '@meterbridge/queue';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { type Hand, withHand } from '../hand.js';
import { CommandError, readCommandEnv, readConfig } from '../load-context.js';
import { whoRuns } from '../who.js';

/** Stops sending to a destination until somebody resumes it; what is accepted meanwhile waits. */
export async function hold(destination: string, options: { reason: string; json?: boolean }): Promise<void> {
  const reason = options.reason.trim();
  if (reason === '') throw new CommandError('say why, for those who come later: --reason "…"');
  await withDestination(destination, async ({ redis, replicas }) => {
    const clock = createStoreClock(redis);
    try {
      await clock.synchronize();
      const { before, after } = await changeGate(destination, redis, replicas, (gate) =>
        gateAfterHold(gate, { reason: reason.slice(0, 500), by: whoRuns() }, clock.now()),
      );
      if (options.json) return console.log(JSON.stringify({ destination, held: after.handHold }));
      console.log(
        before.handHold
          ? `${destination} was held before (${before.handHold.by}: ${before.handHold.reason}); the reason is the new one.`
          : `${destination} is held: nothing more is sent to it. What comes waits; requests on their way are settled.`,
      );
      console.log(`Let it go with: meterbridge resume ${destination}`);
    } finally {
      clock.stop();
    }
  });
}

/** Lets a destination go, whoever held it: somebody, or an answer that refused the key or the URL. */
export async function resume(destination: string, options: { json?: boolean }): Promise<void> {
  await withDestination(destination, async ({ redis, replicas }, config) => {
    const { before } = await changeGate(destination, redis, replicas, gateAfterResume);
    const account = config.billingAccounts.get(destination) ?? destination;
    // Of a first destination it is the same gate, and has gone on already.
    const shared = await changeGate(account, redis, replicas, gateAfterMended);
    const reads = await changeGate(readsOf(account), redis, replicas, gateAfterMended);
    const { handHold } = before;
    const hold = before.hold ?? shared.before.hold ?? reads.before.hold;
    if (options.json) {
      return console.log(JSON.stringify({ destination, ended: { byHand: handHold, byAnswer: hold } }));
    }
    if (handHold) {
      const since = new Date(handHold.since).toISOString();
      console.log(`${destination} goes on. It was held by ${handHold.by} since ${since}: ${handHold.reason}`);
    }
    if (hold) {
      console.log(
        `${destination} goes on. It was held since it answered ${hold.code} (${hold.detail}); if it does so again, it is held again.`,
      );
    }
    if (!hold && !handHold) console.log(`${destination} is not held.`);
  });
}

/** @throws CommandError where there is none of this name, or Redis or its replicas do not take it */
async function withDestination(
  name: string,
  act: (hand: Hand, config: Config) => Promise<void>,
): Promise<void> {
  const config = readConfig(readCommandEnv(process.env));
  await withHand(config, async (hand) => {
    await refuseUnknown(name, config, hand.redis);
    await act(hand, config);
  });
}

/** One that was removed from the configuration may still have workers that send to it. */
async function refuseUnknown(name: string, config: Config, redis: Redis): Promise<void> {
  const configured = config.destinations.map((destination) => destination.name);
  const names = [...new Set([...configured, ...(await knownDestinations(redis))])];
  if (!names.includes(name)) throw new CommandError(`no destination ${name}; there are ${names.join(', ')}`);
}

/** `meterbridge hold` and `meterbridge resume` */
export function addHold(program: Command): void {
  program
    .command('hold <destination>')
    .description('stop sending to a destination, over all workers and restarts, until it is resumed')
    .requiredOption('--reason <text>', 'why, for those who come later; stands in the logs, so no secrets')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Nothing is lost: what is accepted waits in Redis. Workers see it within a fifth of a second. It is not probed
and never ends by itself, unlike a hold by an answer (401, 403, a wrong URL). \`meterbridge status\` shows it.
Other destinations with the same URL and key go on.
Subscriptions of what workers have in hand may still be looked up.

Examples:
  meterbridge hold lago --reason "wrong mapping deployed, see #billing"
  meterbridge resume lago

Exit codes: 0 held, 1 it could not be, 2 wrong usage.`,
    )
    .action(hold);

  program
    .command('resume <destination>')
    .description('let a destination go that is held, by somebody or by an answer that refused the key or URL')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Ends either kind of hold at once. One by an answer is of all destinations with the same URL and key, and ends for
all of them; one by hand is of this destination alone. A pause that the API asked for, and an open breaker, end by themselves.

Example:
  meterbridge resume lago

Exit codes: 0 it goes on, or was not held; 1 it could not be done; 2 wrong usage.`,
    )
    .action(resume);
}
