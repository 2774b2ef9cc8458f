import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Acceptances,
  type Apart,
  areAcceptedAround,
  CONTROL,
  claimProbe,
  decideGate,
  doesControlSpeakOf,
  type EntryVerdict,
  type Gate,
  type GateDecision,
  type GateStore,
  gateAfterAcceptance,
  gateAfterAnswer,
  gateAfterControl,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterSuspicious,
  isLone,
  isOver,
  isTheirOwn,
  type LastFailure,
  mayProbe,
  type Outcome,
  outcomeAfter,
  type RateLimiter,
  type Series,
  type Suspected,
  type UsageEvent,
  type Verdict,
  WAY_IS_WRONG_AFTER,
} from '@meterbridge/delivery';
import { GATHER_MS } from './apart-queue.js';
import { Comparisons } from './comparisons.js';
import type { Destination, RequestHead } from './destination.js';
import { describeFailure, type FailedRequest, type Scrub, valuesOf } from './failed-request.js';
import { fingerprint } from './fingerprint.js';
import type { HttpAnswer } from './http-answer.js';
import { isLarge } from './large-events.js';
import { codeOfRefusal } from './read-answer.js';
import { RecentKeys } from './recent-keys.js';
import { type Entry, SendQueue, type Waiter } from './send-queue.js';

export type SenderOptions = {
  destination: Pick<
    Destination,
    'batchSize' | 'maxBytes' | 'storableBytes' | 'path' | 'request' | 'classify' | 'control' | 'limit'
  >;
  post: (path: string, body: string, head: RequestHead) => Promise<HttpAnswer>;
  limiter: RateLimiter;
  gate: GateStore;
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  /** Takes secrets out of what an API says, before it is logged or kept with the gate. */
  scrub?: Scrub;
  onRequest?: (request: SentRequest) => void;
  onGateChange?: (change: 'paused' | 'opened' | 'held') => void;
};

/** One request that was made, for logs and metrics. */
export type SentRequest = {
  events: number;
  bytes: number;
  /** Events that come near what the API can store of one. */
  large: number;
  durationMs: number;
  /** Milliseconds between asking for a slot and having it. */
  waitedMs: number;
  status: number | undefined;
  verdict: Verdict['verdict'];
} & Partial<FailedRequest>;

export type Sender = {
  /** Resolves to one outcome a usage event, in order; waits for as long as the gate or the limit says. */
  deliver(usages: UsageEvent[], how?: DeliverOptions): Promise<Outcome[]>;
  /**
   * Resolves when a request could leave this moment: the gate is open, and a slot is held. What is given to
   * `deliver` as `first` then leaves once the result is called, which lets go of the slot; so call it soon,
   * whatever happens. Null while draining.
   */
  whenOpen(): Promise<(() => void) | null>;
  /** When others were accepted, as far as this process knows. */
  accepted(): Acceptances;
  /** Sends nothing more: what waits comes back as `unsent`, what is on its way is settled. */
  drain(): void;
};

export type DeliverOptions = {
  /** Suspects, by index: whatever they meet must not meet their neighbours. */
  apart?: ReadonlyMap<number, Apart>;
  /** Before all that waits, in requests of their own. */
  first?: boolean;
  /** Whether something else of their job is answered: then they are handed back where the gate stays shut. */
  isAnswered?: () => boolean;
};

/** A refused batch's innocents are sent again together this often; after that each goes alone. */
const RESEND_ROUNDS = 4;
/** Keys that are remembered after delivery, and for how long: repeats come within seconds. */
const RECENT_KEYS = 10_000;
const RECENT_MS = 5 * 60_000;
/** How often a closed gate is looked at again: another worker may have opened it. */
const GATE_POLL_MS = 250;
/** For so long a job waits at a closed gate with events that are answered; then it takes the others back. */
const ANSWERED_WAIT_MS = 1_000;

/**
 * Fills requests. Whatever job an event comes from, it waits in one line, or in that of its kind where the API
 * takes one kind a request; when the limiter grants a slot, everything in a line goes, up to the API's batch
 * size: the slower the API lets us go, the fuller each request. Verdicts that are the request's own affair (wait,
 * send less, resend) are handled here; an event's outcome is what its job gets.
 */
