import {
  areAcceptedAround,
  CONTROL,
  decideGate,
  doesControlSpeakOf,
  type EntryVerdict,
  type Gate,
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
  type Suspected,
  type Verdict,
} from '@meterbridge/delivery';
import { codeOfRefusal, type Destination } from '@meterbridge/destinations';
import type { Admission } from './admission.js';
import type { Comparisons } from './comparisons.js';
import type { Entry } from './entry.js';
import { fingerprint } from './fingerprint.js';
import type { RequestChoice } from './request-choice.js';
import type { SendQueue } from './send-queue.js';

export type GateChange = 'paused' | 'opened' | 'held';

export type VerdictActionsOptions = {
  destination: Pick<Destination, 'path' | 'control'>;
  line: SendQueue;
  admission: Pick<Admission, 'complete'>;
  comparisons: Comparisons;
  choice: Pick<RequestChoice, 'acceptedBy'>;
  gate: GateStore;
  /** Epoch milliseconds, by the clock that all workers share. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  onGateChange?: (change: GateChange) => void;
  /** Called once the events of a failed request are back in the line, or completed. */
  onFailed: () => void;
};

/** What is known of a request that was made, beside its answer's meaning. */
export type MadeRequest = {
  bytes: number;
  cause: string;
  /** When it left, epoch milliseconds by the clock that all workers share. */
  sentAt: number;
  /** The gate was not open: it was to find out whether the API answers. */
  isProbe: boolean;
};

/** A verdict that may be of one event, of all, or of none. */
type Failing = Extract<Verdict, { verdict: 'transient' | 'refused' | 'smaller' }>;

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

/** A refused batch's innocents are sent again together this often; after that each goes alone. */
const RESEND_ROUNDS = 4;
const DONE: string[] = ['delivered', 'duplicate'];

/** Does what a verdict says. Entries are completed or back in the line before anything is awaited. */
export class VerdictActions {
  private readonly options: VerdictActionsOptions;

  constructor(options: VerdictActionsOptions) {
    this.options = options;
  }

  /** @param batch the request's events; empty where it was the control */
  async act(verdict: Verdict, batch: Entry[], request: MadeRequest): Promise<void> {
    const { line, gate, comparisons } = this.options;
    const now = this.options.now();
    if (batch.length === 0) comparisons.controlled(now);
    switch (verdict.verdict) {
      case 'settled': {
        line.putBack(batch.filter((entry, index) => this.mustResend(entry, verdict.entries[index])));
        await this.tellAnswered(verdict, batch, request.sentAt);
        if (verdict.waitMs) await gate.update((gate) => gateAfterRateLimit(gate, now + verdict.waitMs!));
        return;
      }
      case 'rate-limited': {
        line.putBackBatch(batch);
        this.options.onGateChange?.('paused');
        await gate.update((gate) => gateAfterRateLimit(gateAfterAnswer(gate), now + verdict.waitMs));
        return;
      }
      case 'transient':
        return this.suspect(verdict.code, verdict, batch, request);
      case 'hold': {
        // To the end: the next probe takes another event, should it be this one that is not let through.
        line.moveToEnd(batch);
        await gate.update((gate) => gateAfterRefusal(gate, verdict.code, request.cause, now));
        this.options.onGateChange?.('held');
        return;
      }
      case 'smaller':
        return this.sendSmaller(verdict, batch, request);
      case 'refused':
        return this.refuse(verdict, batch, request);
    }
  }

  /** Completes an entry or sets it apart; true when it goes back into the line. */
  private mustResend(entry: Entry, verdict: EntryVerdict | undefined): boolean {
    // A classifier that says nothing of an event has not said that it was stored.
    const said = verdict ?? { outcome: 'resend' as const };
    if (said.outcome !== 'alone' && said.outcome !== 'resend') {
      this.options.admission.complete(entry, said);
      return false;
    }
    entry.rounds += 1;
    if (said.outcome === 'resend' && entry.rounds <= RESEND_ROUNDS) return true;
    entry.named ||= said.outcome === 'alone' && said.isNamed;
    this.options.line.pushGroup([entry]);
    return false;
  }

  private async tellAnswered(
    { entries }: Verdict & { verdict: 'settled' },
    batch: readonly Entry[],
    sentAt: number,
  ): Promise<void> {
    const { gate, comparisons } = this.options;
    const isAccepted = batch.length === 0 || entries.some(({ outcome }) => DONE.includes(outcome));
    if (!isAccepted) {
      await gate.update(gateAfterAnswer);
      return;
    }
    const way = this.wayOf(batch);
    comparisons.note(way, sentAt);
    await gate.update((kept) =>
      batch.length === 0 ? gateAfterControl(kept, sentAt) : gateAfterAcceptance(kept, way, sentAt),
    );
  }

