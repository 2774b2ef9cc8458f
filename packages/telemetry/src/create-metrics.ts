import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Build, readBuild } from './build.js';
import {
  createActivityGauges,
  createArchivistMeters,
  createBuildGauge,
  createForgetGauges,
  createReceiptGauges,
  createReceiverMeters,
  createStatusGauges,
  createWorkerMeters,
} from './meters.js';

/** Whether a destination is being sent to; `held` waits for a person, `open` for the API to get well. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'held';

const BREAKER_STATES: BreakerState[] = ['closed', 'open', 'half-open', 'held'];

/** What only Redis knows of a destination, or of the receiver's own dead letters, for all processes together. */
export type DestinationStatus = {
  destination: string;
  /** Deliveries that are accepted and not settled. */
  inFlight: number;
  /** Since the oldest of them was received; 0 when there is none. */
  oldestEventAgeMs: number;
  /** Dead letters that lie there. */
  dead: number;
  /** Dead letters that were discarded, and not brought back. */
  discarded: number;
  /**
   * What was accepted minus what became of it: anything but zero is a bug or a loss. Counted from the jobs now
   * and then; left out where that was not done yet.
   */
  difference?: number;
  /** Where it has not added up for a while, a few lines at most: in which shard, ISO hour and source. */
  differences?: { shard: string; hour: string; source: string; difference: number }[];
  /** Findings that are neither waived nor resolved, by kind. */
  findings?: ReadonlyMap<string, number>;
  /** The receiver has none. */
  breaker?: BreakerState;
};

/** What only Redis knows of rules and names, of all receivers together. Rules are configured, and so are few. */
export type ActivityStatus = {
  rules: {
    destination: string;
    rule: string;
    /** It took what it takes no more. */
    isSilent: boolean;
    /** Events in the last fourteen days. */
    taken: number;
    /** Epoch milliseconds; null where it took none in that time. */
    lastTakenAt: number | null;
  }[];
  /** How many names of events no rule takes. */
  names: { source: string; untaken: number }[];
};

/** What only Redis knows of requests to forget a person. */
export type ForgetStatus = {
  /** That are not done. */
  open: number;
  /** Those of them that were tried, by why they are not done. */
  problems: Record<string, number>;
};

/** What waits in Redis for the archivist, of one shard. */
export type ReceiptStatus = {
  shard: string;
  /** Entries, of up to some hundred deliveries each. */
  entries: number;
  bytes: number;
  /** 0 where nothing waits. */
  oldestSeconds: number;
  /** Deliveries and filtered events that ended without a receipt. */
  missing: number;
};

/** Redis away must not keep a scrape waiting. */
const STATUS_DEADLINE_MS = 1_000;

export type ReceiverMetrics = ReturnType<typeof createReceiverMetrics>;

export type ArchivistMetrics = ReturnType<typeof createArchivistMetrics>;

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

/** What `/metrics` answers. */
export type Rendered = { contentType: string; text: string };

/**
 * Makes the meters of a receiver, in a registry of their own. Names say what is counted and its base unit;
 * labels have few values: destination, source, route, reason, status.
 * @param build which build says so; left out: this one
 */
export function createReceiverMetrics(build: Build = readBuild()) {
  const registry = createRegistry(build);
  const meters = createReceiverMeters(registry);
  return { ...meters, showConfig: showConfigOf(meters), render: () => renderAll(registry) };
}

/**
 * The same of a worker, and what it reads in Redis for all processes together. Rules are configured, and so are few.
 * @param build which build says so; left out: this one
 */
export function createWorkerMetrics(build: Build = readBuild()) {
  const registry = createRegistry(build);
  const meters = createWorkerMeters(registry);
  const gauges = {
    ...createStatusGauges(registry),
    ...createActivityGauges(registry),
    ...createForgetGauges(registry),
  };
  const readers: Read<DestinationStatus>[] = [];
  const activityReaders: Read<ActivityStatus>[] = [];
  const forgetReaders: Read<ForgetStatus>[] = [];
  return {
    ...meters,
    showConfig: showConfigOf(meters),
    /** Has the destinations' status read anew for each scrape. */
    watchDestinations(read: Read<DestinationStatus>): void {
      readers.push(read);
    },
    /** The same of what rules take. */
    watchActivity(read: Read<ActivityStatus>): void {
      activityReaders.push(read);
    },
    /** The same of requests to forget a person. */
    watchForgetRequests(read: Read<ForgetStatus>): void {
      forgetReaders.push(read);
    },
    /** The text for `/metrics`, within about a second even if the status cannot be read. */
    async render(): Promise<Rendered> {
      // What cannot be read is absent: an old number would look like a true one.
      for (const gauge of Object.values(gauges)) gauge.reset();
      const [statuses, activities, forgets] = await Promise.all([
        readInTime(readers),
        readInTime(activityReaders),
        readInTime(forgetReaders),
      ]);
      for (const status of statuses) showStatus(gauges, status);
      for (const activity of activities) showActivity(gauges, activity);
      for (const status of forgets) showForgets(gauges, status);
      return renderAll(registry);
    },
  };
}

