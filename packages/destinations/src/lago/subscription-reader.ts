import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Acceptances,
  type Apart,
  type CustomerCache,
  claimProbe,
  decideGate,
  type Failure,
  type Gate,
  type GateStore,
  gateAfterAcceptance,
  gateAfterAnswer,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterSuspicious,
  isLone,
  isOver,
  isTheirOwn,
  mayProbe,
  type RateLimiter,
  type Suspected,
} from '@meterbridge/delivery';
import { Comparisons } from '../comparisons.js';
import type { PendingUsage, Period, SubscriptionLookup, SubscriptionsVerdict } from '../destination.js';
import { describeFailure, type FailedRequest, type Scrub } from '../failed-request.js';
import { fingerprint } from '../fingerprint.js';
import type { HttpAnswer } from '../http-answer.js';
import { codeOfRefusal } from '../read-answer.js';

export type SubscriptionReaderOptions = {
  subscriptions: SubscriptionLookup;
  get: (path: string) => Promise<HttpAnswer>;
  /** Of reads alone: Lago counts them apart from events. */
  limiter: RateLimiter;
  /** Of reads alone: a key that may send but not read keeps back only what needs a read. */
  gate: GateStore;
  cache: CustomerCache;
  /** Epoch milliseconds, by a clock that all workers share. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  /** Takes secrets out of what an API says, before it is logged or kept with the gate. */
  scrub?: Scrub;
  onRead?: (read: SubscriptionsRead) => void;
  onHeld?: () => void;
};

/** One page that was asked for, for logs. */
export type SubscriptionsRead = {
  durationMs: number;
  status: number | undefined;
  verdict: SubscriptionsVerdict['verdict'];
} & Partial<FailedRequest>;

/** The subscription, or why there is none to be had now: an outcome like any other. */
export type Resolution = { outcome: 'found'; subscription: string } | Unread;

type Unread = Failure | Suspected | { outcome: 'unsent'; waitMs?: number };

/** @property apart set where reading of this customer is suspected of failing by itself */
export type Question = Pick<PendingUsage, 'customer' | 'at'> & { apart?: Apart };

/** How acceptances of reads are kept, apart from those of events: one says nothing of the other. */
export const READS_WAY = 'subscriptions';

export type SubscriptionReader = {
  /** One answer a question, in order, each as soon as it is known. None rejects. */
  resolve(questions: readonly Question[]): Promise<Resolution>[];
  /** When reads were answered, as far as this process knows. */
  accepted(): Acceptances;
  /** Reads nothing more: what waits is `unsent`. */
  drain(): void;
};

/** What a customer's subscriptions were, and when they were read. */
type Known = { at: number; periods: Period[] };

/** For so long a subscription that was found is used without asking again. */
const YES_FOR_MS = 5 * 60_000;
/** For so long it is believed that there is none, or several: what a person has mended works soon after. */
const NO_FOR_MS = 10_000;
/** How often a closed gate is looked at again: another worker may have opened it. */
const GATE_POLL_MS = 250;
/** A customer with more pages of subscriptions than this is an answer that never ends. */
const MAX_PAGES = 20;
/** Customers that are waited for at once: those who ask for more come again. */
const MAX_READING = 1_000;
const FULL_WAIT_MS = 1_000;
/** While nobody may read, so many wait to find out when it is over; all others leave the hands to those who need no read. */
const ENOUGH_TO_PROBE = 20;
const SHUT_WAIT_MS = 5_000;

/**
 * Finds customers' subscriptions: in the cache that all workers share, or else by reading them, once for
 * everybody who asks meanwhile. It waits for as long as the gate or the limit says.
 */
