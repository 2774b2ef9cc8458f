import { setTimeout as sleep } from 'node:timers/promises';
import { readMemory } from '@meterbridge/queue';
import { addToBoth, clearBoth } from '../both-apis.js';
import type { Scenario } from '../scenario.js';
import { membersOf, type Stage, singleOf } from '../stage.js';
import { NOT_REDIS } from '../strikes.js';

const ROOM_BYTES = 300_000;
/** From this share of `maxmemory` on, receivers answer 429. */
const GUARD_SHARE = 0.8;
const FULL_WITHIN_MS = 30_000;
/** The circuit breaker waits for half a minute at most. */
const RESUMED_WITHIN_MS = 60_000;

export const redisFull: Scenario = {
  name: 'redis-full',
  what: 'Redis fills up behind an API that is down: 429 before it is full; then no room at all for 5 s',
  seconds: 25,
  kills: 4,
  strikes: NOT_REDIS,
  async trouble({ stage, load, notes, problems }) {
    const { lago } = stage.sandbox;
    addToBoth(stage.sandbox, { times: 'always', respond: { status: 503, body: '' } });
    await setMaxMemory(stage, Math.ceil(((await usedMemory(stage)) + ROOM_BYTES) / GUARD_SHARE));
    const deadline = Date.now() + FULL_WITHIN_MS;
    while (!load.statuses.has(429) && Date.now() < deadline) await sleep(50);
    if (!load.statuses.has(429)) problems.push('Redis filled up, and no receiver answered 429');
    clearBoth(stage.sandbox);
    const delivered = lago.ledger.size;
    const began = Date.now();
    while (lago.ledger.size < delivered + 100 && Date.now() - began < RESUMED_WITHIN_MS) await sleep(50);
    if (lago.ledger.size < delivered + 100) problems.push('with senders told to wait, nothing was delivered');
    notes.push(
      `with senders told to wait, deliveries went on ${Math.round((Date.now() - began) / 1_000)} s after the API came back`,
    );
    await sleep(2_000);

    await setMaxMemory(stage, Math.ceil((await usedMemory(stage)) * 0.9));
    await sleep(5_000);
    await setMaxMemory(stage, 0);
    notes.push(`answered 429: ${load.statuses.get(429) ?? 0}, 503: ${load.statuses.get(503) ?? 0}`);
  },
  async after({ stage }) {
    await setMaxMemory(stage, 0);
  },
};

export const failover: Scenario = {
  name: 'failover',
  what: 'Redis hands over to its replica twice: old connections are cut, then they stay, read-only',
  seconds: 20,
  kills: 6,
  strikes: NOT_REDIS,
  async trouble(scene) {
    const { stage, tell } = scene;
    const links = membersOf(stage).map(({ redisLink }) => redisLink);
    for (const cut of [true, false]) {
      await sleep(cut ? 3_000 : 4_000);
      tell(`Redis hands over to its replica; old connections ${cut ? 'are cut' : 'stay'}`);
      await singleOf(stage).handOver(links, { cut });
      scene.failovers += 1;
    }
  },
};

export const forgotten: Scenario = {
  name: 'limiter-flushed',
  what: "the limiter's keys and all cached scripts are deleted in Redis, three times",
  seconds: 12,
  kills: 4,
  async trouble({ stage, notes, problems }) {
    let deleted = 0;
    for (let n = 0; n < 3; n += 1) {
      await sleep(3_000);
      const keys = await stage.look.keys('b_meterbridge*');
      if (keys.length > 0) deleted += await stage.look.del(...keys);
      await stage.look.script('FLUSH');
    }
    if (deleted === 0) problems.push("the limiter's keys were not found");
    notes.push(`${deleted} keys of the limiters were deleted`);
  },
};

async function usedMemory(stage: Stage): Promise<number> {
  return (await readMemory(stage.look))!.usedBytes;
}

async function setMaxMemory(stage: Stage, bytes: number): Promise<void> {
  await stage.look.config('SET', 'maxmemory', String(bytes));
}
