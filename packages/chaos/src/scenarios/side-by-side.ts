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

type Of = Member['of'];

/**
 * A replay is begun by a command of one version. Workers of that version are killed once they have it, until one of the
 * other goes on with it, which brings it to its end.
 */
async function changeHands(scene: Scene, program: Program, of: Of): Promise<void> {
  const { stage, kills, tell, problems } = scene;
  const known = new Set(stage.logs.replaysTaken.map(({ replay }) => replay));
  const options = ['--reason', 'unmapped', '--include-failing', '--rate', String(RATE), '--yes'];
  const command = ['dead-letters', 'replay', ...options, '--no-wait'];
  // It watches the replay until that is done, and Redis may be killed meanwhile: what counts is what the replay comes to.
  const begun = runCommand(stage, command, program);
  const deadline = Date.now() + TAKEN_WITHIN_MS;
  let replay: string | undefined;
  let seen = 0;
  for (;;) {
    const taken = stage.logs.replaysTaken.filter((each) => !known.has(each.replay));
    replay = taken[0]?.replay;
    const worker = stage.workers.find(({ name }) => name === taken.at(-1)?.by);
    if (worker && worker.of !== of) break;
    if (Date.now() > deadline) {
      problems.push(
        `a replay of the ${of} version was taken by no worker of the other: ${(await begun).output}`,
      );
      return;
    }
    if (worker && taken.length > seen) {
      seen = taken.length;
      kills.push('worker, with a replay in hand');
      tell(`killed: ${worker.name}, with replay ${replay} in hand`);
      worker.kill();
    }
    await sleep(50);
  }
  tell(`replay ${replay}, begun by the ${of} version, is in the hands of the other`);
  await untilDone(scene, replay!);
  await begun;
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
