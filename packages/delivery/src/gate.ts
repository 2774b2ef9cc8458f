import { type Acceptances, CONTROL, withAcceptance } from './acceptances.js';
import { backoffDelayMs } from './backoff.js';
import type { FailureCode, HoldCode } from './outcome.js';

/**
 * Whether a destination may be sent to: one value per destination, shared by all workers through Redis.
 * Times are epoch milliseconds. Every function here is pure; a `GateStore` keeps the value.
 */
export type Gate = {
  /** The API said to wait (429 or a spent limit): nothing is sent before this time. */
  pausedUntil: number;
  /** Set while a person has something to mend (a key, a URL). Nothing is lost, one probe a minute. */
  hold: Hold | null;
  /** A person has stopped it: nothing is sent, not even to find out, until a person lets it go. */
  handHold: HandHold | null;
  breaker: Breaker;
  /** Why the last request failed that counted against the breaker or held it; kept after it is over. */
  lastFailure: LastFailure | null;
  /** When events were accepted, as far as failures have to be compared with that; see `ACCEPTANCE_EVERY_MS`. */
  accepted: Acceptances;
  /** Different events, by a short hash, that were refused since one was accepted: `WAY_IS_WRONG_AFTER` at most. */
  refused: readonly string[];
};

export type LastFailure = {
  code: FailureCode | HoldCode;
  /** In the API's words or ours, without secrets or values of an event. */
  cause: string;
  at: number;
};

export type HandHold = {
  /** In the person's own words. */
  reason: string;
  /** The person, for those who come later. */
  by: string;
  since: number;
};

export type Hold = {
  code: HoldCode;
  detail: string;
  since: number;
  nextProbeAt: number;
  /** Until the probe after the next one, where that is less than a minute. */
  thenMs?: number;
  /** When it was probed last, where an event that nobody suspects need not wait for `nextProbeAt`. */
  probedAt?: number;
};

export type Breaker =
  | { state: 'closed'; failures: number }
  | { state: 'open'; failures: number; reopenAt: number }
  /** One small request is on its way to find out; should its process die, another may try after `until`. */
  | { state: 'half-open'; failures: number; until: number };

export const OPEN_GATE: Gate = {
  pausedUntil: 0,
  hold: null,
  handHold: null,
  breaker: { state: 'closed', failures: 0 },
  lastFailure: null,
  accepted: {},
  refused: [],
};

/** Longer ones are cut: all workers read the gate five times a second. */
const MAX_CAUSE = 500;

/** Failed requests in a row, over all workers, before the breaker opens. */
export const BREAKER_THRESHOLD = 5;
const BREAKER_BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
/** A held destination is asked again this often; so is one whose prober died. */
export const PROBE_INTERVAL_MS = 60_000;
/** Different events refused, and none accepted between them, before the way is taken to be wrong. */
export const WAY_IS_WRONG_AFTER = 5;
/** A hold of which no word of the API says that it is one is probed this soon, then ever later. */
const FIRST_PROBE_MS = 1_000;
/** Acceptances are written down this often, at most. */
export const ACCEPTANCE_EVERY_MS = 1_000;

export type GateDecision =
  | { may: 'send' }
  /** Claim the probe first (`claimProbe`), then send one event alone. */
  | { may: 'probe' }
  | { may: 'wait'; untilMs: number };

/** No API asks for longer; a later time is of another clock, of the Redis before a failover, say. */
const MAX_PAUSE_MS = 10 * 60_000;

/** Whether `at` is still to come, as far as a clock may be believed that is not ours. */
function isAhead(at: number, now: number, mostMs: number): boolean {
  return at > now && at - now <= mostMs;
}

/**
 * What the gate allows at `now`. A person's word outranks everything, then a told pause: it is the API's own.
 * @param hasHealthy whether an event waits that nobody suspects: it need not wait for what suspects have met
 */
