import { setTimeout as sleep } from 'node:timers/promises';
import { addToBoth } from '../both-apis.js';
import { idOf } from '../load/load.js';
import { EXPECTED } from '../load/make-event.js';
import type { Scenario } from '../scenario.js';

export const kills: Scenario = {
  name: 'kills',
  what: 'receivers, workers and Redis are killed at every moment of their work',
  seconds: 60,
  kills: 30,
};

const WRONG_BY_MS = 4 * 60_000;

export const clocks: Scenario = {
  name: 'clocks',
  what: 'one worker’s clock is 4 minutes ahead, one receiver’s 4 minutes behind',
  seconds: 20,
  kills: 6,
  async trouble({ stage, random }) {
    const [worker, receiver] = [stage.workers[0]!, stage.receivers[1]!];
    worker.setClockSkew(WRONG_BY_MS);
    receiver.setClockSkew(-WRONG_BY_MS);
    await Promise.all([worker.drain(), receiver.drain()]);
    // Pauses and retries are what clocks are asked for.
    const seed = Math.ceil(random() * 1e6);
    addToBoth(
      stage.sandbox,
      { rate: 0.1, seed, respond: { status: 429, headers: { 'Retry-After': '1' } } },
      { rate: 0.1, seed: seed + 1, respond: { status: 503 } },
    );
  },
  async after({ stage }) {
    for (const member of [stage.workers[0]!, stage.receivers[1]!]) {
      member.setClockSkew(0);
      await member.drain();
      await member.untilReady();
    }
  },
};

/** What an orchestrator commonly grants. */
const DRAINED_WITHIN_SECONDS = 30;

export const rolling: Scenario = {
  name: 'rolling-restart',
  what: 'every process is told to stop (SIGTERM) under load, one after the other, twice; the APIs are slow',
  seconds: 20,
  kills: 0,
  async trouble({ stage, notes, problems }) {
    // So that there is always something on its way, and more in line.
    addToBoth(stage.sandbox, { times: 'always', delayMs: 1_000 });
    let longest = 0;
    for (const member of [...stage.workers, ...stage.receivers, ...stage.workers, ...stage.receivers]) {
      await sleep(500);
      const { code, seconds } = await member.drain();
      longest = Math.max(longest, seconds);
      if (code !== 0) problems.push(`${member.name} drained with exit code ${code}`);
      if (seconds > DRAINED_WITHIN_SECONDS)
        problems.push(`${member.name} took ${Math.round(seconds)} s to drain`);
      await member.untilReady();
    }
    notes.push(`the longest drain took ${longest.toFixed(1)} s`);
  },
};

export const poison: Scenario = {
  name: 'poison',
  what: 'one event kills every worker that sends it to Lago',
  seconds: 15,
  kills: 0,
  async trouble({ stage, load, expected, kills: done }) {
    const n = load.kinds.indexOf('usage', Math.floor(load.kinds.length / 3));
    const id = idOf(load.options.prefix, n);
    expected.set(n, { ...EXPECTED.usage, lago: 'dead:poison' });
    for (const worker of stage.workers) {
      worker.apiLink.setTrap({
        shows: (piece) => piece.includes(`"transaction_id":"${id}"`),
        act() {
          done.push('worker, by a poison event');
          worker.kill();
        },
      });
    }
  },
  // Until all is settled: the event may have been sent twice, and then both of it are poison.
  async after({ stage, kills: done, notes }) {
    for (const worker of stage.workers) worker.apiLink.setTrap(undefined);
    notes.push(`all settled after ${done.length} crashes`);
  },
};
