import { createRandom } from '@meterbridge/sandbox';
import { LIMITS } from './config.js';
import { HELP, type Run, readRun } from './options.js';
import { type Played, play } from './play.js';
import { describeTrouble, isClean, renderReport } from './report.js';
import { SCENARIOS } from './scenarios/index.js';
import { soak } from './soak.js';
import { openStage, type Stage } from './stage.js';

async function playAll(stage: Stage, run: Run, signal: AbortSignal): Promise<Played[]> {
  const seconds = run.scenarios.reduce((sum, scenario) => sum + scenario.seconds, 0);
  const played: Played[] = [];
  for (const [index, scenario] of run.scenarios.entries()) {
    if (signal.aborted) break;
    console.log(`• ${scenario.name} (${index + 1} of ${run.scenarios.length}): ${scenario.what}`);
    const result = await play(stage, {
      scenario,
      prefix: `${scenario.name}-${run.seed}`,
      events: Math.ceil((run.events * scenario.seconds) / seconds),
      kills: scenario.kills,
      seconds: scenario.seconds,
      random: createRandom(run.seed * 1_000 + SCENARIOS.indexOf(scenario)),
      signal,
      ...(process.stdout.isTTY
        ? { onProgress: (line: string) => process.stdout.write(`\r  ${line}   `) }
        : {}),
    });
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    played.push(result);
    const { tally, kills } = result;
    const mark = isClean(result) ? '✓' : '✗';
    console.log(
      `  ${mark} ${tally.answered} events answered 200, ${tally.once} usage events in effect once, ${kills.length} kills, ${Math.round(result.seconds)} s`,
    );
    for (const line of describeTrouble(result)) console.log(`  ${line}`);
  }
  return played;
}

/** Whether every scenario was clean. */
async function playAndReport(stage: Stage, run: Run, signal: AbortSignal): Promise<boolean> {
  const played = await playAll(stage, run, signal);
  console.log(`\n${renderReport(played)}`);
  const { lago, hyperline } = stage.sandbox;
  console.log(
    `most requests in any second: Lago ${lago.inspect().requestsPerSecondPeak} (limit ${LIMITS.lago}), Hyperline ${hyperline.inspect().requestsPerSecondPeak} (limit ${LIMITS.hyperline})`,
  );
  const isGood = played.every(isClean);
  if (isGood) console.log('Nothing lost, nothing twice.');
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
  const stage = await openStage(run.lago);
  let isGood = false;
  try {
    const wasClean = run.isSoak
      ? await soak(stage, run.events, createRandom(run.seed), stop.signal)
      : await playAndReport(stage, run, stop.signal);
    const { lines, leaks } = stage.logs;
    console.log(
      `log: ${lines.toLocaleString('en')} lines searched, ${leaks.count} with a secret or masked value`,
    );
    for (const example of leaks.examples) console.log(`✗ ${example}`);
    isGood = wasClean && leaks.count === 0;
    if (!isGood) console.log(`Not clean. The logs: ${stage.folder}/processes.log`);
    const asked = process.argv.slice(2);
    if (!asked.some((argument) => argument.startsWith('--seed'))) asked.push('--seed', String(run.seed));
    console.log(`Repeat it: npm run chaos -- ${asked.join(' ')}`);
  } finally {
    await stage.close({ keep: !isGood });
  }
  return isGood ? 0 : 1;
}

process.exitCode = await main();
