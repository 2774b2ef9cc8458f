import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment } from './link.js';
import type { Member } from './member.js';
import type { Stage } from './stage.js';

/** Where a process is killed: at any time, or at a moment that its own traffic shows. */
export type Strike = {
  name: string;
  victim: 'receiver' | 'worker' | 'redis';
  /** Whose traffic is watched, and on which of its links. Left out: any time. */
  at?: Moment & { of: 'receiver' | 'worker'; link: 'redis' | 'api' };
};

const isRequest = (piece: Buffer) => piece.subarray(0, 5).toString('latin1') === 'POST ';
const isAnswer = (piece: Buffer) => piece.subarray(0, 5).toString('latin1') === 'HTTP/';
/** Commits and settlements raise the ledger. */
const isAccounting = (piece: Buffer) => piece.includes(':ledger');

const request = { direction: 'up', shows: isRequest, of: 'worker', link: 'api' } as const;
const answer = { direction: 'down', shows: isAnswer, of: 'worker', link: 'api' } as const;
const settlement = { direction: 'up', shows: isAccounting, of: 'worker', link: 'redis' } as const;
const commit = { direction: 'up', shows: isAccounting, of: 'receiver', link: 'redis' } as const;

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
  { name: 'worker, settled and not yet told so', victim: 'worker', at: { ...settlement, pass: 'all' } },
  { name: 'receiver, at any time', victim: 'receiver' },
  { name: 'receiver, its commit half written', victim: 'receiver', at: { ...commit, pass: 'half' } },
  {
    name: 'receiver, committed and 200 not yet sent',
    victim: 'receiver',
    at: { ...commit, pass: 'all' },
  },
  { name: 'Redis, at any time', victim: 'redis' },
  { name: 'Redis, with a commit on its way', victim: 'redis', at: { ...commit, pass: 'all' } },
  { name: 'Redis, with a settlement on its way', victim: 'redis', at: { ...settlement, pass: 'all' } },
];

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
  const pick = (members: Member[]) => members[Math.floor(random() * members.length)]!;
  const watched = pick(at?.of === 'receiver' || victim === 'receiver' ? stage.receivers : stage.workers);
  if (victim !== 'redis') await watched.untilReady();
  let redisIsBack: Promise<void> | undefined;
  const kill = () => {
    if (victim === 'redis') redisIsBack = stage.killRedis(awayMs);
    else watched.kill();
  };
  const isAtItsMoment = at ? await killAt(watched, at, kill) : false;
  if (!at) kill();
  await redisIsBack;
  return isAtItsMoment ? name : `${victim === 'redis' ? 'Redis' : victim}, at any time`;
}

async function killAt(watched: Member, at: NonNullable<Strike['at']>, kill: () => void): Promise<boolean> {
  const link = at.link === 'redis' ? watched.redisLink : watched.apiLink;
  const late = new AbortController();
  const struck = new Promise<boolean>((resolve) => {
    link.arm(at, () => {
      kill();
      resolve(true);
    });
  });
  const inTime = await Promise.race([
    struck,
    sleep(MOMENT_WITHIN_MS, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  link.disarm();
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

function shuffle<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
