import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { every } from '../redis/every.js';

/*
 * Which processes live, and which version and configuration each runs: a receiver may route by rules that a worker does not have
 * yet. A process says so every few seconds; what it said counts for a few beats, so that one that is killed is forgotten.
 */

/** What is told of a configuration in force, for commands where the file cannot be used. No key and no URL. */
export type ToldSettings = {
  /** The names of its sources. */
  sources: string[];
  /** By destination: which API it is of, whose account it bills, and what its requests are limited to. */
  destinations: Record<string, { type: string; account: string; requestsPerSecond: number | 'unlimited' }>;
  redis: { replicas: number; maxMemoryShare: number };
};

/** What a process says of itself. */
export type ProcessEntry = {
  role: 'receiver' | 'worker' | 'archivist';
  host: string;
  pid: number;
  /** Which version of the program it is. */
  version: string;
  /** The name of its configuration. */
  config: string;
  /** By destination: the version of its rules. */
  rules: Record<string, string>;
  /** The rest of its configuration; left out by an archivist, and by versions before 0.2.0. */
  settings?: ToldSettings;
  /** Of a receiver: which refused people all of its requests go by; left out while some go by others. */
  refused?: string;
  /** When it last said so, epoch milliseconds by Redis' clock. */
  at: number;
};

/** What a process runs now. */
export type RunningConfig = {
  hash: string;
  rules: ReadonlyMap<string, { version: string }>;
  settings?: ToldSettings;
};

export type ProcessBeat = {
  /** Says it now; rejects as Redis does. Before the first job is stamped with new rules. */
  say(running: RunningConfig): Promise<void>;
  /** Says it anew, since something of it has changed. */
  again(): Promise<void>;
  /** Says that the process leaves, as far as Redis takes it. */
  stop(): Promise<void>;
};

const KEY = 'meterbridge:processes';
/** What those did not say yet that were made before. */
const BEFORE_VERSIONS = 'before 0.1.0';
const BEAT_MS = 5_000;
/** A process that is silent for longer counts as gone: three beats. */
const GONE_AFTER_MS = 15_000;
/** From then on its entry is removed by those that start. */
const FORGET_AFTER_MS = 3_600_000;

/**
 * Begins to say what a process runs, once `say` was called.
 * @param now epoch milliseconds, by Redis' clock
 * @param refused asked each time, of a receiver
 */
export function startProcessBeat(
  redis: Redis,
  { role, version }: Pick<ProcessEntry, 'role' | 'version'>,
  now: () => number,
  refused: () => string | undefined = () => undefined,
): ProcessBeat {
  const id = randomUUID();
  let running: RunningConfig | undefined;

  async function beat(): Promise<void> {
    if (!running || redis.status !== 'ready') return;
    const rules = Object.fromEntries([...running.rules].map(([name, { version }]) => [name, version]));
    const entry: ProcessEntry = {
      role,
      host: hostname(),
      pid: process.pid,
      version,
      config: running.hash,
      rules,
      settings: running.settings,
      refused: refused(),
      at: now(),
    };
    await redis.hset(KEY, id, JSON.stringify(entry));
  }

  const rounds = every(BEAT_MS, beat);

  return {
    async say(next) {
      const isFirst = running === undefined;
      running = next;
      await beat();
      if (isFirst) await forgetOld(redis, now());
    },
    again: beat,
    async stop() {
      rounds.stop();
      running = undefined;
      if (redis.status === 'ready') await redis.hdel(KEY, id).catch(() => {});
    },
  };
}

/** The processes that live, as far as they have said so. @param now epoch milliseconds, by Redis' clock */
export async function readProcesses(redis: Redis, now: number): Promise<ProcessEntry[]> {
  const entries = [...(await readEntries(redis)).values()];
  return entries.filter(({ at }) => now - at < GONE_AFTER_MS);
}

async function forgetOld(redis: Redis, now: number): Promise<void> {
  const entries = await readEntries(redis);
  const old = [...entries].filter(([, { at }]) => now - at > FORGET_AFTER_MS).map(([id]) => id);
  if (old.length > 0) await redis.hdel(KEY, ...old);
}

async function readEntries(redis: Redis): Promise<Map<string, ProcessEntry>> {
  const texts = Object.entries(await redis.hgetall(KEY));
  return new Map(
    texts.map(([id, text]) => {
      const entry = JSON.parse(text) as Omit<ProcessEntry, 'version'> & { version?: string };
      return [id, { ...entry, version: entry.version ?? BEFORE_VERSIONS }];
    }),
  );
}
