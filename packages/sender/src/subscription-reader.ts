import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Acceptances,
  type Apart,
  claimProbe,
  decideGate,
  type Failure,
  type GateStore,
  gateAfterRateLimit,
  isOver,
  mayProbe,
  type RateLimiter,
  type Suspected,
} from '@meterbridge/delivery';
import {
  codeOfRefusal,
  type Fate,
  type HttpAnswer,
  MAX_SUBSCRIPTION_PAGES,
  type PendingUsage,
  type Period,
  type SubscriptionLookup,
  type SubscriptionsVerdict,
} from '@meterbridge/destinations';
import { Comparisons } from './comparisons.js';
import { describeFailure, type FailedRequest, type Scrub } from './failed-request.js';
import { gateAfterRead, READS_WAY, type Read } from './gate-after-read.js';

/** Keeps customers' subscriptions as they were read, for all workers. It may forget at any time. */
export type SubscriptionCache = {
  /** Texts by customer; those that it does not hold are missing. */
  read(customers: readonly string[]): Promise<Map<string, string>>;
  write(customer: string, text: string, forMs: number): Promise<void>;
};

export type SubscriptionReaderOptions = {
  subscriptions: SubscriptionLookup;
  get: (path: string) => Promise<HttpAnswer>;
  /** Of reads alone: an API may count them apart from events. */
  limiter: RateLimiter;
  /** Of reads alone: a key that may send but not read keeps back only what needs a read. */
  gate: GateStore;
  cache: SubscriptionCache;
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
export type Resolution = { outcome: 'found'; subscription: string; fate: Fate } | Unread;

type Unread = Failure | Suspected | { outcome: 'unsent'; waitMs?: number };

/** @property apart set where reading of this customer is suspected of failing by itself */
export type Question = Pick<PendingUsage, 'customer' | 'at' | 'prefer'> & { apart?: Apart };

/** What a customer's subscriptions were, and when they were read; `v`: what is known of each, which grows. */
type Known = { v: typeof VERSION; at: number; periods: Period[] };

/** Of what is kept. What has another one is read again. */
const VERSION = 2;

/** For so long a subscription that was found is used without asking again. */
const POSITIVE_TTL_MS = 5 * 60_000;
/** For so long it is believed that there is none, or several: what a person has mended works soon after. */
const NEGATIVE_TTL_MS = 10_000;
/** How often a closed gate is looked at again: another worker may have opened it. */
const GATE_POLL_MS = 250;
/** Customers that are waited for at once: those who ask for more come again. */
const MAX_READING = 1_000;
const FULL_WAIT_MS = 1_000;
/** Reads that wait at a gate that is shut for long, to find out when it opens; more would take the place of events that need none. */
const ENOUGH_TO_PROBE = 20;
const SHUT_WAIT_MS = 5_000;

/**
 * Finds customers' subscriptions: in the cache that all workers share, or else by reading them, once for
 * all who ask meanwhile. It waits for as long as the gate or the limit says.
 */
export class SubscriptionReader {
  private readonly options: SubscriptionReaderOptions;
  /** Reads that are on their way, by customer. */
  private readonly reading = new Map<string, Promise<Known | Unread>>();
  private readonly comparisons = new Comparisons();
  private opening: Promise<void> | undefined;
  private isDraining = false;
  private endWaits!: () => void;
  private readonly drained = new Promise<void>((resolve) => {
    this.endWaits = resolve;
  });

  constructor(options: SubscriptionReaderOptions) {
    this.options = options;
  }

  /** One answer a question, in order, each as soon as it is known. None rejects. */
  resolve(questions: readonly Question[]): Promise<Resolution>[] {
    const cached = this.lookUp([...new Set(questions.map(({ customer }) => customer))]);
    return questions.map((question) => this.answer(question, cached));
  }

  /** When reads were answered, as far as this process knows. */
  accepted(): Acceptances {
    return this.comparisons.accepted(this.options.gate.current().accepted, this.options.now());
  }

  /** Reads nothing more: what waits is `unsent`. */
  drain(): void {
    this.isDraining = true;
    this.endWaits();
  }

  private async answer(
    { customer, at, prefer, apart }: Question,
    cached: Promise<Map<string, Known>>,
  ): Promise<Resolution> {
    const known = (await cached).get(customer);
    if (known && !this.isOutdated(known)) {
      const chosen = this.choose(known, at, prefer);
      if (chosen.outcome === 'found' || this.options.now() - known.at < NEGATIVE_TTL_MS) return chosen;
    }
    const read = await this.readOnce(customer, apart);
    return 'outcome' in read ? read : this.choose(read, at, prefer);
  }

  /** A period that was open when it was read is over. What says so of itself is not read in a tight circle. */
  private isOutdated({ at, periods }: Known): boolean {
    const { subscriptions, now } = this.options;
    if (!subscriptions.isOutdated(periods, now())) return false;
    return !subscriptions.isOutdated(periods, at) || now() - at >= NEGATIVE_TTL_MS;
  }

  private choose({ periods }: Known, at: number, prefer: Question['prefer']): Resolution {
    const chosen = this.options.subscriptions.choose(periods, at, prefer);
    if (chosen.ok) return { outcome: 'found', subscription: chosen.subscription, fate: chosen.fate };
    return { outcome: 'failed', code: chosen.code, detail: chosen.detail };
  }

  private readOnce(customer: string, apart: Apart | undefined): Promise<Known | Unread> {
    const { reading } = this;
    const already = reading.get(customer);
    if (already) return already;
    if (reading.size >= MAX_READING) return Promise.resolve({ outcome: 'unsent', waitMs: FULL_WAIT_MS });
    if (reading.size >= ENOUGH_TO_PROBE && this.isShutForLong()) {
      return Promise.resolve({ outcome: 'unsent', waitMs: SHUT_WAIT_MS });
    }
    const read = this.readAll(customer, apart)
      .catch((error: Error) => failed('unexpected_answer', `internal: ${error.name}`))
      .finally(() => reading.delete(customer));
    reading.set(customer, read);
    return read;
  }

  private isShutForLong(): boolean {
    const now = this.options.now();
    const decision = decideGate(this.options.gate.current(), now);
    return decision.may === 'wait' && decision.untilMs - now > FULL_WAIT_MS;
  }

  private async readAll(customer: string, apart: Apart | undefined): Promise<Known | Unread> {
    const askedAt = this.options.now();
    const known: Known = { v: VERSION, at: askedAt, periods: [] };
    for (let page = 1; page <= MAX_SUBSCRIPTION_PAGES; ) {
      await this.whenOpen();
      if (this.isDraining) return { outcome: 'unsent' };
      const reading = this.readInTurn(customer, apart, { known, page, askedAt });
      // What is on its way when the drain comes changes nothing, there or here.
      const step = await Promise.race([reading, this.drained]);
      if (!step) continue;
      if (!('verdict' in step)) return step;
      if (step.verdict === 'transient' || step.verdict === 'refused') return this.suspect(step);
      if (step.verdict !== 'read') continue;
      known.periods.push(...step.periods);
      if (step.isLast) {
        // Redis may refuse to write: then the next one asks again.
        await this.options.cache.write(customer, JSON.stringify(known), POSITIVE_TTL_MS).catch(() => {});
        return known;
      }
      page += 1;
    }
    return failed(
      'unexpected_answer',
      `the customer's subscriptions have more than ${MAX_SUBSCRIPTION_PAGES} pages`,
    );
  }

  /** One page with a permit of the limiter, or all, where another worker has read them since; nothing to try again. */
  private readInTurn(
    customer: string,
    apart: Apart | undefined,
    { known, page, askedAt }: { known: Known; page: number; askedAt: number },
  ): Promise<SubscriptionsVerdict | Known | undefined> {
    return this.options.limiter
      .schedule(async () => {
        // Another worker may have read it while this one waited for its permit.
        const theirs = page === 1 ? (await this.lookUp([customer])).get(customer) : undefined;
        if (theirs && theirs.at >= askedAt) return theirs;
        if (page === 1) known.at = this.options.now();
        return this.readPage(customer, apart, page);
      })
      .catch(() => sleep(GATE_POLL_MS, undefined));
  }

  /** One page; nothing where there is no use for the permit now. */
  private async readPage(
    customer: string,
    apart: Apart | undefined,
    page: number,
  ): Promise<SubscriptionsVerdict | undefined> {
    const { gate, subscriptions, now, scrub = (text) => text } = this.options;
    const decision = decideGate(gate.current(), now());
    if (this.isDraining || decision.may === 'wait') return undefined;
    if (decision.may === 'probe') {
      const series = this.accepted()[READS_WAY];
      if (apart && !mayProbe(apart, series, now())) return sleep(GATE_POLL_MS, undefined);
      if (!(await gate.update((kept) => claimProbe(kept, now())))) return undefined;
    }
    const startedAt = now();
    const answer = await this.options.get(subscriptions.path(customer, page));
    const verdict = subscriptions.classify(answer, customer, now());
    const failure =
      verdict.verdict === 'read' ? undefined : describeFailure(verdict, () => [customer], scrub);
    this.options.onRead?.({
      durationMs: now() - startedAt,
      status: 'status' in answer ? answer.status : undefined,
      verdict: verdict.verdict,
      ...failure,
    });
    const cause = `reading subscriptions: ${failure?.cause ?? ''}`;
    await this.tellGate(verdict, { customer, apart, cause, sentAt: startedAt });
    return verdict;
  }

  private async tellGate(
    verdict: SubscriptionsVerdict,
    read: Pick<Read, 'customer' | 'apart' | 'cause' | 'sentAt'>,
  ): Promise<void> {
    const { gate, random, onHeld } = this.options;
    const at = this.options.now();
    if (verdict.verdict === 'read') this.comparisons.note(READS_WAY, read.sentAt);
    const before = gate.current().hold;
    const after = await gate.update((kept) =>
      gateAfterRead(kept, verdict, { ...read, at, series: this.accepted()[READS_WAY] }, random()),
    );
    const waitMs =
      verdict.verdict === 'read' || verdict.verdict === 'rate-limited' ? verdict.waitMs : undefined;
    if (waitMs) await gate.update((kept) => gateAfterRateLimit(kept, at + waitMs));
    if (after?.hold && after.hold.nextProbeAt !== before?.nextProbeAt) onHeld?.();
  }

  /** Whether it is this customer that is not let through, reads of others will tell. */
  private suspect(verdict: Extract<SubscriptionsVerdict, { verdict: 'transient' | 'refused' }>): Suspected {
    const at = this.options.now();
    const isAccepting = !isOver(this.accepted()[READS_WAY], at);
    const code = verdict.verdict === 'transient' ? verdict.code : codeOfRefusal(verdict.status);
    const { outcome: _, ...words } = failed(code, verdict.detail, verdict.status);
    return { outcome: 'suspected', ...words, code, at, of: 1, way: READS_WAY, isAccepting };
  }

  /** Resolves when a read could leave, or while draining; one wait for all that wait. */
  private whenOpen(): Promise<void> {
    const { gate, now } = this.options;
    this.opening ??= (async () => {
      while (!this.isDraining && decideGate(gate.current(), now()).may === 'wait') {
        await Promise.race([sleep(GATE_POLL_MS), this.drained]);
      }
    })().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async lookUp(customers: readonly string[]): Promise<Map<string, Known>> {
    try {
      const texts = await this.options.cache.read(customers);
      const known = [...texts].map(([customer, text]) => [customer, JSON.parse(text) as Known] as const);
      return new Map(known.filter(([, { v }]) => v === VERSION));
    } catch {
      return new Map();
    }
  }
}

function failed(code: Failure['code'], detail: string, status?: number): Failure {
  return { outcome: 'failed', code, detail: `reading the subscription: ${detail}`, status };
}
