import {
  decideGate,
  type Gate,
  newerWords,
  REMOVED_RULE_WAIT_MS,
  type StoredKind,
  type ToldFormats,
} from '@meterbridge/delivery';
import type { Counters, LateTotal, OpenErasures, OpenForgetRequests, ProcessEntry } from '@meterbridge/queue';
import type { Activity } from '../activity/read-activity.js';
import type { PlaceSnapshot, Snapshot } from './snapshot.js';

/** Whether a destination is sent to, in the words of the metrics. Times are epoch milliseconds. */
export type GateStatus = {
  state: 'closed' | 'open' | 'half-open' | 'held';
  /** Until when nothing is sent by the API's own word, or while the breaker is open; null where that is not so. */
  waitUntil: number | null;
  /** The same of subscriptions, which are looked up past a gate of their own. */
  lookupsWaitUntil: number | null;
  holds: HoldStatus[];
  /**
   * Why the last request failed, while the breaker is not closed or somebody holds the destination. Of events, or of
   * what is asked beside them.
   */
  lastFailures: FailureStatus[];
};

export type FailureStatus = { to: 'events' | 'reads'; code: string; cause: string; at: number };

/** A hold by somebody, or by an answer of the API: to events, or to what is asked of it beside them. */
export type HoldStatus =
  | { by: 'hand'; reason: string; who: string; since: number }
  | {
      by: 'answer';
      to: 'events' | 'reads';
      code: string;
      detail: string;
      since: number;
      nextProbeAt: number;
    };

export type PlaceStatus = Omit<Counters, 'oldestJobAt'> & {
  /** Events a second, in the time between the two looks: queued, and delivered or found delivered. */
  inPerSecond: number;
  outPerSecond: number;
  /** The oldest delivery's wait, in milliseconds; null where nothing is in flight. */
  oldestAgeMs: number | null;
  /** Until nothing is in flight, at the pace of the two looks; null where it does not get less. */
  drainSeconds: number | null;
  gate: GateStatus | null;
  requestsPerSecond: number | null;
  /** Null where nothing limits them. */
  requestLimit: number | null;
  workers: number | null;
  /** Where its API keeps events, as a worker was told at its start; null where none was. */
  eventsStore: string | null;
  /** Usage that was delivered and may never be billed, by month, owner and kind; the most deliveries first. */
  lateUsage: LateTotal[];
  /** Rules that were removed while deliveries under them wait, and when the first of those becomes a dead letter. */
  missingRules: { rule: string; deadFrom: number }[];
  /** What deliveries wait by, since a newer version wrote it; `words` say which version reads it. */
  newerRecords: { kind: StoredKind; format: number; since: number; words: string }[];
  /** Findings that are neither waived nor resolved: how many of each kind. */
  openFindings: Record<string, number>;
  isConfigured: boolean;
};

export type Status = Activity & {
  at: number;
  /** The name of the configuration that this look was made with. */
  config: string;
  /** Receivers and workers that live, and which version and configuration each runs. */
  processes: Pick<ProcessEntry, 'role' | 'host' | 'pid' | 'version' | 'config'>[];
  places: PlaceStatus[];
  /** Ids of people whose later events are refused (`forget --refuse-later`). */
  refusedIds: number;
  /** Requests to forget a person that came as calls and are not done: how many, since when, and why. */
  forgetRequests: OpenForgetRequests;
  /** People whom an archivist is to take out of the receipts: how many, and since when. */
  erasures: OpenErasures;
  redis: {
    /** Null where it does not tell. */
    usedBytes: number | null;
    /** Its `maxmemory`; null for none. */
    limitBytes: number | null;
    /** From here on senders are told to come later. */
    guardBytes: number | null;
    /** Why it takes no write, in its words; null where it does. */
    refusesWrites: string | null;
  };
};

