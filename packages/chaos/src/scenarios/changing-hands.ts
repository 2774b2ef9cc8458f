import { setTimeout as sleep } from 'node:timers/promises';
import { addToBoth, clearBoth } from '../both-apis.js';
import { type Setting, USUAL } from '../config.js';
import { pick, shuffle } from '../random-choice.js';
import type { Scenario, Scene } from '../scenario.js';
import { membersOf, singleOf } from '../stage.js';
import { RECEIVERS_ONLY } from '../strikes.js';
import { drainOnce, STOPS, type Stop } from './drain-once.js';

/** A worker's lock on a job; whoever is silent for longer has lost it. */
const LOCK_MS = 10_000;
/** Whose lock ran out is found in two looks, half a lock apart. */
const CHANGED_WITHIN_MS = 12_000;
/** A request may outlast a lock: it is on its way when the job is already in another hand. */
const PATIENT: Setting = { ...USUAL, timeoutMs: 25_000 };
/** A round of each, with what flows between two. */
const SECONDS = { away: 30, still: 22, drained: 24 };

type Absence = 'killed' | 'refused to all' | 'refused to one worker';
const ABSENCES: readonly Absence[] = ['killed', 'refused to all', 'refused to one worker'];

export function redisAway(rounds: number): Scenario {
  return {
    name: 'redis-away',
    what: 'Redis is away for longer than a lock, with jobs in both hands and requests on their way',
    setting: PATIENT,
    seconds: rounds * SECONDS.away,
    kills: 3 * rounds,
    strikes: RECEIVERS_ONLY,
    async trouble(scene) {
      const { random } = scene;
      const absences = shuffle([...ABSENCES], random);
      for (let round = 0; round < rounds; round += 1) {
        await sleep(2_000 + random() * 2_000);
        const awayMs = LOCK_MS + 2_000 + random() * 2_000;
        answerLate(scene, awayMs);
        await sleep(1_000);
        await takeRedisAway(scene, absences[round % absences.length]!, awayMs);
        await untilHandsChanged(scene);
        clearBoth(scene.stage.sandbox);
      }
    },
  };
}

/**
 * Requests are answered after the locks have run out, and half of them with a failure: then something remains in the
 * job, and two hands know of different remainders.
 */
function answerLate({ stage, random }: Scene, awayMs: number): void {
  const seed = Math.ceil(random() * 1e6);
  const delayMs = awayMs + random() * 6_000;
  addToBoth(
    stage.sandbox,
    { rate: 0.5, seed, delayMs, respond: { status: 503, body: '' } },
    { rate: 0.5, seed: seed + 1, delayMs },
  );
}

/** Until it is back. */
async function takeRedisAway(scene: Scene, absence: Absence, ms: number): Promise<void> {
  const { stage, tell } = scene;
  const worker = pick(stage.workers, scene.random);
  const who = absence === 'refused to one worker' ? `refused to ${worker.name}` : absence;
  tell(`Redis is away for ${(ms / 1_000).toFixed(1)} s: ${who}`);
  if (absence === 'killed') {
    scene.kills.push('Redis, away for longer than a lock');
    await singleOf(stage).kill(ms);
  } else {
    const members = absence === 'refused to all' ? membersOf(stage) : [worker];
    for (const { redisLink } of members) redisLink.refuse(true);
    await sleep(ms);
    for (const { redisLink } of members) redisLink.refuse(false);
  }
  tell('Redis is back');
}

/** Waits until a job was taken from a hand whose lock ran out; not for ever, since it may have been settled. */
async function untilHandsChanged({ stage, tell }: Scene): Promise<void> {
  const before = stage.logs.handsChanged;
  const deadline = Date.now() + CHANGED_WITHIN_MS;
  while (stage.logs.handsChanged === before && Date.now() < deadline) await sleep(50);
  // Those of the other destination are looked for a moment later.
  await sleep(1_000);
  tell(`${stage.logs.handsChanged - before} jobs changed hands`);
}

export function standingStill(rounds: number): Scenario {
  return {
    name: 'standing-still',
    what: 'a worker stands still for longer than a lock, and wakes while the other has its jobs',
    setting: PATIENT,
    seconds: rounds * SECONDS.still,
    kills: 2 * rounds,
    strikes: RECEIVERS_ONLY,
    async trouble(scene) {
      for (let round = 0; round < rounds; round += 1) await standStill(scene, round);
    },
  };
}

async function standStill(scene: Scene, round: number): Promise<void> {
  const { stage, random, tell } = scene;
  await sleep(1_500 + random() * 1_500);
  const worker = stage.workers[round % stage.workers.length]!;
  const ms = LOCK_MS + 2_000 + random() * 8_000;
  const seed = Math.ceil(random() * 1e6);
  // So that the other one still has them in hand, and something remains in them.
  const delayMs = 3_000 + random() * 4_000;
  addToBoth(
    stage.sandbox,
    { rate: 0.5, seed, delayMs, respond: { status: 503, body: '' } },
    { times: 'always', delayMs },
  );
  await sleep(1_000);
  tell(`${worker.name} stands still for ${(ms / 1_000).toFixed(1)} s`);
  const before = stage.logs.handsChanged;
  const awake = worker.freeze(ms);
  if (round === 0) await standStillBeside(scene);
  await awake;
  tell(`${worker.name} is awake; ${stage.logs.handsChanged - before} jobs changed hands`);
  await sleep(1_000);
  clearBoth(stage.sandbox);
}

/** No lock runs out of this; but what waits for an answer waits longer. */
async function standStillBeside({ stage, tell }: Scene): Promise<void> {
  const [receiver, { redis }] = [stage.receivers[1]!, singleOf(stage)];
  await sleep(1_000);
  tell(`${receiver.name} stands still for 4.0 s`);
  await receiver.freeze(4_000);
  tell('Redis stands still for 3.0 s');
  await redis.kill('SIGSTOP');
  await sleep(3_000);
  await redis.kill('SIGCONT');
}

/** Each stop with and without an absence of Redis before the SIGTERM. */
const DRAINS = STOPS.flatMap((stop) => [true, false].map((isAwayFirst) => ({ stop, isAwayFirst })));

export function drained(rounds: number): Scenario {
  return {
    name: 'drained',
    what: 'a worker is told to stop (SIGTERM) in a hold, a pause and an open breaker, also after Redis was away',
    setting: PATIENT,
    seconds: rounds * SECONDS.drained,
    kills: rounds,
    strikes: RECEIVERS_ONLY,
    async trouble(scene) {
      const order = shuffle([...DRAINS], scene.random);
      // Where there is one round only, it is the one that asks most.
      if (rounds === 1) order.unshift({ stop: 'hold', isAwayFirst: true });
      for (let round = 0; round < rounds; round += 1) {
        const { stop, isAwayFirst } = order[round % order.length]!;
        await sleep(1_000 + scene.random() * 1_000);
        await drainIn(scene, stop, isAwayFirst);
      }
    },
  };
}

async function drainIn(scene: Scene, stop: Stop, isAwayFirst: boolean): Promise<void> {
  const awayMs = isAwayFirst ? LOCK_MS + 2_000 + scene.random() * 1_000 : 0;
  await drainOnce(scene, stop, {
    lastsMs: awayMs + (isAwayFirst ? CHANGED_WITHIN_MS : 0) + 5_000,
    async before() {
      if (!isAwayFirst) return;
      await takeRedisAway(scene, pick(ABSENCES.slice(0, 2), scene.random), awayMs);
      await untilHandsChanged(scene);
    },
  });
}
