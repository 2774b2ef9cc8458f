import {
  type Acceptances,
  type Apart,
  claimProbe,
  decideGate,
  type GateStore,
  type Outcome,
  type RateLimiter,
  type RequestRef,
  type UsageEvent,
} from '@meterbridge/delivery';
import type { Destination } from '@meterbridge/destinations';
import { Admission } from './admission.js';
import { GATHER_MS } from './apart-queue.js';
import { Comparisons } from './comparisons.js';
import type { Entry, Waiter } from './entry.js';
import { GATE_POLL_MS, Permits } from './permits.js';
import { RequestChoice } from './request-choice.js';
import { SendQueue } from './send-queue.js';
import { type SendRequestOptions, sendRequest } from './send-request.js';
import { type GateChange, VerdictActions } from './verdict-actions.js';

export type SenderOptions = Omit<SendRequestOptions, 'destination'> & {
  destination: Pick<
    Destination,
    'batchSize' | 'maxBytes' | 'storableBytes' | 'path' | 'request' | 'classify' | 'control' | 'limit'
  >;
  limiter: RateLimiter;
  gate: GateStore;
  /** In [0, 1). */
  random: () => number;
  onGateChange?: (change: GateChange) => void;
};

export type DeliverOptions = {
  /** Suspects, by index: whatever they meet must not meet their neighbours. */
  apart?: ReadonlyMap<number, Apart>;
  /** Before all that waits, in requests of their own. */
  first?: boolean;
  /** Whether something else of their job is answered: then they are handed back where the gate stays shut. */
  isAnswered?: () => boolean;
  /** Their job, and the requests that brought them, by index: what an attempt is followed by. */
  jobId?: string;
  requests?: readonly (RequestRef | undefined)[];
};

/** For so long a job waits at a closed gate with events that are answered; then it takes the others back. */
const ANSWERED_WAIT_MS = 1_000;
const UNSENT: Outcome = { outcome: 'unsent' };

/**
 * Fills requests. Whatever job an event comes from, it waits in one line, or in that of its kind where the API
 * takes one kind a request; when the limiter grants a permit, everything in a line goes, up to the API's batch
 * size: the slower the API lets us go, the fuller each request. Verdicts that are the request's own affair (wait,
 * send less, resend) are handled here; an event's outcome is what its job gets.
 */
export class Sender {
  private readonly options: SenderOptions;
  private readonly line: SendQueue;
  private readonly admission = new Admission();
  private readonly choice: RequestChoice;
  private readonly actions: VerdictActions;
  private readonly permits: Permits;
  private timer: NodeJS.Timeout | undefined;
  private isDraining = false;

  constructor(options: SenderOptions) {
    this.options = options;
    const { destination, gate, limiter, now, random, onGateChange } = options;
    const { admission } = this;
    const line = new SendQueue(destination.batchSize, destination.maxBytes);
    const comparisons = new Comparisons();
    const choice = new RequestChoice({ destination, line, comparisons, gate, now });
    this.line = line;
    this.choice = choice;
    this.actions = new VerdictActions({
      destination,
      line,
      admission,
      comparisons,
      choice,
      gate,
      now,
      random,
      onGateChange,
      onFailed: () => this.pump(),
    });
    this.permits = new Permits({
      limiter,
      now,
      decide: () => decideGate(gate.current(), now()),
      use: (askedAt) => this.usePermit(askedAt),
      onReturned: (wasUsed) => {
        if (wasUsed) this.pump();
        // The limiter is closing, or a bug: entries are still in the line, and the drain hands them back.
        else this.pumpLater(GATE_POLL_MS);
      },
    });
  }

