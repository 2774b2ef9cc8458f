import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  findReplay,
  holdReplay,
  listReplays,
  REPLAY_BEAT_MS,
  REPLAY_HELD_MS,
  ReplayLane,
  stopReplay,
} from '@meterbridge/queue';
import type { Command } from 'commander';
import { type LetterBox, openLetters } from '../dead-letters/open-letters.js';
import { CommandError } from '../load-context.js';
import { versionsOf } from '../pipeline/pipeline.js';
import { readCount } from '../read-arguments.js';
import { type ConductOptions, conduct } from '../replay/conduct.js';
import { makePlan } from '../replay/make-plan.js';
import { isoTime, renderReplay, renderReplays } from '../replay/render.js';
import type { Replay, ReplayWhat } from '../replay/run-replay.js';
import { ReplayWatch } from '../replay/summary.js';
import type { Held } from '../stored/held.js';
import { type LetGoOptions, letGo } from '../stored/let-go.js';
import { sayHeld } from '../stored/may-send.js';

type Options = { json?: boolean };
type ResumeOptions = ConductOptions & LetGoOptions;

/** Prints all replays that are remembered, the newest first. */
export async function listAllReplays(options: Options): Promise<void> {
  await withBox(async (box) => {
    const replays = [];
    for (const replay of await listReplays<ReplayWhat>(box.redis)) {
      replays.push({ replay, replayed: (await new ReplayWatch(box, replay).progress()).replayed });
    }
    if (options.json) {
      const lines = replays.map(({ replay, replayed }) => ({ ...toJson(replay), replayed }));
      return console.log(JSON.stringify(lines, null, 2));
    }
    console.log(replays.length === 0 ? 'No replay is remembered.' : renderReplays(replays));
  });
}

/** Prints one in full: what it was told, how far it came, and what became of what it put back. */
export async function showReplay(id: string, options: Options): Promise<void> {
  await withBox((box) => show(box, id, options));
}

async function show(box: LetterBox, id: string, options: Options): Promise<void> {
  const replay = await find(box, id);
  const summary = await new ReplayWatch(box, replay).look(replay.state);
  if (options.json) return console.log(JSON.stringify({ ...toJson(replay), ...summary }, null, 2));
  console.log(renderReplay(replay, summary));
}

/** Makes a running one stop after what it has in hand, and waits until it has. */
export async function stopRunning(id: string, options: Options): Promise<void> {
  await withBox(async (box) => {
    await find(box, id);
    while (await stopReplay(box.redis, id)) await sleep(REPLAY_BEAT_MS);
    await show(box, id, options);
  });
}

/**
 * Goes on with one that was stopped or interrupted, with the configuration of now. What is left is asked for anew where
 * that maps otherwise than its plan did.
 */
export async function resumeReplay(id: string, options: ResumeOptions): Promise<void> {
  await withBox(async (box) => {
    const replay = await find(box, id);
    const isPlanned = isDeepStrictEqual(replay.what.rules, versionsOf(box.config));
    if (replay.state !== 'done' && replay.state !== 'running' && !isPlanned) {
      const held = await askForRest(box, replay, options);
      if (!options.json) {
        for (const { events, words } of sayHeld(held))
          console.error(`${events.toLocaleString('en')}  ${words}`);
      }
      await letGo(held, options);
    }
    const holder = randomUUID();
    const held = await hold(box, replay, holder);
    if (held === 'done') throw new CommandError(`replay ${id} is done: meterbridge replays show ${id}`);
    if (held !== 'held') {
      throw new CommandError(
        `replay ${id} is running, begun by ${replay.by}: meterbridge replays stop ${id}`,
      );
    }
    if (!options.json) console.error(`Replay ${id} goes on. Ctrl-C stops it after what is in hand.`);
    await conduct(box, id, holder, options);
  });
}

/** What the APIs hold of the letters that are left. */
async function askForRest(
  box: LetterBox,
  { id, what, lanes }: Replay,
  { checkAll }: ResumeOptions,
): Promise<Held[]> {
  const rest = lanes.map(async (lane) => ({
    ...lane,
    from: (await new ReplayLane(lane.destination, id, box.redis).progress()).position,
  }));
  const options = { ...what, ...(checkAll === undefined ? {} : { checkAll }) };
  return (await makePlan(box, what.filter, await Promise.all(rest), what.pace, options)).held;
}

/** One whose process was killed seems to run until nobody has heard of it for some seconds. */
async function hold(box: LetterBox, { id }: Replay, holder: string) {
  const until = performance.now() + REPLAY_HELD_MS + REPLAY_BEAT_MS;
  for (;;) {
    const held = await holdReplay(box.redis, id, holder);
    if (held !== 'running' || performance.now() > until) return held;
    await sleep(REPLAY_BEAT_MS);
  }
}

async function withBox(act: (box: LetterBox) => Promise<void>): Promise<void> {
  const box = await openLetters();
  try {
    await act(box);
  } finally {
    box.close();
  }
}

async function find(box: LetterBox, id: string): Promise<Replay> {
  const replay = await findReplay<ReplayWhat>(box.redis, id);
  if (!replay) throw new CommandError(`no replay ${id} is remembered; see meterbridge replays list`);
  return replay;
}

/** Times as text; what was given, as it was given. */
function toJson({ startedAt, endedAt, ...replay }: Replay) {
  return { ...replay, startedAt: isoTime(startedAt), endedAt: endedAt === null ? null : isoTime(endedAt) };
}

/** `meterbridge replays` */
export function addReplays(program: Command): void {
  const replays = program
    .command('replays')
    .description('replays of dead letters: which there were, how far they came; to stop and resume them')
    .addHelpText(
      'after',
      `
A replay is begun with: meterbridge dead-letters replay. A hundred are remembered.

Examples:
  meterbridge replays list
  meterbridge replays show 12
  meterbridge replays stop 12
  meterbridge replays resume 12 --wait

Exit codes: 0 done, 1 there is none, it cannot be resumed, or it did not come to its end, 2 wrong usage.`,
    );
  const explain = (example: string, exitCodes: string) =>
    `\nExample:\n  meterbridge replays ${example}\n\nExit codes: ${exitCodes}, 2 wrong usage.`;
  replays
    .command('list')
    .description('the newest first')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      explain('list --json | jq \'.[] | select(.state == "interrupted") | .id\'', '0 done'),
    )
    .action(listAllReplays);
  replays
    .command('show <id>')
    .description('how far it came, and what became of what it put back')
    .option('--json', 'for machines')
    .addHelpText('after', explain('show 12', '0 done, 1 there is no such replay'))
    .action(showReplay);
  replays
    .command('stop <id>')
    .description('make a running one stop after what it has in hand')
    .option('--json', 'for machines')
    .addHelpText('after', explain('stop 12', '0 it runs no more, 1 there is no such replay'))
    .action(stopRunning);
  replays
    .command('resume <id>')
    .description('go on with one that was stopped or killed, at its pace, with the configuration of now')
    .option('--wait', 'until what it put back is delivered or dead again; so it is on a terminal')
    .option('--no-wait', 'end when everything is on its queue')
    .option(
      '--send-again <n>',
      'where the rules have changed since: so many, exactly, although they are there already as something else',
      readCount,
    )
    .option('--check-all', 'the same: ask the APIs for every event, however many reads that takes')
    .option('--yes', 'the same: do not ask where the APIs could not be asked for all')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      explain(
        'resume 12 --wait',
        '0 done, 1 there is none, it runs or is done, it was refused or stopped, or with --wait something is dead again',
      ),
    )
    .action(resumeReplay);
}
