import { setTimeout as sleep } from 'node:timers/promises';
import { addToBoth, clearBoth } from '../both-apis.js';
import { pick } from '../random-choice.js';
import { runCommand } from '../run-command.js';
import type { Scene } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Why nothing is sent: a person's word, the API's own, or its failures. Jobs wait in the workers' hands. */
export type Stop = 'hold' | 'pause' | 'breaker';
export const STOPS: readonly Stop[] = ['hold', 'pause', 'breaker'];

/** An orchestrator commonly kills after this long. */
const DRAINED_WITHIN_SECONDS = 30;

/**
 * Stops deliveries, tells a worker to end, has another one take its place, and lets them go on.
 * @param lastsMs how long a stop that ends by itself has to last
 * @param before what comes between the stop and the SIGTERM
 */
export async function drainOnce(
  scene: Scene,
  stop: Stop,
  { lastsMs, before }: { lastsMs: number; before: () => Promise<void> },
): Promise<void> {
  const { stage, tell, problems } = scene;
  tell(`deliveries stop: ${stop}`);
  const stoppedAt = Date.now();
  await begin(scene, stop, lastsMs);
  // Workers see it within a fifth of a second, and take jobs in hand until they have enough.
  await sleep(1_500);
  await before();
  const worker = pick(stage.workers, scene.random);
  const { code, seconds } = await worker.drain();
  tell(`SIGTERM: ${worker.name} is gone after ${seconds.toFixed(1)} s`);
  if (code !== 0) problems.push(`${worker.name} drained with exit code ${code} in: ${stop}`);
  if (seconds > DRAINED_WITHIN_SECONDS) problems.push(`${worker.name} took ${seconds.toFixed(0)} s to drain`);
  await worker.untilReady();
  await end(scene, stop);
  if (stop === 'pause') await sleep(Math.max(0, stoppedAt + lastsMs - Date.now()));
  tell(`deliveries go on after: ${stop}`);
}

async function begin({ stage, problems }: Scene, stop: Stop, lastsMs: number): Promise<void> {
  switch (stop) {
    case 'hold':
      return commandEach(stage, problems, 'hold', '--reason', 'chaos');
    case 'pause': {
      const headers = { 'Retry-After': String(Math.ceil(lastsMs / 1_000)) };
      return addToBoth(stage.sandbox, { times: 'always', respond: { status: 429, headers } });
    }
    case 'breaker':
      return addToBoth(stage.sandbox, { times: 'always', respond: { status: 503, body: '' } });
  }
}

async function end({ stage, problems }: Scene, stop: Stop): Promise<void> {
  if (stop === 'hold') await commandEach(stage, problems, 'resume');
  else clearBoth(stage.sandbox);
}

async function commandEach(
  stage: Stage,
  problems: string[],
  command: 'hold' | 'resume',
  ...options: string[]
): Promise<void> {
  const said = ['lago', 'hyperline'].map((name) => runCommand(stage, [command, name, ...options]));
  for (const { exitCode, output } of await Promise.all(said)) {
    if (exitCode !== 0) problems.push(`${command} exits with ${exitCode}: ${output}`);
  }
}
