import { setTimeout as sleep } from 'node:timers/promises';
import { addToBoth, clearBoth } from '../both-apis.js';
import { type Setting, USUAL } from '../config.js';
import type { Member } from '../member.js';
import { type Program, releasedProgram, runCommand, TREE } from '../run-command.js';
import type { Scenario, Scene } from '../scenario.js';

/** Of each pair of processes the first is of the last released version. */
const MIXED: Setting = { ...USUAL, isMixed: true };

const OUTAGE_MS = 4_000;
/** Letters a second: slow enough that a replay outlives the worker that took it. */
const RATE = 15;
const TAKEN_WITHIN_MS = 60_000;
const DONE_WITHIN_MS = 90_000;

export const sideBySide: Scenario = {
  name: 'side-by-side',
  what: 'half the fleet is of the last released version: kills, an outage, replays begun by one and gone on with by the other',
  setting: MIXED,
  seconds: 30,
  kills: 8,
  async trouble(scene) {
    const { stage, tell } = scene;
    await sleep(5_000);
    tell('both APIs answer 503');
    addToBoth(stage.sandbox, { times: 'always', respond: { status: 503, body: '' } });
    await sleep(OUTAGE_MS);
    clearBoth(stage.sandbox);
    tell('both APIs are back');
    await changeHands(scene, releasedProgram(stage), 'released');
    await changeHands(scene, TREE, 'tree');
  },
  async after({ stage, notes, problems }) {
    notes.push(`receiver 1 and worker 1 were of version ${stage.released!.version}`);
    const { exitCode, output } = await runCommand(stage, ['audit'], releasedProgram(stage));
    if (exitCode !== 0) problems.push(`the released version's audit exits with ${exitCode}:\n${output}`);
  },
};

/**
 * A replay is begun by a command of one version. The worker that has it is killed until one of the other version goes on
 * with it, which brings it to its end.
 */
async function changeHands(scene: Scene, program: Program, of: Member['of']): Promise<void> {
  const { stage, problems, tell } = scene;
  const known = new Set(stage.logs.replaysTaken.map(({ replay }) => replay));
  const options = ['--reason', 'unmapped', '--include-failing', '--rate', String(RATE), '--yes'];
  // It watches the replay until that is done, and Redis may be killed meanwhile: what counts is what the replay comes to.
  const begun = runCommand(stage, ['dead-letters', 'replay', ...options, '--no-wait'], program);
  const replay = await untilBothHadIt(scene, known);
  if (replay === undefined) {
    problems.push(`a replay of the ${of} version was not in the hands of both: ${(await begun).output}`);
    return;
  }
  tell(`replay ${replay}, begun by the ${of} version, has changed versions`);
  await untilDone(scene, replay);
  await begun;
}

/** Kills whoever has a replay that is not known yet, until both versions had it. @returns its id */
async function untilBothHadIt(
  { stage, kills, tell }: Scene,
  known: ReadonlySet<string>,
): Promise<string | undefined> {
  const deadline = Date.now() + TAKEN_WITHIN_MS;
  let seen = 0;
  while (Date.now() < deadline) {
    const taken = stage.logs.replaysTaken.filter(({ replay }) => !known.has(replay));
    const holders = taken.map(({ by }) => stage.workers.find(({ name }) => name === by)!);
    if (new Set(holders.map(({ of }) => of)).size > 1) return taken[0]!.replay;
    if (taken.length > seen) {
      seen = taken.length;
      const holder = holders.at(-1)!;
      kills.push('worker, with a replay in hand');
      tell(`killed: ${holder.name} (${holder.of}), with replay ${taken[0]!.replay} in hand`);
      holder.kill();
    }
    await sleep(50);
  }
  return undefined;
}

async function untilDone({ stage, tell, problems }: Scene, replay: string): Promise<void> {
  const deadline = Date.now() + DONE_WITHIN_MS;
  for (;;) {
    const { exitCode, output } = await runCommand(stage, ['replays', 'show', replay, '--json']);
    if (exitCode === 0) {
      const { state, replayed } = JSON.parse(output) as { state: string; replayed: number };
      if (state === 'done') return tell(`replay ${replay} is done: ${replayed} letters`);
      if (state === 'stopped') return void problems.push(`replay ${replay} got no further: ${output}`);
    }
    if (Date.now() > deadline) return void problems.push(`replay ${replay} is not done: ${output}`);
    await sleep(500);
  }
}
