import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimProbe,
  decideGate,
  type EntryVerdict,
  type GateStore,
  gateAfterAnswer,
  gateAfterFailure,
  gateAfterRateLimit,
  gateAfterRefusal,
  type Outcome,
  type RateLimiter,
  type UsageEvent,
  type Verdict,
} from '@meterbridge/delivery';
import type { Destination } from './destination.js';
import { describeFailure, type FailedRequest, type Scrub, valuesOf } from './failed-request.js';
import type { HttpAnswer } from './http-answer.js';
import { RecentKeys } from './recent-keys.js';
import { type Entry, SendQueue, type Waiter } from './send-queue.js';

export type SenderOptions = {
  destination: Pick<Destination, 'batchSize' | 'maxBytes' | 'request' | 'classify' | 'limit'>;
  post: (path: string, body: string) => Promise<HttpAnswer>;
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
  /** Sends nothing more: what waits comes back as `unsent`, what is on its way is settled. */
  drain(): void;
};

export type DeliverOptions = {
  /** Those that go alone, by index: whatever they meet must not meet their neighbours. */
  alone?: ReadonlySet<number>;
  /** Before all that waits, in requests of their own. */
  first?: boolean;
};

/** A refused batch's innocents are sent again together this often; after that each goes alone. */
const RESEND_ROUNDS = 4;
/** Keys that are remembered after delivery, and for how long: repeats come within seconds. */
const RECENT_KEYS = 10_000;
const RECENT_MS = 5 * 60_000;
/** How often a closed gate is looked at again: another worker may have opened it. */
const GATE_POLL_MS = 250;

/**
 * Fills requests. Whatever job an event comes from, it waits in one line, or in that of its kind where the API
 * takes one kind a request; when the limiter grants a slot, everything in a line goes, up to the API's batch
 * size: the slower the API lets us go, the fuller each request. Verdicts that are the request's own affair (wait, halve, resend) are handled here; an event's
 * outcome is what its job gets.
 */
