import type { Gate } from './gate.js';

/** Shares one account's request budget between all processes. */
export type RateLimiter = {
  /**
   * Runs `job` once a permit is free: at most `concurrency` at once in this process and `requestsPerSecond`
   * over all processes of the account. Rejects only with the job's own error or `LimiterClosedError`.
   * @param priority of those that wait in this process, the least goes first; 0 where left out
   */
  schedule<T>(job: () => Promise<T>, priority?: number): Promise<T>;
  close(): Promise<void>;
};

/** Who goes first of all that ask an API beside sending: what keeps events back, and last what a person waits for. */
export const READ_PRIORITY = { lookup: 0, comparison: 1, reconciliation: 2, plan: 3 } as const;

/** Keeps what was read at a destination of its customers, for all workers. It may forget at any time. */
export type CustomerCache = {
  /** Texts by customer; those that it does not hold are missing. */
  read(customers: readonly string[]): Promise<Map<string, string>>;
  write(customer: string, text: string, forMs: number): Promise<void>;
};

/** Keeps a destination's gate where all workers see it. */
export type GateStore = {
  /** The gate as last seen, a fraction of a second ago; told to wait where that is longer ago. */
  current(): Gate;
  /**
   * Applies a pure change to the shared value and returns what is now stored; `change` may run again when
   * another worker was faster, and returns null to leave the gate as it is (then null comes back).
   */
  update(change: (gate: Gate) => Gate | null): Promise<Gate | null>;
  close(): Promise<void>;
};