export function decideGate(gate: Gate, now: number, hasHealthy = false): GateDecision {
  if (gate.handHold) return { may: 'wait', untilMs: Number.POSITIVE_INFINITY };
  if (isAhead(gate.pausedUntil, now, MAX_PAUSE_MS)) return { may: 'wait', untilMs: gate.pausedUntil };
  if (gate.hold) {
    const { nextProbeAt, probedAt } = gate.hold;
    const due = hasHealthy && probedAt !== undefined ? probedAt + FIRST_PROBE_MS : nextProbeAt;
    return isAhead(due, now, PROBE_INTERVAL_MS) ? { may: 'wait', untilMs: due } : { may: 'probe' };
  }
  switch (gate.breaker.state) {
    case 'closed':
      return { may: 'send' };
    case 'open':
      return isAhead(gate.breaker.reopenAt, now, BREAKER_BACKOFF.maxMs)
        ? { may: 'wait', untilMs: gate.breaker.reopenAt }
        : { may: 'probe' };
    case 'half-open':
      return isAhead(gate.breaker.until, now, PROBE_INTERVAL_MS)
        ? { may: 'wait', untilMs: gate.breaker.until }
        : { may: 'probe' };
  }
}

/** Takes the one probe; null when another worker has it already, or none is due. */
export function claimProbe(gate: Gate, now: number, hasHealthy = false): Gate | null {
  if (decideGate(gate, now, hasHealthy).may !== 'probe') return null;
  if (gate.hold) {
    const { probedAt } = gate.hold;
    const probed = probedAt === undefined ? {} : { probedAt: now };
    return { ...gate, hold: { ...gate.hold, nextProbeAt: now + PROBE_INTERVAL_MS, ...probed } };
  }
  return {
    ...gate,
    breaker: { state: 'half-open', failures: gate.breaker.failures, until: now + PROBE_INTERVAL_MS },
  };
}

/** The API told all of us to wait. Never shortens a longer wait. */
export function gateAfterRateLimit(gate: Gate, untilMs: number): Gate {
  return gate.pausedUntil >= untilMs ? gate : { ...gate, pausedUntil: untilMs };
}

/**
 * The API answered in its own words: the breaker closes and a hold ends, but never one by hand. The same value when
 * nothing changes.
 */
export function gateAfterAnswer(gate: Gate): Gate {
  const isClosed = gate.breaker.state === 'closed' && gate.breaker.failures === 0;
  if (!gate.hold && isClosed && gate.refused.length === 0) return gate;
  return { ...gate, hold: null, breaker: { state: 'closed', failures: 0 }, refused: [] };
}

/**
 * It accepted an event. The same value when nothing changes: what a worker knows since it wrote last is its own.
 * @param way method and path
 * @param sentAt when the request left
 */
export function gateAfterAcceptance(gate: Gate, way: string, sentAt: number): Gate {
  const answered = gateAfterAnswer(gate);
  const known = answered.accepted[way];
  const isKnown = known !== undefined && Math.abs(sentAt - known.last) < ACCEPTANCE_EVERY_MS;
  if (isKnown && answered === gate) return gate;
  return { ...answered, accepted: withAcceptance(answered.accepted, way, sentAt) };
}

/**
 * A control was answered: the key and the way are right, as far as a request without events can tell. It says nothing
 * of the API's health, nor that events are let through where different ones were refused.
 */
export function gateAfterControl(gate: Gate, sentAt: number): Gate {
  const hold = gate.hold?.code === 'refused_all' ? gate.hold : null;
  return { ...gate, hold, accepted: withAcceptance(gate.accepted, CONTROL, sentAt) };
}

/**
 * A request failed, and that may be its events' own affair. Who sends and who reads ask the same of it.
 * @param isOwn it is, as others that were answered have shown
 * @param unnamed set where it was refused, in words that name no event
 */
export function gateAfterSuspicious(
  gate: Gate,
  failure: LastFailure,
  { isOwn, unnamed }: { isOwn: boolean; unnamed: Refusal | undefined },
  random: number,
): Gate {
  if (isOwn) return gateAfterSuspect(gate, failure);
  return unnamed
    ? gateAfterUnnamed(gate, { ...failure, ...unnamed }, random)
    : gateAfterFailure(gate, failure, random);
}

/** What failed is suspected of failing by itself, while others are accepted: only somebody who looks is told. */
export function gateAfterSuspect(gate: Gate, failure: LastFailure): Gate {
  return { ...gate, lastFailure: { ...failure, cause: failure.cause.slice(0, MAX_CAUSE) } };
}

/**
 * A request was refused in words that name no event. Different ones in a row, and none accepted between them, speak of
 * the way.
 */
