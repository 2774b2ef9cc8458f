export { type EnsureServerOptions, ensureServer, howToInstall } from './ensure-server.js';
export { findFreePort } from './find-free-port.js';
export type { ServerProgram } from './find-server.js';
export { LocalRedisError, type LocalRedisErrorCode } from './local-redis-error.js';
export { type LocalRedis, type LocalRedisOptions, startLocalRedis } from './start-local-redis.js';
export { type LocalSentinel, type SentinelOptions, startSentinel } from './start-sentinel.js';
