import {
  type Acceptances,
  CONTROL,
  type GateDecision,
  type GateStore,
  mayProbe,
  type Series,
  WAY_IS_WRONG_AFTER,
} from '@meterbridge/delivery';
import type { Destination } from '@meterbridge/destinations';
import type { Comparisons } from './comparisons.js';
import type { Entry } from './entry.js';
import type { SendQueue } from './send-queue.js';

export type RequestChoiceOptions = {
  destination: Pick<Destination, 'path' | 'control' | 'limit'>;
  line: SendQueue;
  comparisons: Comparisons;
  gate: GateStore;
  /** Epoch milliseconds, by the clock that all workers share. */
  now: () => number;
};

/**
 * Chooses what the next request holds: events of the line, one healthy event alone for suspects to be compared with, a
 * probe, or the control, which holds no event.
 */
export class RequestChoice {
  private readonly options: RequestChoiceOptions;

  constructor(options: RequestChoiceOptions) {
    this.options = options;
  }

  /** When a control is to be sent, epoch milliseconds; never, where none is wanted or the API has none. */
  controlDueAt(now: number): number {
    const { destination, comparisons } = this.options;
    return destination.control ? comparisons.controlDueAt(this.told(), now) : Number.POSITIVE_INFINITY;
  }

  /** Permits that could be used now. */
  permitsWanted(decision: GateDecision, now: number, isControlDue: boolean): number {
    if (decision.may === 'probe') return this.hasProbe() ? 1 : 0;
    const { concurrency } = this.options.destination.limit;
    const ready = this.options.line.requestsReady(now, concurrency);
    return Math.min(ready + (isControlDue ? 1 : 0), concurrency);
  }

  hasProbe(): boolean {
    return this.options.line.hasProbe(this.mayBeProbe) || this.isControlAProbe();
  }

  /** Takes the next request's events out of the line. None: the control, where that is next, or nothing. */
  take(decision: GateDecision, now: number): Entry[] {
    return decision.may === 'probe' ? this.options.line.takeProbe(now, this.mayBeProbe) : this.takeUsual(now);
  }

  /** Whether a request without events is the control. */
  isControlNext(decision: GateDecision, now: number): boolean {
    return decision.may === 'probe' ? this.isControlAProbe() : this.controlDueAt(now) <= now;
  }

  /** Acceptances of one way, as far as this process knows. */
  acceptedBy(way: string): Series | undefined {
    return this.options.comparisons.accepted(this.told(), this.options.now())[way];
  }

  /** When others were accepted, by way, as far as this process knows. */
  accepted(): Acceptances {
    const { comparisons, gate, now } = this.options;
    const { [CONTROL]: control, ...events } = comparisons.accepted(this.told(), now());
    // Where different events were refused and none accepted since, a request without events proves nothing of them.
    const isWayWrong = gate.current().refused.length >= WAY_IS_WRONG_AFTER;
    return control && !isWayWrong ? { ...events, [CONTROL]: control } : events;
  }

  private told(): Acceptances {
    return this.options.gate.current().accepted;
  }

  /** Whether an event may find out if the API answers again: where none of the line may, a control does after a hold. */
  private readonly mayBeProbe = (entry: Entry): boolean => {
    const series = this.acceptedBy(this.options.destination.path(1));
    return !entry.apart || mayProbe(entry.apart, series, this.options.now());
  };

  /** It would find out about a key or a URL, and not whether events are let through. */
  private isControlAProbe(): boolean {
    const { hold } = this.options.gate.current();
    return this.options.destination.control !== undefined && hold !== null && hold.code !== 'refused_all';
  }

  private takeUsual(now: number): Entry[] {
    const { destination, line, comparisons } = this.options;
    const batch = line.take(now);
    const [first] = batch;
    if (!first || batch.length === 1 || first.apart || first.grouped) return batch;
    const way = destination.path(1);
    if (way === destination.path(batch.length)) return batch;
    if (!comparisons.wantsOneAlone(way, this.told(), now)) return batch;
    comparisons.goesAlone(way, now);
    line.putBack(batch.slice(1));
    return [first];
  }
}
