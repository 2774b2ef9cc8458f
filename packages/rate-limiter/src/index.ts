/**
 * The `RateLimiter` port on bottleneck: an account's rate, never exceeded in any second over all processes on one Redis,
 * and a line by priority. It knows no API and no job. Begin with `createRateLimiter`.
 */
export { countStarts } from './count-starts.js';
export { createRateLimiter, type RateLimiterOptions } from './create-rate-limiter.js';
export { LimiterClosedError } from './limiter-closed-error.js';
export type { LimiterProblem } from './shared-pacer.js';
