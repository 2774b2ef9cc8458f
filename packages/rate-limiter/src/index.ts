export { countStarts } from './count-starts.js';
export { createRateLimiter, type RateLimiterOptions } from './create-rate-limiter.js';
export { LimiterClosedError } from './limiter-closed-error.js';
export type { LimiterProblem } from './shared-pacer.js';
