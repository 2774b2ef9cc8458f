import { createRandom } from './random.js';

/**
 * One thing that goes wrong. Faults are asked in order and the first that applies acts; what it does not say
 * goes on as usual. Without `respond`, `hang` and `cut` only the answer is delayed.
 */
export type Fault = {
  /** How often it acts: a number, or 'always'. Default 1; 'always' where `everyNth` or `rate` is given. */
  times?: number | 'always';
  /** Acts on every nth request that matches. */
  everyNth?: number;
  /** Acts on this share of the requests that match, 0 to 1, drawn from `seed`. */
  rate?: number;
  seed?: number;
  match?: {
    method?: string;
    /** The path as the real host would see it, without the query: `/api/v1/events/batch`, `/v1/events`. */
    path?: string;
    /** Only requests that carry this transaction_id (Lago) or record.id (Hyperline). */
    containsKey?: string;
    /** Only requests whose body or query holds this text, as a firewall would look at them. */
    containsText?: string;
  };
  /** What is answered. An object is sent as JSON, a string as text unless the headers name its type. */
  respond?: { status: number; headers?: Record<string, string>; body?: string | object };
  delayMs?: number;
  /** First does what was asked, as if nothing were wrong, then misbehaves. */
  afterStoring?: boolean;
  /** Never answers. */
  hang?: boolean;
  /** Closes the connection without an answer, or in the midst of one; of the true one where `respond` is absent. */
  cut?: 'before' | 'mid-response';
};

/**
 * What a fault is asked about. `keys` reads the request's idempotency keys, `text` its query and body, only when a
 * fault needs them.
 */
export type FaultRequest = { method: string; path: string; keys: () => string[]; text: () => string };

export type FaultState = Fault & { seen: number; fired: number };

type Armed = { fault: Fault; random: () => number; seen: number; fired: number };

/** The script of one API. */
export class FaultScript {
  #armed: Armed[] = [];
  #fired = 0;

  /** Puts one more at the end. */
  add(fault: Fault): void {
    this.#armed.push({ fault, random: createRandom(fault.seed ?? 1), seen: 0, fired: 0 });
  }

  /** Replaces them all. */
  set(faults: readonly Fault[]): void {
    this.#armed = [];
    for (const fault of faults) this.add(fault);
  }

  clear(): void {
    this.#armed = [];
  }

  /** Forgets everything, the count as well. */
  reset(): void {
    this.clear();
    this.#fired = 0;
  }

  /** How often any fault acted. */
  get fired(): number {
    return this.#fired;
  }

  list(): FaultState[] {
    return this.#armed.map(({ fault, seen, fired }) => ({ ...fault, seen, fired }));
  }

  /** The fault that acts on this request, if any; counted as having acted. */
  take(request: FaultRequest): Fault | undefined {
    for (const armed of this.#armed) {
      if (isSpent(armed) || !matches(armed.fault, request)) continue;
      armed.seen += 1;
      const { everyNth, rate } = armed.fault;
      if (everyNth !== undefined && armed.seen % everyNth !== 0) continue;
      if (rate !== undefined && armed.random() >= rate) continue;
      armed.fired += 1;
      this.#fired += 1;
      return armed.fault;
    }
    return undefined;
  }
}

function isSpent({ fault, fired }: Armed): boolean {
  const repeats = fault.everyNth !== undefined || fault.rate !== undefined;
  const times = fault.times ?? (repeats ? 'always' : 1);
  return times !== 'always' && fired >= times;
}

function matches({ match }: Fault, request: FaultRequest): boolean {
  if (match === undefined) return true;
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.path !== undefined && match.path !== request.path) return false;
  if (match.containsText !== undefined && !request.text().includes(match.containsText)) return false;
  return match.containsKey === undefined || request.keys().includes(match.containsKey);
}