export function createSender(options: SenderOptions): Sender {
  const { destination, gate, limiter } = options;
  const line = new SendQueue(destination.batchSize, destination.maxBytes);
  const recent = new RecentKeys(RECENT_KEYS, RECENT_MS);
  const slots = new RecentKeys(RECENT_KEYS, RECENT_MS);
  const comparisons = new Comparisons();
  let slotsAsked = 0;
  /** Who waits for a slot to hold it, and is told when none will come any more. */
  const reserving = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let draining = false;

  /** What is to be sent for a usage event; nothing, where it is known at once what became of it. */
  function admit(
    usage: UsageEvent,
    waiter: Waiter,
    index: number,
    apart: Apart | undefined,
  ): Entry | undefined {
    const twin = recent.get(usage.key);
    if ((twin && twin.usage.body !== usage.body) || isAnothersSlot(usage)) {
      tell(waiter, index, COLLISION);
      return undefined;
    }
    if (twin?.state === 'delivered') {
      tell(waiter, index, DUPLICATE);
      return undefined;
    }
    if (twin) {
      twin.twins ??= [];
      twin.twins.push({ waiter, index });
      return undefined;
    }
    const entry: Entry = {
      usage,
      bytes: Buffer.byteLength(usage.body),
      since: waiter.since,
      state: 'on its way',
      waiter,
      index,
      rounds: 0,
      grouped: false,
      named: false,
      apart,
      failed: undefined,
      twins: undefined,
    };
    recent.set(usage.key, entry);
    if (usage.owner !== undefined) slots.set(usage.slot, entry);
    return entry;
  }

  /** Hyperline's key leaves the customer out: under another one it would take the first one's usage away. */
  function isAnothersSlot({ slot, owner }: UsageEvent): boolean {
    if (owner === undefined) return false;
    const holder = slots.get(slot);
    return holder !== undefined && holder.state !== 'failed' && holder.usage.owner !== owner;
  }

  /** @param last what it came to when it was sent last, or that it was not */
  function settle(entry: Entry, last: Outcome): void {
    const { usage, waiter, index, twins, failed } = entry;
    const outcome = failed ? outcomeAfter(failed.outcome, last) : last;
    const isDelivered = outcome.outcome === 'delivered';
    const isDuplicate = outcome.outcome === 'duplicate';
    entry.state = isDelivered || isDuplicate ? 'delivered' : 'failed';
    // What the API had before may be another event under this id: that says nothing of the next one's bytes.
    if (!isDelivered) recent.delete(usage.key);
    entry.waiter = NOBODY;
    entry.twins = undefined;
    const told: Outcome = isDuplicate ? { ...outcome, usage: usage.body } : outcome;
    tell(waiter, index, told);
    if (twins) for (const twin of twins) tell(twin.waiter, twin.index, isDelivered ? DUPLICATE : told);
  }

  function tell(waiter: Waiter, index: number, outcome: Outcome): void {
    waiter.outcomes[index] = outcome;
    waiter.open -= 1;
    if (waiter.open === 0) waiter.resolve(waiter.outcomes);
  }

  /** Asks for as many slots as the line can use. */
  function pump(): void {
    const now = options.now();
    const controlDueAt = destination.control
      ? comparisons.controlDueAt(told(), now)
      : Number.POSITIVE_INFINITY;
    if (draining) {
      for (const entry of line.takeAll()) settle(entry, UNSENT);
      return;
    }
    if (line.isEmpty() && controlDueAt === Number.POSITIVE_INFINITY) return;
    const decision = decideGate(gate.current(), now, line.hasHealthy());
    if (decision.may === 'wait') {
      handBackRest(decision.untilMs - now);
      pumpLater(decision.untilMs - now);
      return;
    }
    const wanted = wantedSlots(decision, now, controlDueAt <= now);
    if (wanted === 0) pumpLater(GATHER_MS);
    while (slotsAsked < wanted) void askForSlot();
  }

  function wantedSlots(decision: GateDecision, now: number, isControlDue: boolean): number {
    if (decision.may === 'probe') return hasProbe() ? 1 : 0;
    const ready = line.requestsReady(now, destination.limit.concurrency);
    return Math.min(ready + (isControlDue ? 1 : 0), destination.limit.concurrency);
  }

  /**
   * What the API has answered is settled, whatever the rest of its job waits for. A shut gate may stay so for days.
   * @param shutMs how long it is shut for now, at least
   */
  function handBackRest(shutMs: number): void {
    if (shutMs < ANSWERED_WAIT_MS) return;
    const before = options.now() - ANSWERED_WAIT_MS;
    const rest = line.takeIf(
      ({ waiter: { open, outcomes, since, isAnswered } }) =>
        since < before && (open < outcomes.length || isAnswered()),
    );
    for (const entry of rest) settle(entry, { outcome: 'unsent', waitMs: ANSWERED_WAIT_MS });
  }

  function told(): Acceptances {
    return gate.current().accepted;
  }

  function acceptedBy(way: string): Series | undefined {
    return comparisons.accepted(told(), options.now())[way];
  }

  /** Who may find out whether the API answers again: where none of the line may, a control does after a hold. */
  function mayBeProbe(entry: Entry): boolean {
    const series = acceptedBy(destination.path(1));
    return !entry.apart || mayProbe(entry.apart, series, options.now());
  }

  /** It would find out about a key or a URL, and not whether events are let through. */
  function isControlAProbe(): boolean {
    const { hold } = gate.current();
    return destination.control !== undefined && hold !== null && hold.code !== 'refused_all';
  }

  function hasProbe(): boolean {
    return line.hasProbe(mayBeProbe) || isControlAProbe();
  }

  /** @param whenGranted is waited for with the slot in hand */
  async function askForSlot(whenGranted?: () => Promise<void>): Promise<void> {
    slotsAsked += 1;
    const askedAt = options.now();
    const wasUsed = await limiter
      .schedule(async () => {
        await whenGranted?.();
        await useSlot(askedAt);
      })
      .then(
        () => true,
        () => false,
      );
    slotsAsked -= 1;
    if (wasUsed) pump();
    // The limiter is closing, or a bug: entries are still in the line, and the drain hands them back.
    else pumpLater(GATE_POLL_MS);
  }

  /** Resolves with a slot in hand to what lets go of it; to null where there is no use for one now. */
  function reserveSlot(): Promise<(() => void) | null> {
    return new Promise((resolve) => {
      const giveUp = () => resolve(null);
      reserving.add(giveUp);
      void askForSlot(
        () =>
          new Promise<void>((letGo) => {
            const isOpen = !draining && decideGate(gate.current(), options.now()).may !== 'wait';
            resolve(isOpen ? letGo : null);
            if (!isOpen) letGo();
          }),
      ).finally(() => {
        reserving.delete(giveUp);
        giveUp();
      });
    });
  }

  function pumpLater(delayMs: number): void {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        pump();
      },
      Math.max(1, Math.min(delayMs, GATE_POLL_MS)),
    );
  }

  /** A slot is granted: decide again, since the gate may have closed meanwhile, and take what waits. */
  async function useSlot(askedAt: number): Promise<void> {
    const now = options.now();
    const hasHealthy = line.hasHealthy();
    const decision = decideGate(gate.current(), now, hasHealthy);
    if (draining || decision.may === 'wait') return;
    if (decision.may === 'probe') {
      if (!hasProbe()) return;
      if (!(await gate.update((kept) => claimProbe(kept, options.now(), hasHealthy)))) return;
    }
    const batch = decision.may === 'probe' ? line.takeProbe(now, mayBeProbe) : take(now);
    const isControl =
      decision.may === 'probe' ? isControlAProbe() : comparisons.controlDueAt(told(), now) <= now;
    if (batch.length === 0 && !(isControl && destination.control)) return;
    const sentAt = options.now();
    const { verdict, bytes, cause } = await send(batch, askedAt);
    await act(verdict, batch, { bytes, cause, sentAt, isProbe: decision.may === 'probe' });
  }

  function take(now: number): Entry[] {
    const batch = line.take(now);
    const [first] = batch;
    if (!first || batch.length === 1 || first.apart || first.grouped) return batch;
    const way = destination.path(1);
    if (way === destination.path(batch.length) || !comparisons.wantsOneAlone(way, told(), now)) return batch;
    comparisons.goesAlone(way, now);
    line.putBack(batch.slice(1));
    return [first];
  }

  /**
   * A batch, or the control where it is empty.
   * @returns the cause of what failed beside the verdict: the verdict's own words may repeat what was sent
   */
  async function send(
    batch: Entry[],
    askedAt: number,
  ): Promise<{ verdict: Verdict; bytes: number; cause: string }> {
    const usages = batch.map((entry) => entry.usage);
    const startedAt = options.now();
    let bytes = 0;
    let status: number | undefined;
    let verdict: Verdict;
    try {
      const request = batch.length === 0 ? destination.control! : destination.request(usages);
      bytes = Buffer.byteLength(request.body);
      const answer = await options.post(request.path, request.body, request);
      if ('status' in answer) status = answer.status;
      verdict = destination.classify(answer, usages, options.now());
      if (batch.length === 0) verdict = readControl(verdict, destination.control!.isAnswered(answer));
    } catch (error) {
      // A bug of ours must not leave its events waiting for ever: they are tried again, and it is seen.
      verdict = {
        verdict: 'transient',
        code: 'unexpected_answer',
        detail: `internal: ${(error as Error).name}`,
      };
    }
    const durationMs = options.now() - startedAt;
    const waitedMs = startedAt - askedAt;
    const failure = describeFailure(verdict, () => valuesOf(usages), options.scrub ?? ((text) => text));
    options.onRequest?.({
      events: batch.length,
      bytes,
      large: batch.filter((entry) => isLarge(entry.bytes, destination.storableBytes)).length,
      durationMs,
      waitedMs,
      status,
      verdict: verdict.verdict,
      ...failure,
    });
    return { verdict, bytes, cause: failure?.cause ?? '' };
  }

  /** Does what a verdict says. Entries are settled or back in the line before anything is awaited. */
  async function act(verdict: Verdict, batch: Entry[], request: Request): Promise<void> {
    const now = options.now();
    if (batch.length === 0) comparisons.controlled(now);
    switch (verdict.verdict) {
      case 'settled': {
        line.putBack(batch.filter((entry, index) => mustResend(entry, verdict.entries[index])));
        await tellAnswered(verdict, batch, request.sentAt);
        if (verdict.waitMs) await gate.update((gate) => gateAfterRateLimit(gate, now + verdict.waitMs!));
        return;
      }
      case 'rate-limited': {
        line.putBackBatch(batch);
        options.onGateChange?.('paused');
        await gate.update((gate) => gateAfterRateLimit(gateAfterAnswer(gate), now + verdict.waitMs));
        return;
      }
      case 'transient':
        return suspect(verdict.code, verdict, batch, request);
      case 'hold': {
        // To the end: the next probe takes another event, should it be this one that is not let through.
        line.moveToEnd(batch);
        await gate.update((gate) => gateAfterRefusal(gate, verdict.code, request.cause, now));
        options.onGateChange?.('held');
        return;
      }
      case 'smaller':
        return smaller(verdict, batch, request);
      case 'refused': {
        const [first] = batch;
        if (batch.length === 1 && first!.named && verdict.isWorded) {
          const { status, detail } = verdict;
          settle(first!, { outcome: 'failed', code: 'refused', status, detail });
          await gate.update(gateAfterAnswer);
          return;
        }
        return suspect(codeOfRefusal(verdict.status), verdict, batch, request);
      }
    }
  }

  async function tellAnswered(
    { entries }: Verdict & { verdict: 'settled' },
    batch: readonly Entry[],
    sentAt: number,
  ): Promise<void> {
    const isAccepted = batch.length === 0 || entries.some(({ outcome }) => DONE.includes(outcome));
    if (!isAccepted) {
      await gate.update(gateAfterAnswer);
      return;
    }
    const way = batch.length === 0 ? CONTROL : destination.path(batch.length);
    comparisons.note(way, sentAt);
    await gate.update((kept) =>
      batch.length === 0 ? gateAfterControl(kept, sentAt) : gateAfterAcceptance(kept, way, sentAt),
    );
  }

  /** The request failed, and whose fault that is others will tell. The batch is empty where it was the control. */
  async function suspect(
    code: Suspected['code'],
    verdict: Failing,
    batch: readonly Entry[],
    { cause, sentAt, isProbe }: Request,
  ): Promise<void> {
    const at = options.now();
    const way = batch.length === 0 ? CONTROL : destination.path(batch.length);
    const series = acceptedBy(way);
    const isAccepting = batch.length === 1 ? !isOver(series, at) : areAcceptedAround(series, at);
    const status: { status?: number } = verdict.status ? { status: verdict.status } : {};
    const isControlled = destination.control !== undefined && doesControlSpeakOf(code, status.status);
    const failed: Suspected = {
      outcome: 'suspected',
      code,
      detail: verdict.detail,
      at,
      of: batch.length,
      way,
      isAccepting,
      ...status,
      ...(isControlled ? { control: true } : {}),
    };
    const isSuspect = isLone(batch[0]?.apart);
    const failures = isProbe ? 1 : countFailures(batch);
    const isOwn =
      verdict.verdict === 'smaller' ||
      failures === 0 ||
      isTheirOwn(
        batch.map(({ apart }) => apart),
        verdict.verdict === 'refused',
        series,
        at,
      );
    if (isAccepting && mayTakeApart(batch)) line.takeApart(batch, failed);
    else for (const entry of batch) settle(entry, failed);
    if (batch.length === 0) comparisons.forget();
    else if (batch.length === 1 || !isAccepting) comparisons.want(way, at, isControlled);
    await tellFailed(verdict, { code, cause, at }, { sentAt, isOwn, isSuspect, failures, first: batch[0] });
    pump();
  }

  /**
   * Whether a request that failed is sent again in parts by this very process, which writes nothing down for that:
   * should it be killed, the whole is met again. Once only: what is known by then is written before more follows from it.
   */
  function mayTakeApart(batch: readonly Entry[]): boolean {
    const isOpen = decideGate(gate.current(), options.now()).may === 'send';
    const isUsual = batch.length > 1 && batch.every(({ apart, grouped }) => !apart && !grouped);
    return isOpen && isUsual && line.hasRoom();
  }

  async function tellFailed(
    verdict: Failing,
    failure: LastFailure,
    { sentAt, isOwn, isSuspect, failures, first }: Told,
  ): Promise<void> {
    const before = gate.current();
    const unnamed =
      verdict.verdict === 'refused'
        ? { ...verdict, event: fingerprint(first?.usage.key ?? ''), isSuspect, sentAt }
        : undefined;
    const tell = (kept: Gate) => gateAfterSuspicious(kept, failure, { isOwn, unnamed }, options.random());
    const after = await gate.update((kept) => (failures > 1 ? tell(tell(kept)) : tell(kept)));
    if (!after || isOwn) return;
    if (after.hold && after.hold.nextProbeAt !== before.hold?.nextProbeAt) options.onGateChange?.('held');
    else if (after.pausedUntil > before.pausedUntil) options.onGateChange?.('paused');
    else if (after.breaker.state === 'open' && verdict.verdict === 'transient')
      options.onGateChange?.('opened');
  }

  /** Settles an entry or sets it apart; true when it goes back into the line. */
  function mustResend(entry: Entry, verdict: EntryVerdict | undefined): boolean {
    // A classifier that says nothing of an event has not said that it was stored.
    const said = verdict ?? { outcome: 'resend' as const };
    if (said.outcome !== 'alone' && said.outcome !== 'resend') {
      settle(entry, said);
      return false;
    }
    entry.rounds += 1;
    if (said.outcome === 'resend' && entry.rounds <= RESEND_ROUNDS) return true;
    entry.named ||= said.outcome === 'alone' && said.isNamed;
    line.pushGroup([entry]);
    return false;
  }

  /** One event can be too large, but never too many; and what stands before the API may say so of anything. */
  async function smaller(
    verdict: Verdict & { verdict: 'smaller' },
    batch: Entry[],
    request: Request,
  ): Promise<void> {
    const { by } = verdict;
    if (batch.length <= 1)
      return suspect(by === 'bytes' ? 'too_large' : 'unexpected_answer', verdict, batch, request);
    if (by === 'events') line.limitEvents(Math.ceil(batch.length / 2));
    else line.limitBytes(Math.ceil(request.bytes / 2));
    const middle = Math.ceil(batch.length / 2);
    line.pushGroup(batch.slice(0, middle));
    line.pushGroup(batch.slice(middle));
    if (by === 'events') await gate.update(gateAfterAnswer);
  }

  return {
    deliver(usages, { apart, first, isAnswered = () => false } = {}) {
      return new Promise((resolve) => {
        const since = options.now();
        const outcomes = new Array(usages.length);
        const waiter: Waiter = { outcomes, open: usages.length, resolve, since, isAnswered };
        if (usages.length === 0) resolve([]);
        recent.forget(since);
        slots.forget(since);
        const ahead: Entry[] = [];
        for (const [index, usage] of usages.entries()) {
          const entry = admit(usage, waiter, index, apart?.get(index));
          if (!entry) continue;
          if (first) ahead.push(entry);
          else line.push(entry);
        }
        if (ahead.length > 0) line.pushAhead(ahead);
        pump();
      });
    },
    async whenOpen() {
      while (!draining) {
        const decision = decideGate(gate.current(), options.now());
        const letGo = decision.may === 'wait' ? null : await reserveSlot();
        if (letGo) return letGo;
        if (!draining) await sleep(GATE_POLL_MS);
      }
      return null;
    },
    accepted() {
      const { [CONTROL]: control, ...events } = comparisons.accepted(told(), options.now());
      // Where different events were refused and none accepted since, a request without events proves nothing of them.
      const isWayWrong = gate.current().refused.length >= WAY_IS_WRONG_AFTER;
      return control && !isWayWrong ? { ...events, [CONTROL]: control } : events;
    },
    drain() {
      draining = true;
      for (const giveUp of reserving) giveUp();
      clearTimeout(timer);
      pump();
    },
  };
}