/**
 * The same of an archivist, and what waits for it in Redis.
 * @param build which build says so; left out: this one
 */
export function createArchivistMetrics(build: Build = readBuild()) {
  const registry = createRegistry(build);
  const meters = createArchivistMeters(registry);
  const gauges = createReceiptGauges(registry);
  const readers: Read<ReceiptStatus>[] = [];
  return {
    ...meters,
    showConfig: showConfigOf(meters),
    /** Has what waits read anew for each scrape. */
    watchReceipts(read: Read<ReceiptStatus>): void {
      readers.push(read);
    },
    /** As a worker's. */
    async render(): Promise<Rendered> {
      for (const gauge of Object.values(gauges)) gauge.reset();
      for (const { shard, entries, bytes, oldestSeconds, missing } of await readInTime(readers)) {
        gauges.receiptsWaiting.set({ shard }, entries);
        gauges.receiptBytes.set({ shard }, bytes);
        gauges.oldestReceipt.set({ shard }, oldestSeconds);
        gauges.receiptGap.set({ shard }, missing);
      }
      return renderAll(registry);
    },
  };
}

/** With `process_*` and `nodejs_*`, as every program on Node has them: memory, CPU, the event loop, open files. */
function createRegistry(build: Build): Registry {
  const registry = new Registry();
  createBuildGauge(registry, build);
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Shows which configuration the process runs, by its name. */
function showConfigOf({ configInfo }: Pick<ReturnType<typeof createWorkerMeters>, 'configInfo'>) {
  return (hash: string): void => {
    configInfo.reset();
    configInfo.set({ hash }, 1);
  };
}

async function renderAll(registry: Registry): Promise<Rendered> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}

type Read<Status> = () => Promise<Status[]>;

/** None of them where one does not answer within the deadline; without one that fails. */
async function readInTime<Status>(readers: readonly Read<Status>[]): Promise<Status[]> {
  if (readers.length === 0) return [];
  const late = new AbortController();
  const deadline = sleep(STATUS_DEADLINE_MS, [] as Status[][], { signal: late.signal });
  const all = Promise.all(readers.map((read) => read().catch(() => [])));
  const found = await Promise.race([all, deadline]);
  late.abort();
  deadline.catch(() => {});
  return found.flat();
}

function showActivity(
  gauges: ReturnType<typeof createActivityGauges>,
  { rules, names }: ActivityStatus,
): void {
  for (const { destination, rule, isSilent, taken, lastTakenAt } of rules) {
    gauges.ruleSilent.set({ destination, rule }, isSilent ? 1 : 0);
    gauges.ruleTaken.set({ destination, rule }, taken);
    if (lastTakenAt !== null) gauges.ruleLastTaken.set({ destination, rule }, lastTakenAt / 1_000);
  }
  for (const { source, untaken } of names) gauges.untakenNames.set({ source }, untaken);
}

function showForgets(
  { forgetOpen }: ReturnType<typeof createForgetGauges>,
  { open, problems }: ForgetStatus,
): void {
  let tried = 0;
  for (const [why, count] of Object.entries(problems)) {
    forgetOpen.set({ why }, count);
    tried += count;
  }
  forgetOpen.set({ why: 'not_tried' }, Math.max(0, open - tried));
}

function showStatus(gauges: ReturnType<typeof createStatusGauges>, status: DestinationStatus): void {
  const { destination, inFlight, oldestEventAgeMs, dead, discarded, difference, breaker } = status;
  const { differences = [], findings = new Map<string, number>() } = status;
  gauges.inFlight.set({ destination }, inFlight);
  gauges.oldestAge.set({ destination }, oldestEventAgeMs / 1_000);
  gauges.deadLetters.set({ destination }, dead);
  gauges.discarded.set({ destination }, discarded);
  if (difference !== undefined) gauges.difference.set({ destination }, difference);
  for (const { difference: value, ...place } of differences) {
    gauges.differenceByHour.set({ destination, ...place }, value);
  }
  for (const [kind, count] of findings) gauges.findingsOpen.set({ destination, kind }, count);
  if (!breaker) return;
  for (const state of BREAKER_STATES) {
    gauges.breaker.set({ destination, state }, state === breaker ? 1 : 0);
  }
}
