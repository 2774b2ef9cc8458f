import { setTimeout as sleep } from 'node:timers/promises';
import { createStoreClock } from '@meterbridge/queue';
import type { Command } from 'commander';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';
import { type Look, lookAtAll } from '../status/look.js';
import { renderStatus } from '../status/render-status.js';
import { reportStatus, type Status } from '../status/report.js';
import { untilSignal } from './up.js';

export type StatusOptions = { watch?: boolean; json?: boolean };

/** Between the two looks that rates are told from. */
const BETWEEN_MS = 1_000;
const REDIS_ANSWERS_WITHIN_MS = 5_000;
/** To the top of the terminal, and everything below it away. */
const CLEAR = '\x1b[H\x1b[2J';

/** How every destination does right now; with `watch` until Ctrl-C, which is the end and no failure. */
export async function status({ watch = false, json = false }: StatusOptions): Promise<void> {
  const config = readConfig(readCommandEnv(process.env));
  const redis = await openRedis(config.redis.url);
  const clock = createStoreClock(redis);
  // It only looks: nothing is in hand.
  if (watch) void untilSignal().then(() => process.exit());
  try {
    await clock.synchronize();
    const look = () => inTime(lookAtAll(config, redis, clock.now));
    let before: Look = await look();
    do {
      await sleep(BETWEEN_MS);
      const now = await look();
      print(reportStatus(before, now, config.redis.maxMemoryShare), { watch, json });
      before = now;
    } while (watch);
  } finally {
    clock.stop();
    redis.disconnect();
  }
}

/** @throws CommandError where Redis went away meanwhile: a client that waits would wait for ever */
async function inTime(look: Promise<Look>): Promise<Look> {
  const late = sleep(REDIS_ANSWERS_WITHIN_MS, undefined, { ref: false }).then(() =>
    Promise.reject(new CommandError('Redis does not answer any more.')),
  );
  return Promise.race([look, late]);
}

function print(found: Status, { watch, json }: Required<StatusOptions>): void {
  if (json) {
    console.log(JSON.stringify(found, null, watch ? undefined : 2));
    return;
  }
  const isInPlace = watch && process.stdout.isTTY;
  console.log(`${isInPlace ? CLEAR : ''}${renderStatus(found)}`);
  if (isInPlace) console.log('\nCtrl-C ends it.');
}

/** `meterbridge status` */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('how every destination does right now: pace, backlog, gate, limit, workers')
    .option('--watch', 'again every second, in place on a terminal')
    .option('--json', 'for machines; with --watch a document a line')
    .addHelpText(
      'after',
      `
Rates are those of one second. Whatever waits, a look costs Redis about a millisecond a destination: what is
in flight comes from the books. Whether they are right is \`meterbridge audit\`, which counts the jobs.

Examples:
  meterbridge status
  meterbridge status --watch
  meterbridge status --json | jq '.places[] | select(.gate.state == "held") | .destination'

Exit codes: 0 looked, whatever was seen; 1 Redis does not answer; 2 wrong usage.`,
    )
    .action(status);
}
