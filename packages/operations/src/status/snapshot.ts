import type { Gate, ToldFormats } from '@meterbridge/delivery';
import {
  type Counters,
  countOpenFindings,
  countRefusals,
  countWorkers,
  describeRedisError,
  type LateTotal,
  lookAtDestinationGate,
  lookAtGate,
  type MissingRule,
  type NewerRecords,
  type OpenErasures,
  type OpenForgetRequests,
  type ProcessEntry,
  RECEIVER,
  readCounters,
  readEventsStore,
  readFormats,
  readLateUsage,
  readMemory,
  readMissingRules,
  readNewerRecords,
  readOpenErasures,
  readOpenForgetRequests,
  readProcesses,
  readsOf,
  writeRefusal,
} from '@meterbridge/queue';
import { countStarts } from '@meterbridge/rate-limiter';
import { TOKENS_PER_ID } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';
import { type Activity, readActivity } from '../activity/read-activity.js';
import { allDestinations } from '../destinations.js';
import type { SettingsInForce } from '../open.js';

/** What is seen of one destination at one moment, or of the receiver's own dead letters. */
export type PlaceSnapshot = {
  standing: Counters;
  /** The receiver sends nothing, and has none. */
  gate?: Gate;
  /** The gate of what is asked of its billing account beside events. */
  readsGate?: Gate;
  /** Requests of its billing account that started within the last second. */
  requestsPerSecond?: number;
  /** What of them is allowed; left out where nothing limits them, or it is not configured any more. */
  limit?: number;
  /** Left out where Redis does not tell. */
  workers?: number;
  /** Where its API keeps events, as a worker was told; null where none was. */
  eventsStore: string | null;
  /** Usage that was delivered and may never be billed, by month, owner and kind. */
  lateUsage: LateTotal[];
  /** Rules that deliveries wait for, since they were removed. */
  missingRules: MissingRule[];
  /** What a newer version wrote, and deliveries wait by. */
  newerRecords: NewerRecords[];
  /** Findings that are neither waived nor resolved, by kind. */
  findings: ReadonlyMap<string, number>;
  isConfigured: boolean;
};

/** Everything of one moment. Costs Redis about a millisecond a destination, however much waits. */
export type Snapshot = {
  /** Epoch milliseconds, by Redis' clock. */
  at: number;
  places: PlaceSnapshot[];
  activity: Activity;
  /** The processes that live, as they have said. */
  processes: ProcessEntry[];
  /** What any version has said of the formats that it writes. */
  formats: ToldFormats;
  /** Null where Redis does not tell. */
  memory: { usedBytes: number; limitBytes: number } | null;
  /** Why Redis takes no write, in its words; null where it does. */
  refusesWrites: string | null;
  /** Ids of people whose later events are refused. */
  refusedIds: number;
  /** Requests to forget a person that are not done. */
  forgetRequests: OpenForgetRequests;
  /** Requests to take a person out of the receipts that no archivist has done. */
  erasures: OpenErasures;
};

/** Looks at what is configured, and at what is not any more and still has something. */
export async function takeSnapshot(
  config: SettingsInForce,
  redis: Redis,
  now: () => number,
): Promise<Snapshot> {
  const names = await allDestinations(config, redis);
  const at = now();
  const [workersOf, memory, refusal, processes, formats] = await Promise.all([
    countWorkers(redis),
    readMemory(redis),
    writeRefusal(redis),
    readProcesses(redis, at),
    readFormats(redis),
  ]);
  const places = await Promise.all(
    names.map((name) => lookAtPlace(name, { config, redis, at, workers: workersOf?.(name) })),
  );
  const hasSomething = ({ standing, findings, isConfigured }: PlaceSnapshot) =>
    isConfigured ||
    standing.inFlight > 0 ||
    standing.dead > 0 ||
    [...findings.values()].some((count) => count > 0);
  const receiver = {
    standing: await readCounters(RECEIVER, redis),
    eventsStore: null,
    lateUsage: [],
    missingRules: [],
    newerRecords: [],
    findings: new Map<string, number>(),
    isConfigured: true,
  };
  const activity = await readActivity(config, redis, at);
  return {
    at,
    places: [...places.filter(hasSomething), receiver],
    activity,
    processes,
    formats,
    memory,
    refusesWrites: describeRedisError(refusal),
    refusedIds: (await countRefusals(redis)) / TOKENS_PER_ID,
    forgetRequests: await readOpenForgetRequests(redis),
    erasures: await readOpenErasures(redis),
  };
}

async function lookAtPlace(
  name: string,
  {
    config,
    redis,
    at,
    workers,
  }: { config: SettingsInForce; redis: Redis; at: number; workers: number | undefined },
): Promise<PlaceSnapshot> {
  const account = config.billingAccounts.get(name) ?? name;
  const configured = config.destinations.find((each) => each.name === name);
  const limit = configured?.limit.requestsPerSecond;
  const [
    standing,
    gate,
    readsGate,
    requestsPerSecond,
    eventsStore,
    lateUsage,
    missing,
    newerRecords,
    findings,
  ] = await Promise.all([
    readCounters(name, redis),
    lookAtDestinationGate(name, account, redis),
    lookAtGate(readsOf(account), redis),
    limit === 'unlimited' ? undefined : countStarts(account, redis),
    readEventsStore(redis, name),
    readLateUsage(name, redis),
    readMissingRules(redis, name, at),
    readNewerRecords(redis, name, at),
    countOpenFindings(redis, name),
  ]);
  const isThere = (rule: string) => configured?.rules.some((each) => each.name === rule) ?? false;
  return {
    standing,
    gate,
    readsGate,
    requestsPerSecond,
    limit: typeof limit === 'number' ? limit : undefined,
    workers,
    eventsStore,
    lateUsage,
    missingRules: missing.filter(({ rule }) => !isThere(rule)),
    newerRecords,
    findings,
    isConfigured: configured !== undefined,
  };
}