export function createSubscriptionReader(options: SubscriptionReaderOptions): SubscriptionReader {
  const { cache, gate, limiter, now, subscriptions } = options;
  /** Reads that are on their way, by customer. */
  const reading = new Map<string, Promise<Known | Unread>>();
  const comparisons = new Comparisons();
  let opening: Promise<void> | undefined;
  let draining = false;
  let drain!: () => void;
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });

  async function answer(
    { customer, at, apart }: Question,
    cached: Promise<Map<string, Known>>,
  ): Promise<Resolution> {
    const known = (await cached).get(customer);
    if (known) {
      const chosen = choose(known, at);
      if (chosen.outcome === 'found' || now() - known.at < NO_FOR_MS) return chosen;
    }
    const read = await readOnce(customer, apart);
    return 'outcome' in read ? read : choose(read, at);
  }

  function choose({ periods }: Known, at: number): Resolution {
    const chosen = subscriptions.choose(periods, at);
    if (chosen.ok) return { outcome: 'found', subscription: chosen.subscription };
    return { outcome: 'failed', code: chosen.code, detail: chosen.detail };
  }

  function readOnce(customer: string, apart: Apart | undefined): Promise<Known | Unread> {
    const already = reading.get(customer);
    if (already) return already;
    if (reading.size >= MAX_READING) return Promise.resolve({ outcome: 'unsent', waitMs: FULL_WAIT_MS });
    if (reading.size >= ENOUGH_TO_PROBE && isShutForLong()) {
      return Promise.resolve({ outcome: 'unsent', waitMs: SHUT_WAIT_MS });
    }
    const read = readAll(customer, apart)
      .catch((error: Error) => failed('unexpected_answer', `internal: ${error.name}`))
      .finally(() => reading.delete(customer));
    reading.set(customer, read);
    return read;
  }

  function isShutForLong(): boolean {
    const decision = decideGate(gate.current(), now());
    return decision.may === 'wait' && decision.untilMs - now() > FULL_WAIT_MS;
  }

  async function readAll(customer: string, apart: Apart | undefined): Promise<Known | Unread> {
    const askedAt = now();
    const known: Known = { at: askedAt, periods: [] };
    for (let page = 1; page <= MAX_PAGES; ) {
      await whenOpen();
      if (draining) return { outcome: 'unsent' };
      const slot = limiter
        .schedule(async () => {
          // Another worker may have read it while this one waited for its slot.
          const theirs = page === 1 ? (await lookUp([customer])).get(customer) : undefined;
          if (theirs && theirs.at >= askedAt) return theirs;
          if (page === 1) known.at = now();
          return useSlot(customer, apart, page);
        })
        .catch(() => sleep(GATE_POLL_MS, undefined));
      // What is on its way when the drain comes changes nothing, there or here.
      const step = await Promise.race([slot, drained]);
      if (!step) continue;
      if ('periods' in step && 'at' in step) return step;
      if (step.verdict === 'transient' || step.verdict === 'refused') return suspect(step);
      if (step.verdict !== 'read') continue;
      known.periods.push(...step.periods);
      if (step.isLast) {
        // Redis may refuse to write: then the next one asks again.
        await cache.write(customer, JSON.stringify(known), YES_FOR_MS).catch(() => {});
        return known;
      }
      page += 1;
    }
    return failed('unexpected_answer', `the customer's subscriptions have more than ${MAX_PAGES} pages`);
  }

  /** One page; nothing where there is no use for the slot now. */
  async function useSlot(
    customer: string,
    apart: Apart | undefined,
    page: number,
  ): Promise<SubscriptionsVerdict | undefined> {
    const decision = decideGate(gate.current(), now());
    if (draining || decision.may === 'wait') return undefined;
    if (decision.may === 'probe') {
      if (apart && !mayProbe(apart, accepted()[READS_WAY], now())) return sleep(GATE_POLL_MS, undefined);
      if (!(await gate.update((kept) => claimProbe(kept, now())))) return undefined;
    }
    const startedAt = now();
    const answer = await options.get(subscriptions.path(customer, page));
    const verdict = subscriptions.classify(answer, customer, now());
    const failure =
      verdict.verdict === 'read'
        ? undefined
        : describeFailure(verdict, () => [customer], options.scrub ?? ((text) => text));
    options.onRead?.({
      durationMs: now() - startedAt,
      status: 'status' in answer ? answer.status : undefined,
      verdict: verdict.verdict,
      ...failure,
    });
    const cause = `reading subscriptions: ${failure?.cause ?? ''}`;
    await tellGate(verdict, { customer, apart, cause, startedAt });
    return verdict;
  }

  async function tellGate(
    verdict: SubscriptionsVerdict,
    read: { customer: string; apart: Apart | undefined; cause: string; startedAt: number },
  ): Promise<void> {
    const { customer, apart, cause } = read;
    const at = now();
    const change = (kept: Gate): Gate => {
      switch (verdict.verdict) {
        case 'read':
          return gateAfterAcceptance(kept, READS_WAY, read.startedAt);
        case 'rate-limited':
          return gateAfterAnswer(kept);
        case 'transient':
        case 'refused': {
          const isRefused = verdict.verdict === 'refused';
          const code = isRefused ? codeOfRefusal(verdict.status) : verdict.code;
          const isOwn = isTheirOwn([apart], isRefused, accepted()[READS_WAY], at);
          const unnamed = isRefused
            ? { ...verdict, event: fingerprint(customer), isSuspect: isLone(apart), sentAt: read.startedAt }
            : undefined;
          return gateAfterSuspicious(kept, { code, cause, at }, { isOwn, unnamed }, options.random());
        }
        case 'hold':
          return gateAfterRefusal(kept, verdict.code, cause, at);
      }
    };
    if (verdict.verdict === 'read') comparisons.note(READS_WAY, read.startedAt);
    const before = gate.current().hold;
    const after = await gate.update(change);
    const waitMs =
      verdict.verdict === 'read' || verdict.verdict === 'rate-limited' ? verdict.waitMs : undefined;
    if (waitMs) await gate.update((kept) => gateAfterRateLimit(kept, at + waitMs));
    if (after?.hold && after.hold.nextProbeAt !== before?.nextProbeAt) options.onHeld?.();
  }

  function accepted(): Acceptances {
    return comparisons.accepted(gate.current().accepted, now());
  }

  /** Whether it is this customer that is not let through, reads of others will tell. */
  function suspect(verdict: Extract<SubscriptionsVerdict, { verdict: 'transient' | 'refused' }>): Suspected {
    const at = now();
    const isAccepting = !isOver(accepted()[READS_WAY], at);
    const code = verdict.verdict === 'transient' ? verdict.code : codeOfRefusal(verdict.status);
    const { outcome: _, ...words } = failed(code, verdict.detail, verdict.status);
    return { outcome: 'suspected', ...words, code, at, of: 1, way: READS_WAY, isAccepting };
  }

  /** Resolves when a read could leave, or while draining; one wait for all that wait. */
  function whenOpen(): Promise<void> {
    opening ??= (async () => {
      while (!draining && decideGate(gate.current(), now()).may === 'wait') {
        await Promise.race([sleep(GATE_POLL_MS), drained]);
      }
    })().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function lookUp(customers: readonly string[]): Promise<Map<string, Known>> {
    try {
      const texts = await cache.read(customers);
      return new Map([...texts].map(([customer, text]) => [customer, JSON.parse(text) as Known]));
    } catch {
      return new Map();
    }
  }

  return {
    resolve(questions) {
      const cached = lookUp([...new Set(questions.map(({ customer }) => customer))]);
      return questions.map((question) => answer(question, cached));
    },
    accepted,
    drain() {
      draining = true;
      drain();
    },
  };
}

function failed(code: Failure['code'], detail: string, status?: number): Failure {
  return {
    outcome: 'failed',
    code,
    detail: `reading the subscription: ${detail}`,
    ...(status === undefined ? {} : { status }),
  };
}
