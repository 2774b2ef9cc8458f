import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createRandom } from '@meterbridge/sandbox';
import { LIMITS } from './config.js';
import { type Played, play } from './play.js';
import { describeTrouble, isClean, renderReport } from './report.js';
import type { Scenario } from './scenario.js';
import { quick, SCENARIOS } from './scenarios/index.js';
import { soak } from './soak.js';
import { openStage, type Stage } from './stage.js';

const HELP = `npm run chaos                          every scenario: 200,000 events, over 100 kills, about a quarter of an hour
npm run chaos -- --seed 42             the same events and the same choice of kills as another run with this seed
npm run chaos -- --events 1000000      more events, in the same time
npm run chaos -- --scenario failover   one scenario; give it several times for several
npm run chaos -- --quick               ten kills and a little of everything, about a minute
npm run chaos -- --soak                a million good events and no trouble: what is left in Redis and in memory

Runs two receivers, two workers and a Redis (appendfsync always) as processes of their own, with stand-ins for
Lago (as its ClickHouse organizations count) and Hyperline. Every event that was answered 200 is followed to its
end. Exit code 1 where anything was lost, in effect twice, wrong or dead without reason, where an account does
not add up, or where a log holds a secret; 2 for wrong usage.

Scenarios:
${SCENARIOS.map(({ name, what }) => `  ${name.padEnd(17)}${what}`).join('\n')}`;

const options = {
  seed: { type: 'string' },
  events: { type: 'string' },
  scenario: { type: 'string', multiple: true },
  quick: { type: 'boolean' },
  soak: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Run = { seed: number; events: number; scenarios: readonly Scenario[]; isSoak: boolean };

const EVENTS = 200_000;
const QUICK_EVENTS = 20_000;
const SOAK_EVENTS = 1_000_000;

function readRun(): Run | string {
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return '';
  const seed = Number(values.seed ?? randomInt(1, 1_000_000));
  const events = Number(values.events ?? (values.soak ? SOAK_EVENTS : values.quick ? QUICK_EVENTS : EVENTS));
  if (!Number.isSafeInteger(seed) || seed < 1) return '--seed: expected a whole number above 0';
  if (!Number.isSafeInteger(events) || events < 1_000)
    return '--events: expected a whole number, 1000 at least';
  const known = new Map(SCENARIOS.map((scenario) => [scenario.name, scenario]));
  const unknown = values.scenario?.find((name) => !known.has(name));
  if (unknown !== undefined) return `--scenario: there is no ${unknown}`;
  const scenarios = values.quick ? [quick] : (values.scenario?.map((name) => known.get(name)!) ?? SCENARIOS);
  return { seed, events, scenarios, isSoak: values.soak ?? false };
}

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
  const stage = await openStage();
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