  private async refuse(
    verdict: Verdict & { verdict: 'refused' },
    batch: readonly Entry[],
    request: MadeRequest,
  ): Promise<void> {
    const { status, detail } = verdict;
    const [first] = batch;
    if (batch.length !== 1 || !first!.named || !verdict.isWorded) {
      return this.suspect(codeOfRefusal(status), verdict, batch, request);
    }
    this.options.admission.complete(first!, { outcome: 'failed', code: 'refused', status, detail });
    await this.options.gate.update(gateAfterAnswer);
  }

  /** One event can be too large, but never too many; and what stands before the API may say so of anything. */
  private async sendSmaller(
    verdict: Verdict & { verdict: 'smaller' },
    batch: Entry[],
    request: MadeRequest,
  ): Promise<void> {
    const { line, gate } = this.options;
    const { by } = verdict;
    if (batch.length <= 1)
      return this.suspect(by === 'bytes' ? 'too_large' : 'unexpected_answer', verdict, batch, request);
    if (by === 'events') line.limitEvents(Math.ceil(batch.length / 2));
    else line.limitBytes(Math.ceil(request.bytes / 2));
    const middle = Math.ceil(batch.length / 2);
    line.pushGroup(batch.slice(0, middle));
    line.pushGroup(batch.slice(middle));
    if (by === 'events') await gate.update(gateAfterAnswer);
  }

  /**
   * Handles a request that failed, whose fault that is others will tell.
   * @param batch empty where it was the control
   */
  private async suspect(
    code: Suspected['code'],
    verdict: Failing,
    batch: readonly Entry[],
    { cause, sentAt, isProbe }: MadeRequest,
  ): Promise<void> {
    const { line, comparisons, destination, choice, admission } = this.options;
    const at = this.options.now();
    const way = this.wayOf(batch);
    const series = choice.acceptedBy(way);
    const isAccepting = batch.length === 1 ? !isOver(series, at) : areAcceptedAround(series, at);
    const isControlled = destination.control !== undefined && doesControlSpeakOf(code, verdict.status);
    const failed: Suspected = {
      outcome: 'suspected',
      code,
      detail: verdict.detail,
      at,
      of: batch.length,
      way,
      isAccepting,
      status: verdict.status,
      control: isControlled || undefined,
    };
    const isSuspect = isLone(batch[0]?.apart);
    const failures = isProbe ? 1 : countFailures(batch);
    const aparts = batch.map(({ apart }) => apart);
    const isOwn =
      verdict.verdict === 'smaller' ||
      failures === 0 ||
      isTheirOwn(aparts, verdict.verdict === 'refused', series, at);
    if (isAccepting && this.mayTakeApart(batch)) line.takeApart(batch, failed);
    else for (const entry of batch) admission.complete(entry, failed);
    if (batch.length === 0) comparisons.forget();
    else if (batch.length === 1 || !isAccepting) comparisons.want(way, at, isControlled);
    await this.tellFailed(
      verdict,
      { code, cause, at },
      { sentAt, isOwn, isSuspect, failures, first: batch[0] },
    );
    this.options.onFailed();
  }

  /**
   * Whether a request that failed is sent again in parts by this very process, which writes nothing down for that:
   * should it be killed, the whole is met again. Once only: what is known by then is written before more follows from it.
   */
  private mayTakeApart(batch: readonly Entry[]): boolean {
    const { gate, line, now } = this.options;
    const isOpen = decideGate(gate.current(), now()).may === 'send';
    const isUsual = batch.length > 1 && batch.every(({ apart, grouped }) => !apart && !grouped);
    return isOpen && isUsual && line.hasRoom();
  }

  private async tellFailed(
    verdict: Failing,
    failure: LastFailure,
    { sentAt, isOwn, isSuspect, failures, first }: Told,
  ): Promise<void> {
    const { gate, random, onGateChange } = this.options;
    const before = gate.current();
    const unnamed =
      verdict.verdict === 'refused'
        ? { ...verdict, event: fingerprint(first?.usage.key ?? ''), isSuspect, sentAt }
        : undefined;
    const tell = (kept: Gate) => gateAfterSuspicious(kept, failure, { isOwn, unnamed }, random());
    const after = await gate.update((kept) => (failures > 1 ? tell(tell(kept)) : tell(kept)));
    if (!after || isOwn) return;
    if (after.hold && after.hold.nextProbeAt !== before.hold?.nextProbeAt) onGateChange?.('held');
    else if (after.pausedUntil > before.pausedUntil) onGateChange?.('paused');
    else if (after.breaker.state === 'open' && verdict.verdict === 'transient') onGateChange?.('opened');
  }

  /** Under what acceptances of such requests are kept: their path, or that of the control. */
  private wayOf(batch: readonly Entry[]): string {
    return batch.length === 0 ? CONTROL : this.options.destination.path(batch.length);
  }
}

/**
 * As how many failures one counts. A bad event fails the whole and one of its parts: that part says no more of the API
 * than the whole did. Once a second one fails, both count.
 */
function countFailures([first]: readonly Entry[]): number {
  if (!first?.failed) return 1;
  first.failed.failedParts += 1;
  return first.failed.failedParts <= 2 ? 2 * (first.failed.failedParts - 1) : 1;
}