  /** Resolves to one outcome a usage event, in order; waits for as long as the gate or the limit says. */
  deliver(
    usages: readonly UsageEvent[],
    { apart, first, isAnswered = () => false, jobId, requests }: DeliverOptions = {},
  ): Promise<Outcome[]> {
    return new Promise((resolve) => {
      const since = this.options.now();
      const outcomes = new Array(usages.length);
      const waiter: Waiter = { outcomes, open: usages.length, resolve, since, isAnswered, jobId };
      if (usages.length === 0) resolve([]);
      this.admission.forget(since);
      const ahead: Entry[] = [];
      for (const [index, usage] of usages.entries()) {
        const entry = this.admission.admit(usage, waiter, index, apart?.get(index), requests?.[index]);
        if (!entry) continue;
        if (first) ahead.push(entry);
        else this.line.push(entry);
      }
      if (ahead.length > 0) this.line.pushAhead(ahead);
      this.pump();
    });
  }

  /**
   * Resolves when a request could leave this moment: the gate is open, and a permit is held. What is given to
   * `deliver` as `first` then leaves once the result is called, which releases the permit; so call it soon,
   * whatever happens. Null while draining.
   */
  whenOpen(): Promise<(() => void) | null> {
    return this.permits.whenOpen();
  }

  /** When others were accepted, as far as this process knows. */
  accepted(): Acceptances {
    return this.choice.accepted();
  }

  /** Sends nothing more: what waits comes back as `unsent`, what is on its way is completed. */
  drain(): void {
    this.isDraining = true;
    this.permits.drain();
    clearTimeout(this.timer);
    this.pump();
  }

  /** Asks for as many permits as the line can use. */
  private pump(): void {
    const now = this.options.now();
    if (this.isDraining) {
      for (const entry of this.line.takeAll()) this.admission.complete(entry, UNSENT);
      return;
    }
    const controlDueAt = this.choice.controlDueAt(now);
    if (this.line.isEmpty() && controlDueAt === Number.POSITIVE_INFINITY) return;
    const decision = decideGate(this.options.gate.current(), now, this.line.hasHealthy());
    if (decision.may === 'wait') {
      this.handBackRest(decision.untilMs - now);
      this.pumpLater(decision.untilMs - now);
      return;
    }
    const wanted = this.choice.permitsWanted(decision, now, controlDueAt <= now);
    if (wanted === 0) this.pumpLater(GATHER_MS);
    this.permits.askUpTo(wanted);
  }

  private pumpLater(delayMs: number): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.pump();
      },
      Math.max(1, Math.min(delayMs, GATE_POLL_MS)),
    );
  }

  /**
   * Hands back what waits of a job that the API has answered in part, so that the rest can be settled: a shut gate may
   * stay so for days.
   * @param shutMs how long it is shut for now, at least
   */
  private handBackRest(shutMs: number): void {
    if (shutMs < ANSWERED_WAIT_MS) return;
    const before = this.options.now() - ANSWERED_WAIT_MS;
    const rest = this.line.takeIf(
      ({ waiter: { open, outcomes, since, isAnswered } }) =>
        since < before && (open < outcomes.length || isAnswered()),
    );
    for (const entry of rest) this.admission.complete(entry, { outcome: 'unsent', waitMs: ANSWERED_WAIT_MS });
  }

  /** Decides again with a permit in hand, since the gate may have closed meanwhile, and sends what waits. */
  private async usePermit(askedAt: number): Promise<void> {
    const { destination, gate } = this.options;
    const now = this.options.now();
    const hasHealthy = this.line.hasHealthy();
    const decision = decideGate(gate.current(), now, hasHealthy);
    if (this.isDraining || decision.may === 'wait') return;
    const isProbe = decision.may === 'probe';
    if (isProbe) {
      if (!this.choice.hasProbe()) return;
      if (!(await gate.update((kept) => claimProbe(kept, this.options.now(), hasHealthy)))) return;
    }
    const batch = this.choice.take(decision, now);
    const isControl = this.choice.isControlNext(decision, now);
    if (batch.length === 0 && !(isControl && destination.control)) return;
    const sentAt = this.options.now();
    const { verdict, bytes, cause } = await sendRequest(batch, askedAt, this.options);
    await this.actions.act(verdict, batch, { bytes, cause, sentAt, isProbe });
  }
}