export function gateAfterUnnamed(
  gate: Gate,
  { event, isWorded, isSuspect, sentAt, waitMs, ...failure }: Unnamed,
  random: number,
): Gate {
  const { code, cause, at } = failure;
  const after = gateAfterSuspect(withHealth(gate, failure, isWorded, random), { code, cause, at });
  // What was on its way when the hold began is no probe of it; what was refused alone before says nothing new.
  const isLate = gate.hold?.code === 'refused_all' && sentAt < gate.hold.since;
  if (isLate || (isSuspect && !gate.hold)) return after;
  const refused = after.refused.includes(event) ? after.refused : [...after.refused, event];
  if (refused.length < WAY_IS_WRONG_AFTER) return { ...after, refused };
  if (waitMs !== undefined) return gateAfterRateLimit({ ...after, refused: [] }, at + waitMs);
  const probeMs = gate.hold?.thenMs ?? FIRST_PROBE_MS;
  const detail = `${WAY_IS_WRONG_AFTER} different events were refused, and none was accepted between them: ${cause}`;
  return {
    ...after,
    refused: refused.slice(-WAY_IS_WRONG_AFTER),
    hold: {
      code: 'refused_all',
      detail: detail.slice(0, MAX_CAUSE),
      since: gate.hold?.since ?? at,
      nextProbeAt: at + probeMs,
      thenMs: Math.min(PROBE_INTERVAL_MS, probeMs * 2),
      probedAt: at,
    },
  };
}

/** A refusal whose answer names no event. */
type Unnamed = LastFailure & Refusal;

export type Refusal = {
  /** A hash of the first event in it. */
  event: string;
  /** In the API's own words: then it is in good health. */
  isWorded: boolean;
  /** It was refused alone before. */
  isSuspect: boolean;
  /** When the request left. */
  sentAt: number;
  /** How long a 429 asks to wait: then it is waited for so long, and not held. */
  waitMs?: number;
};

/** A closed breaker stays so: a page of somebody says nothing of the API's health. An open one is not closed by it. */
function withHealth(gate: Gate, failure: LastFailure, isWorded: boolean, random: number): Gate {
  if (gate.breaker.state === 'closed') return gate;
  return isWorded
    ? { ...gate, breaker: { state: 'closed', failures: 0 } }
    : gateAfterFailure(gate, failure, random);
}

/** A request timed out, found no connection, or met a 5xx. */
export function gateAfterFailure(gate: Gate, { code, cause, at: now }: LastFailure, random: number): Gate {
  const { lastFailure } = gateAfterSuspect(gate, { code, cause, at: now });
  const failures = gate.breaker.failures + 1;
  if (gate.breaker.state === 'closed' && failures < BREAKER_THRESHOLD) {
    return { ...gate, breaker: { state: 'closed', failures }, lastFailure };
  }
  // A late failure of a request sent before the breaker opened must not push the probe further away.
  if (gate.breaker.state === 'open' && gate.breaker.reopenAt > now) return gate;
  const opened = Math.max(1, failures - BREAKER_THRESHOLD + 1);
  // Half of the ceiling at least: full jitter alone could probe at once, again and again.
  const wait = backoffDelayMs(opened, BREAKER_BACKOFF, 0.5 + random / 2);
  return { ...gate, breaker: { state: 'open', failures, reopenAt: now + wait }, lastFailure };
}

/** The key or the URL is wrong: nothing can be delivered, so nothing is sent. */
export function gateAfterRefusal(gate: Gate, code: HoldCode, detail: string, now: number): Gate {
  const cause = detail.slice(0, MAX_CAUSE);
  return {
    ...gate,
    hold: {
      code,
      detail: cause,
      since: gate.hold?.since ?? now,
      nextProbeAt: now + PROBE_INTERVAL_MS,
    },
    lastFailure: { code, cause, at: now },
  };
}

/** A person stops it. Whoever does so again gives another reason for the same hold. */
export function gateAfterHold(gate: Gate, { reason, by }: Omit<HandHold, 'since'>, now: number): Gate {
  return { ...gate, handHold: { reason, by, since: gate.handHold?.since ?? now } };
}

/** A person lets it go, whoever held it: what was wrong with the key or the URL is mended. */
export function gateAfterResume(gate: Gate): Gate {
  return gate.hold || gate.handHold ? { ...gate, hold: null, handHold: null, refused: [] } : gate;
}

/** A person has mended what the API refused. What other destinations of the account are held for by hand stays. */
export function gateAfterMended(gate: Gate): Gate {
  return gate.hold ? { ...gate, hold: null, refused: [] } : gate;
}