/** What two looks a moment apart tell. Pure. @param config of which `maxMemoryShare` is 0 to 1 */
export function reportStatus(
  before: Snapshot,
  now: Snapshot,
  config: { hash: string; redis: { maxMemoryShare: number } },
): Status {
  const seconds = Math.max(0.001, (now.at - before.at) / 1_000);
  const { usedBytes = null, limitBytes = null } = now.memory ?? {};
  return {
    at: now.at,
    config: config.hash,
    processes: now.processes.map(({ role, host, pid, version, config: runs }) => ({
      role,
      host,
      pid,
      version,
      config: runs,
    })),
    places: now.places.map((place) => {
      const { destination } = place.standing;
      const earlier = before.places.find(({ standing }) => standing.destination === destination);
      return reportPlace(earlier?.standing ?? place.standing, place, {
        seconds,
        at: now.at,
        formats: now.formats,
      });
    }),
    refusedIds: now.refusedIds,
    forgetRequests: now.forgetRequests,
    erasures: now.erasures,
    ...now.activity,
    redis: {
      usedBytes,
      limitBytes: limitBytes || null,
      guardBytes: limitBytes ? Math.round(limitBytes * config.redis.maxMemoryShare) : null,
      refusesWrites: now.refusesWrites,
    },
  };
}

function reportPlace(
  before: Counters,
  place: PlaceSnapshot,
  { seconds, at, formats }: { seconds: number; at: number; formats: ToldFormats },
): PlaceStatus {
  const { oldestJobAt, ...standing } = place.standing;
  const {
    requestsPerSecond = null,
    limit = null,
    workers = null,
    eventsStore,
    lateUsage,
    missingRules,
    newerRecords,
    findings,
    isConfigured,
  } = place;
  const perSecond = (of: (standing: Counters) => number) => (of(place.standing) - of(before)) / seconds;
  const fewerPerSecond = -perSecond(({ inFlight }) => inFlight);
  return {
    ...standing,
    inPerSecond: round(perSecond(({ accepted, filtered }) => accepted - filtered)),
    outPerSecond: round(perSecond(({ delivered, duplicate }) => delivered + duplicate)),
    oldestAgeMs: oldestJobAt === null ? null : Math.max(0, at - oldestJobAt),
    drainSeconds:
      standing.inFlight === 0 ? 0 : fewerPerSecond > 0 ? Math.ceil(standing.inFlight / fewerPerSecond) : null,
    gate: place.gate ? reportGate(place.gate, place.readsGate, at) : null,
    requestsPerSecond,
    requestLimit: limit,
    workers,
    eventsStore,
    lateUsage,
    missingRules: missingRules.map(({ rule, since }) => ({ rule, deadFrom: since + REMOVED_RULE_WAIT_MS })),
    newerRecords: newerRecords.map(({ kind, format, since }) => ({
      kind,
      format,
      since,
      words: newerWords(kind, format, formats),
    })),
    openFindings: Object.fromEntries([...findings].filter(([, count]) => count > 0)),
    isConfigured,
  };
}

/** A person's word first, then the API's. */
export function reportGate(gate: Gate, readsGate: Gate | undefined, at: number): GateStatus {
  const { handHold, hold, breaker } = gate;
  const holds: HoldStatus[] = [];
  if (handHold) holds.push({ by: 'hand', reason: handHold.reason, who: handHold.by, since: handHold.since });
  if (hold) holds.push({ by: 'answer', to: 'events', ...hold });
  if (readsGate?.hold) holds.push({ by: 'answer', to: 'reads', ...readsGate.hold });
  return {
    state: holds.length > 0 ? 'held' : breaker.state,
    waitUntil: waitOf(gate, at),
    lookupsWaitUntil: readsGate ? waitOf(readsGate, at) : null,
    holds,
    lastFailures: [...failureOf(gate, 'events', handHold !== null), ...failureOf(readsGate, 'reads', false)],
  };
}

/** One that is over is not worth a word: the gate keeps it until the next. */
function failureOf(gate: Gate | undefined, to: 'events' | 'reads', isHeld: boolean): FailureStatus[] {
  if (!gate?.lastFailure) return [];
  const isShut = isHeld || gate.hold !== null || gate.breaker.state !== 'closed';
  return isShut ? [{ to, ...gate.lastFailure }] : [];
}

function waitOf(gate: Gate, at: number): number | null {
  const decision = decideGate(gate, at);
  return decision.may === 'wait' && Number.isFinite(decision.untilMs) ? decision.untilMs : null;
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10;
}
