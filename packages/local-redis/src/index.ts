/**
 * A Redis on this machine, for a demonstration and for tests: found, started with settings that lose nothing, stopped.
 * Not for production, and no client. Begin with `startLocalRedis`.
 */
export { type EnsureServerOptions, ensureServer, howToInstall } from './ensure-server.js';
export { findFreePort } from './find-free-port.js';
export type { ServerProgram } from './find-server.js';
export { LocalRedisError, type LocalRedisErrorCode } from './local-redis-error.js';
export { type LocalRedis, type LocalRedisOptions, startLocalRedis } from './start-local-redis.js';
export { type LocalSentinel, type SentinelOptions, startSentinel } from './start-sentinel.js';
