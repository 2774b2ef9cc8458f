import { Redis } from 'ioredis';

/** A client that cannot reach Redis answers within this time: the receiver's 503 comes within a second. */
const PRODUCER_COMMAND_TIMEOUT_MS = 900;

/**
 * A connection for a producer (the receiver): fails fast while Redis is away, reconnects by itself.
 * Opens at once; errors arrive as rejected commands and at `onError`.
 */
export function connectProducer(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: PRODUCER_COMMAND_TIMEOUT_MS,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(50 * times, 500),
  });
  redis.on('error', onError);
  return redis;
}

/** A connection for a worker: waits for Redis for as long as it takes. */
export function connectConsumer(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    retryStrategy: (times) => Math.min(50 * times, 1_000),
  });
  redis.on('error', onError);
  return redis;
}
