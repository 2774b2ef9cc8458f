import { LocalRedisError } from '@meterbridge/local-redis';
import { createRandom } from '@meterbridge/sandbox';
import { USUAL } from './config.js';
import { HELP, type Run, readRun } from './options.js';
import { describePeaks, type PlayedAll, playAll } from './play-all.js';
import { ReleasedError } from './released.js';
import { isClean, renderHands, renderReport } from './report.js';
import { soak } from './soak.js';
import { openStage } from './stage.js';

/** Whether every scenario was clean. */
async function playAndReport(run: Run, signal: AbortSignal): Promise<boolean> {
  const all = await playAll(run, signal);
  console.log(`\n${(run.isOfHands ? renderHands : renderReport)(all.played)}`);
  console.log(describePeaks(all));
  const isGood = all.played.every(isClean);
  if (isGood) console.log('Nothing lost, nothing twice.');
  describeLogs(all);
  return isGood && all.leaks.count === 0;
}

function describeLogs({ lines, leaks, kept }: Pick<PlayedAll, 'lines' | 'leaks' | 'kept'>): void {
  console.log(
    `log: ${lines.toLocaleString('en')} lines searched, ${leaks.count} with a secret or masked value`,
  );
  for (const example of leaks.examples) console.log(`✗ ${example}`);
  for (const folder of kept) console.log(`Not clean. The logs: ${folder}/processes.log`);
}

async function soakAndReport(run: Run, signal: AbortSignal): Promise<boolean> {
  const stage = await openStage(USUAL, run.lago);
  let isGood = false;
  try {
    const wasClean = await soak(stage, run.events, createRandom(run.seed), signal);
    const { lines, leaks } = stage.logs;
    isGood = wasClean && leaks.count === 0;
    describeLogs({ lines, leaks, kept: isGood ? [] : [stage.folder] });
  } finally {
    await stage.close({ keep: !isGood });
  }
  return isGood;
}

async function main(): Promise<number> {
  const run = readRun();
  if (typeof run === 'string') {
    console.log(run === '' ? HELP : `${run}\n\n${HELP}`);
    return run === '' ? 0 : 2;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => {
    console.log('Ending after this scenario; Ctrl-C again ends at once.');
    stop.abort();
    process.once('SIGINT', () => process.exit(130));
  });
  // Its processes are ended as this one exits, and a signal alone would not let it come to that.
  process.once('SIGTERM', () => process.exit(143));
  console.log(`Seed ${run.seed}, ${run.events.toLocaleString('en')} events.`);
  const isGood = await (run.isSoak ? soakAndReport : playAndReport)(run, stop.signal);
  const asked = process.argv.slice(2);
  if (!asked.some((argument) => argument.startsWith('--seed'))) asked.push('--seed', String(run.seed));
  console.log(`Repeat it: npm run chaos -- ${asked.join(' ')}`);
  return isGood ? 0 : 1;
}

process.exitCode = await main().catch((error) => {
  if (!(error instanceof LocalRedisError || error instanceof ReleasedError)) throw error;
  console.error(error.message);
  return 1;
});
