import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment } from './link.js';
import type { Member } from './member.js';
import { ANSWER, COMMIT, COMMITTED, RELEASE, REQUEST, SETTLED, SETTLEMENT } from './moments.js';
import { pick, shuffle } from './random-choice.js';
import { type Stage, singleOf } from './stage.js';

/** Where a process is killed: at any time, or at a moment that its own traffic shows. */
export type Strike = {
  name: string;
  victim: 'receiver' | 'worker' | 'archivist' | 'redis';
  /** Whose traffic is watched, and on which of its links. Left out: any time. */
  at?: Moment & { of: 'receiver' | 'worker' | 'archivist'; link: 'redis' | 'api' };
};

const request = { ...REQUEST, of: 'worker', link: 'api' } as const;
const answer = { ...ANSWER, of: 'worker', link: 'api' } as const;
const settlement = { ...SETTLEMENT, of: 'worker', link: 'redis' } as const;
const settled = { ...SETTLED, of: 'worker', link: 'redis' } as const;
const commit = { ...COMMIT, of: 'receiver', link: 'redis' } as const;
const committed = { ...COMMITTED, of: 'receiver', link: 'redis' } as const;

export const STRIKES: Strike[] = [
  { name: 'worker, at any time', victim: 'worker' },
  { name: 'worker, before its request is sent', victim: 'worker', at: { ...request, pass: 'nothing' } },
  { name: 'worker, its request half sent', victim: 'worker', at: { ...request, pass: 'half' } },
  {
    name: 'worker, stored by the API and not yet answered',
    victim: 'worker',
    at: { ...answer, pass: 'nothing' },
  },
  { name: 'worker, answered and not yet settled', victim: 'worker', at: { ...answer, pass: 'all' } },
  {
    name: 'worker, its settlement or remainder half written',
    victim: 'worker',
    at: { ...settlement, pass: 'half' },
  },
  { name: 'worker, settled and not yet told so', victim: 'worker', at: { ...settled, pass: 'nothing' } },
  { name: 'worker, told that it is settled', victim: 'worker', at: { ...settled, pass: 'all' } },
  { name: 'receiver, at any time', victim: 'receiver' },
  { name: 'receiver, its commit half written', victim: 'receiver', at: { ...commit, pass: 'half' } },
  {
    name: 'receiver, committed and 200 not yet sent',
    victim: 'receiver',
    at: { ...committed, pass: 'nothing' },
  },
  { name: 'archivist, at any time', victim: 'archivist' },
  {
    name: 'archivist, receipts on disk and not yet let go of',
    victim: 'archivist',
    at: { ...RELEASE, of: 'archivist', link: 'redis', pass: 'nothing' },
  },
  { name: 'Redis, at any time', victim: 'redis' },
  { name: 'Redis, with a commit on its way', victim: 'redis', at: { ...commit, pass: 'all' } },
  { name: 'Redis, with a settlement on its way', victim: 'redis', at: { ...settlement, pass: 'all' } },
  { name: 'Redis, settled and not yet said so', victim: 'redis', at: { ...settled, pass: 'nothing' } },
];

/** Settings made in Redis by hand would be gone, and a cluster's servers have no link. */
export const NOT_REDIS = STRIKES.filter(({ victim }) => victim !== 'redis');
/** What hands hold changes only as a scenario has it. */
export const RECEIVERS_ONLY = STRIKES.filter(({ victim }) => victim === 'receiver');
export const WORKERS_ONLY = STRIKES.filter(({ victim }) => victim === 'worker');
/** Where nothing of the traffic with Redis can be seen. */
export const NOT_AT_REDIS = NOT_REDIS.filter(({ at }) => at?.link !== 'redis');

/** A moment that does not come within this time is not waited for. */
const MOMENT_WITHIN_MS = 2_000;
const REDIS_AWAY_UP_TO_MS = 1_500;

/**
 * Kills once, with SIGKILL. @returns how it was done: the strike's name, or that of "at any time" where the
 * moment did not come
 */
export async function strike(
  stage: Stage,
  { name, victim, at }: Strike,
  random: () => number,
): Promise<string> {
  const awayMs = random() * REDIS_AWAY_UP_TO_MS;
  const watched = pick(watchedBy(stage, at?.of ?? victim), random);
  if (victim !== 'redis') await watched.untilReady();
  let redisIsBack: Promise<void> | undefined;
  const kill = () => {
    if (victim === 'redis') redisIsBack = singleOf(stage).kill(awayMs);
    else watched.kill();
  };
  const isAtItsMoment = at ? await killAt(watched, at, kill) : false;
  if (!at) kill();
  await redisIsBack;
  return isAtItsMoment ? name : `${victim === 'redis' ? 'Redis' : victim}, at any time`;
}

function watchedBy({ receivers, workers, archivist }: Stage, role: Strike['victim']): readonly Member[] {
  if (role === 'receiver') return receivers;
  return role === 'archivist' && archivist ? [archivist] : workers;
}

async function killAt(watched: Member, at: NonNullable<Strike['at']>, kill: () => void): Promise<boolean> {
  const link = at.link === 'redis' ? watched.redisLink : watched.apiLink;
  const late = new AbortController();
  let disarm = () => {};
  const struck = new Promise<boolean>((resolve) => {
    disarm = link.arm(at, () => {
      kill();
      resolve(true);
    });
  });
  const inTime = await Promise.race([
    struck,
    sleep(MOMENT_WITHIN_MS, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  disarm();
  if (!inTime) kill();
  return inTime;
}

/**
 * Kills so many times, one after the other, at the seed's choice of moments.
 * @param plan `seconds`: the longest that all pauses between them may take
 * @param onKill told of each by the name of what was done
 */
export async function keepKilling(
  stage: Stage,
  plan: { kills: number; seconds: number; strikes?: readonly Strike[] | undefined; random: () => number },
  onKill: (name: string) => void,
): Promise<void> {
  const { kills, seconds, strikes = STRIKES, random } = plan;
  // Every kind has its turn before one comes again.
  let order: Strike[] = [];
  for (let n = 0; n < kills; n += 1) {
    if (order.length === 0) order = shuffle([...strikes], random);
    await sleep((random() * seconds * 1_000) / kills);
    onKill(await strike(stage, order.pop()!, random));
  }
}