export function createSender(options: SenderOptions): Sender {
  const { destination, gate, limiter } = options;
  const line = new SendQueue(destination.batchSize, destination.maxBytes);
  const recent = new RecentKeys(RECENT_KEYS, RECENT_MS);
  const slots = new RecentKeys(RECENT_KEYS, RECENT_MS);
  let slotsAsked = 0;
  /** Who waits for a slot to hold it, and is told when none will come any more. */
  const reserving = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let draining = false;

  /** What is to be sent for a usage event; nothing, where it is known at once what became of it. */
  function admit(usage: UsageEvent, waiter: Waiter, index: number): Entry | undefined {
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

  function settle(entry: Entry, outcome: Outcome): void {
    const { usage, waiter, index, twins } = entry;
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
    if (line.isEmpty()) return;
    if (draining) {
      for (const entry of line.takeAll()) settle(entry, UNSENT);
      return;
    }
    const decision = decideGate(gate.current(), options.now());
    if (decision.may === 'wait') {
      pumpLater(decision.untilMs - options.now());
      return;
    }
    const wanted = decision.may === 'probe' ? 1 : line.requestsWaiting(destination.limit.concurrency);
    while (slotsAsked < wanted) void askForSlot();
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
    const decision = decideGate(gate.current(), options.now());
    if (draining || decision.may === 'wait') return;
    if (decision.may === 'probe') {
      if (!(await gate.update((now) => claimProbe(now, options.now())))) return;
    }
    const batch = decision.may === 'probe' ? line.takeOne(options.now()) : line.take(options.now());
    if (batch.length === 0) return;
    const { verdict, bytes, cause } = await send(batch, askedAt);
    await act(verdict, batch, { bytes, cause });
  }

  /** @returns the cause of what failed beside the verdict: the verdict's own words may repeat what was sent */
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
      const { path, body } = destination.request(usages);
      bytes = Buffer.byteLength(body);
      const answer = await options.post(path, body);
      if ('status' in answer) status = answer.status;
      verdict = destination.classify(answer, usages, options.now());
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
      durationMs,
      waitedMs,
      status,
      verdict: verdict.verdict,
      ...failure,
    });
    return { verdict, bytes, cause: failure?.cause ?? '' };
  }

  /** Does what a verdict says. Entries are settled or back in the line before anything is awaited. */
  async function act(
    verdict: Verdict,
    batch: Entry[],
    { bytes, cause }: { bytes: number; cause: string },
  ): Promise<void> {
    const now = options.now();
    switch (verdict.verdict) {
      case 'settled': {
        line.putBack(batch.filter((entry, index) => mustResend(entry, verdict.entries[index])));
        await gate.update(gateAfterAnswer);
        if (verdict.waitMs) await gate.update((gate) => gateAfterRateLimit(gate, now + verdict.waitMs!));
        return;
      }
      case 'rate-limited': {
        line.putBackBatch(batch);
        options.onGateChange?.('paused');
        await gate.update((gate) => gateAfterRateLimit(gateAfterAnswer(gate), now + verdict.waitMs));
        return;
      }
      case 'transient': {
        const { code, detail, status } = verdict;
        const failed: Outcome = { outcome: 'failed', code, detail, ...(status ? { status } : {}) };
        for (const entry of batch) settle(entry, failed);
        const after = await gate.update((gate) =>
          gateAfterFailure(gate, { code, cause, at: now }, options.random()),
        );
        if (after?.breaker.state === 'open') options.onGateChange?.('opened');
        return;
      }
      case 'hold': {
        // To the end: the next probe takes another event, should it be this one that is not let through.
        line.moveToEnd(batch);
        await gate.update((gate) => gateAfterRefusal(gate, verdict.code, cause, now));
        options.onGateChange?.('held');
        return;
      }
      case 'smaller': {
        tooLarge(verdict, batch, bytes);
        await gate.update(gateAfterAnswer);
        return;
      }
      case 'bisect': {
        halve(batch, { outcome: 'failed', code: 'refused', status: verdict.status, detail: verdict.detail });
        await gate.update(gateAfterAnswer);
        return;
      }
    }
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
    line.pushGroup([entry]);
    return false;
  }

  /** One event can be too large, but never too many. */
  function tooLarge(verdict: Verdict & { verdict: 'smaller' }, batch: Entry[], bytes: number): void {
    const { by, status, detail } = verdict;
    if (batch.length > 1) {
      if (by === 'events') line.limitEvents(Math.ceil(batch.length / 2));
      else line.limitBytes(Math.ceil(bytes / 2));
    }
    halve(batch, {
      outcome: 'failed',
      code: by === 'bytes' ? 'too_large' : 'unexpected_answer',
      status,
      detail,
    });
  }

  /** Two halves, each sent as it is; one that stands alone has its answer. */
  function halve(batch: Entry[], alone: Outcome): void {
    if (batch.length === 1) {
      settle(batch[0]!, alone);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    line.pushGroup(batch.slice(0, middle));
    line.pushGroup(batch.slice(middle));
  }

  return {
    deliver(usages, { alone, first } = {}) {
      return new Promise((resolve) => {
        const since = options.now();
        const waiter: Waiter = { outcomes: new Array(usages.length), open: usages.length, resolve, since };
        if (usages.length === 0) resolve([]);
        recent.forget(since);
        slots.forget(since);
        const ahead: Entry[] = [];
        for (const [index, usage] of usages.entries()) {
          const entry = admit(usage, waiter, index);
          if (!entry) continue;
          const isAlone = alone?.has(index) ?? false;
          if (first && !isAlone) ahead.push(entry);
          else if (first) line.pushAhead([entry]);
          else if (isAlone) line.pushGroup([entry]);
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
    drain() {
      draining = true;
      for (const giveUp of reserving) giveUp();
      clearTimeout(timer);
      pump();
    },
  };
}

/** Who waits for an entry that is settled; the job it was of may be large. */
const NOBODY: Waiter = { outcomes: [], open: 0, resolve: () => {}, since: 0 };
const UNSENT: Outcome = { outcome: 'unsent' };
const DUPLICATE: Outcome = { outcome: 'duplicate' };
const COLLISION: Outcome = {
  outcome: 'failed',
  code: 'identity_collision',
  detail:
    'another usage event with the same idempotency key has different content; the API would keep only one of them',
};
