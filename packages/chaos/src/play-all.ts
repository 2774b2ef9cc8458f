import { createRandom } from '@meterbridge/sandbox';
import { LIMITS, USUAL } from './config.js';
import type { Run } from './options.js';
import { type Played, play } from './play.js';
import { describeTrouble, isClean } from './report.js';
import type { Scenario } from './scenario.js';
import { openStage, type Stage } from './stage.js';

/** What all stages of a run came to, beside what was played on them. */
export type PlayedAll = {
  played: Played[];
  /** Lines of the processes' logs that were searched, and those with a secret. */
  lines: number;
  leaks: { count: number; examples: string[] };
  /** Of stages on which something was not clean: what their processes and their Redis left. */
  kept: string[];
  /** Most requests in any second, where `LIMITS` are in force. */
  peaks: { lago: number; hyperline: number };
};

/** Plays one scenario after the other, each on a stage of its setting: those that follow each other share one. */
export async function playAll(run: Run, signal: AbortSignal): Promise<PlayedAll> {
  const all: PlayedAll = {
    played: [],
    lines: 0,
    leaks: { count: 0, examples: [] },
    kept: [],
    peaks: { lago: 0, hyperline: 0 },
  };
  const left = [...run.scenarios];
  while (left.length > 0 && !signal.aborted) {
    const setting = left[0]!.setting ?? USUAL;
    const stage = await openStage(setting, run.lago);
    let isGood = false;
    try {
      const played: Played[] = [];
      while (left.length > 0 && !signal.aborted && (left[0]!.setting ?? USUAL) === setting) {
        played.push(await playNext(stage, run, left.shift()!, signal));
      }
      all.played.push(...played);
      isGood = played.every(isClean) && stage.logs.leaks.count === 0;
      addUp(all, stage);
    } finally {
      if (!isGood) all.kept.push(stage.folder);
      await stage.close({ keep: !isGood });
    }
  }
  return all;
}

function addUp(all: PlayedAll, { logs, sandbox, setting }: Stage): void {
  all.lines += logs.lines;
  all.leaks.count += logs.leaks.count;
  all.leaks.examples.push(...logs.leaks.examples);
  if (setting.limits !== 'low') return;
  for (const api of ['lago', 'hyperline'] as const) {
    all.peaks[api] = Math.max(all.peaks[api], sandbox[api].inspect().requestsPerSecondPeak);
  }
}

const PURPOSES = ['load', 'kills', 'trouble'] as const;

async function playNext(stage: Stage, run: Run, scenario: Scenario, signal: AbortSignal): Promise<Played> {
  const seconds = run.scenarios.reduce((sum, each) => sum + each.seconds, 0);
  const index = run.scenarios.indexOf(scenario);
  const seed = (run.seed * 100 + index) * PURPOSES.length;
  console.log(`• ${scenario.name} (${index + 1} of ${run.scenarios.length}): ${scenario.what}`);
  const clearLine = process.stdout.isTTY ? '\r\x1b[K' : '';
  const events = Math.ceil((run.events * scenario.seconds) / seconds);
  const { perSecond } = scenario;
  const result = await play(stage, {
    scenario,
    prefix: `${scenario.name}-${run.seed}`,
    events,
    kills: scenario.kills,
    seconds: perSecond === undefined ? scenario.seconds : events / perSecond,
    randomFor: (purpose) => createRandom(seed + PURPOSES.indexOf(purpose)),
    signal,
    onTrouble: (what, at) => console.log(`${clearLine}  ${at.toFixed(1).padStart(6)} s  ${what}`),
    onProgress: process.stdout.isTTY ? (line: string) => process.stdout.write(`\r  ${line}   `) : undefined,
  });
  process.stdout.write(clearLine);
  const { tally, kills } = result;
  const mark = isClean(result) ? '✓' : '✗';
  console.log(
    `  ${mark} ${tally.answered} events answered 200, ${tally.once} usage events in effect once, ${kills.length} kills, ${Math.round(result.seconds)} s`,
  );
  for (const line of describeTrouble(result)) console.log(`  ${line}`);
  return result;
}

/** How close the workers came to what each API allows. */
export function describePeaks({ peaks }: PlayedAll): string {
  if (peaks.lago === 0) return 'most requests in any second: not limited by the run';
  return `most requests in any second: Lago ${peaks.lago} (limit ${LIMITS.lago}), Hyperline ${peaks.hyperline} (limit ${LIMITS.hyperline})`;
}
