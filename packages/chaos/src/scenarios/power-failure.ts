import { statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@meterbridge/testing/wait-for';
import { USUAL } from '../config.js';
import { chooseCut, lastIncrement, sampleSize } from '../power-cut.js';
import type { Scenario, Scene } from '../scenario.js';
import { singleOf } from '../stage.js';
import { NOT_REDIS } from '../strikes.js';

const ROUND_SECONDS = 8;

/**
 * While the disk is busy Redis answers for up to two seconds before it even writes, so an answer of that long before
 * the cut may stand for what is gone.
 */
const UNWRITTEN_MS = 2_000;

export function powerFailure(rounds: number): Scenario {
  return {
    name: 'power-failure',
    what: 'appendfsync everysec, and the power fails: the last second of the append-only file is gone',
    setting: { ...USUAL, store: 'everysec' },
    seconds: rounds * ROUND_SECONDS,
    kills: 2 * rounds,
    strikes: NOT_REDIS,
    // When an event without a time of its own first came is forgotten with it: its repeat has another time.
    without: ['device', 'timeless'],
    async trouble(scene) {
      for (let round = 0; round < rounds; round += 1) await failOnce(scene);
    },
  };
}

async function failOnce(scene: Scene): Promise<void> {
  const { stage, random, tell, forgotten, notes } = scene;
  const store = singleOf(stage);
  await rewrite(scene);
  const file = lastIncrement(store.dataDir);
  const endSampling = sampleSize(file);
  // Some seconds lie between two of them of which nothing may be lost.
  await sleep(4_000 + random() * 3_000);
  const failedAt = performance.now();
  const awayMs = 300 + random() * 700;
  await store.kill(awayMs, () => {
    const length = statSync(file).size;
    const cut = chooseCut(endSampling(), failedAt, random);
    const lost = length - (cut?.bytes ?? length);
    tell(`the power fails: ${lost.toLocaleString('en')} bytes of the append-only file are gone`);
    if (!cut) notes.push('a power failure took nothing: nothing had been written for a second');
    if (!cut) return;
    truncateSync(file, cut.bytes);
    forgotten.push({ fromMs: cut.asOfMs - UNWRITTEN_MS, toMs: performance.now() + awayMs });
  });
  scene.kills.push('Redis, by a power failure');
  tell('Redis is back');
}

/** So that what Redis has to read on its way back stays short. */
async function rewrite({ stage: { look } }: Scene): Promise<void> {
  await look.bgrewriteaof();
  const isDone = async () => {
    const info = await look.info('persistence');
    return info.includes('aof_rewrite_in_progress:0') && info.includes('aof_rewrite_scheduled:0');
  };
  await waitFor(isDone, { what: 'the append-only file to be rewritten' });
}