/** What may be of one event, of all, or of none. */
type Failing = Extract<Verdict, { verdict: 'transient' | 'refused' | 'smaller' }>;

/** What is known of a request that was made, beside its answer's meaning. */
type Request = {
  bytes: number;
  cause: string;
  /** When it left, by the clock that all workers share. */
  sentAt: number;
  /** The gate was not open: it was to find out whether the API answers. */
  isProbe: boolean;
};

/** What the gate is told of a failure that may be the affair of its events. */
type Told = {
  sentAt: number;
  /** It is, as others that were answered have shown. */
  isOwn: boolean;
  /** It has failed alone before. */
  isSuspect: boolean;
  /** As how many it counts. */
  failures: number;
  /** Undefined where it was the control. */
  first: Entry | undefined;
};

/**
 * As how many failures one counts. A bad event fails the whole and one of its parts: that part says no more of the API
 * than the whole did. Once a second one fails, both count.
 */
function countFailures([first]: readonly Entry[]): number {
  if (!first?.failed) return 1;
  first.failed.failedParts += 1;
  return first.failed.failedParts <= 2 ? 2 * (first.failed.failedParts - 1) : 1;
}

/** An answer to a control that is not the API's own says what it would say of events, but never that they are taken. */
function readControl(verdict: Verdict, isAnswered: boolean): Verdict {
  if (isAnswered) return { verdict: 'settled', entries: [] };
  if (verdict.verdict !== 'settled') return verdict;
  const detail = 'a request without events was answered as if it had some';
  return { verdict: 'transient', code: 'unexpected_answer', detail };
}

const DONE: string[] = ['delivered', 'duplicate'];

/** Who waits for an entry that is settled; the job it was of may be large. */
const NOBODY: Waiter = { outcomes: [], open: 0, resolve: () => {}, since: 0, isAnswered: () => false };
const UNSENT: Outcome = { outcome: 'unsent' };
const DUPLICATE: Outcome = { outcome: 'duplicate' };
const COLLISION: Outcome = {
  outcome: 'failed',
  code: 'identity_collision',
  detail:
    'another usage event with the same idempotency key has different content; the API would keep only one of them',
};
