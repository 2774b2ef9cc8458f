/**
 * For tests alone: a Redis, a cluster or Sentinels for each suite, payloads, a gate in memory, a proxy that fails, and
 * waiting for a condition instead of a time. Begin with `useRedis` and `waitFor`.
 */
export { findFreePort } from '@meterbridge/local-redis';
export { createMemoryGateStore } from './memory-gate-store.js';
export {
  aGroup,
  anAlias,
  anIdentify,
  aPage,
  aScreen,
  aTrack,
  type CallType,
  makePayloads,
  type SegmentPayload,
} from './payloads.js';
export { type OnPiece, openTcpProxy, type ProxiedConnection, type TcpProxy } from './tcp-proxy.js';
export { type SuiteCertificates, useCertificates } from './use-certificates.js';
export { useClosing } from './use-closing.js';
export { type SuiteCluster, useCluster } from './use-cluster.js';
export { type SuiteRedis, useRedis } from './use-redis.js';
export { type SuiteSentinels, useSentinels } from './use-sentinels.js';
export { type WaitForOptions, waitFor } from './wait-for.js';
export { waitForReplica } from './wait-for-replica.js';
