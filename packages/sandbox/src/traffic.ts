import { SlidingWindow } from './sliding-window.js';

export type TrafficCounts = {
  requests: number;
  /** Answers by status; what was cut or never answered is under `none`. */
  byStatus: Record<string, number>;
  inFlight: number;
  inFlightMax: number;
  /** The most requests that arrived within any one second. */
  requestsPerSecondPeak: number;
};

/** Counts the requests of one API, whatever became of them. */
export class Traffic {
  #requests = 0;
  #byStatus = new Map<number, number>();
  #inFlight = 0;
  #inFlightMax = 0;
  #peak = 0;
  readonly #lastSecond = new SlidingWindow(1000);

  arrived(nowMs: number): void {
    this.#requests += 1;
    this.#inFlight += 1;
    if (this.#inFlight > this.#inFlightMax) this.#inFlightMax = this.#inFlight;
    const count = this.#lastSecond.add(nowMs);
    if (count > this.#peak) this.#peak = count;
  }

  /** The exchange is over; `status` 0 is an answer that never got out whole. Counted before the client sees it. */
  ended(status: number): void {
    this.#inFlight -= 1;
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  counts(): TrafficCounts {
    const byStatus: Record<string, number> = {};
    for (const [status, count] of this.#byStatus) byStatus[status === 0 ? 'none' : status] = count;
    return {
      requests: this.#requests,
      byStatus,
      inFlight: this.#inFlight,
      inFlightMax: this.#inFlightMax,
      requestsPerSecondPeak: this.#peak,
    };
  }

  /** Forgets the past; what is in flight still ends. */
  reset(): void {
    this.#requests = 0;
    this.#byStatus.clear();
    this.#inFlightMax = this.#inFlight;
    this.#peak = 0;
    this.#lastSecond.clear();
  }
}
