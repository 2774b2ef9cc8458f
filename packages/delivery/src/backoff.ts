export type BackoffPolicy = { baseMs: number; maxMs: number };

/**
 * Exponential backoff with full jitter: a uniform pick between nothing and the doubled ceiling, so that
 * many processes that failed together do not come back together.
 * @param attempt counted from 1
 * @param random in [0, 1)
 */
export function backoffDelayMs(attempt: number, policy: BackoffPolicy, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling * random);
}
