import { type ChainableCommander, type Command, Redis, type RedisOptions } from 'ioredis';

/** A client that cannot reach Redis answers within this time: the receiver's 503 comes within a second. */
const PRODUCER_COMMAND_TIMEOUT_MS = 900;
/**
 * A connection without an answer for so long is given up and opened anew. The way to a server may be gone
 * without either end being told (a failed host, a firewall that forgot): TCP alone would wait for a quarter
 * of an hour.
 */
const PRODUCER_SILENCE_MS = 2_000;
/** Soon enough to renew locks, which have five seconds left at least. */
const CONSUMER_SILENCE_MS = 4_000;
/** A job is waited for in silence, for up to ten seconds. */
const BLOCKING_SILENCE_MS = 12_000;

/**
 * What Redis answers, having changed nothing, where it is not or no longer a master. After a failover a
 * connection may still lead there. Redis 6 wraps the answer to a script in words of its own.
 */
const NOT_A_MASTER = /^(READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b|-READONLY\b/;

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
    socketTimeout: PRODUCER_SILENCE_MS,
    retryStrategy: (times) => Math.min(50 * times, 500),
    reconnectOnError: ({ message }) => NOT_A_MASTER.test(message),
  });
  return watch(redis, onError);
}

/** A connection for a worker: waits for Redis for as long as it takes. */
export function connectConsumer(url: string, onError: (error: Error) => void): Redis {
  const redis = new ConsumerRedis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    socketTimeout: CONSUMER_SILENCE_MS,
    retryStrategy: (times) => Math.min(50 * times, 1_000),
    // 2: what was refused is sent again to whoever answers next.
    reconnectOnError: ({ message }) => NOT_A_MASTER.test(message) && 2,
  });
  return watch(redis, onError);
}

type Refused = Parameters<Redis['handleReconnection']>[1];

class ConsumerRedis extends Redis {
  /** BullMQ's worker makes itself a second connection so, for waiting. */
  override duplicate(override?: Partial<RedisOptions>): Redis {
    return super.duplicate({ socketTimeout: BLOCKING_SILENCE_MS, ...override });
  }

  /** Sends no command of a transaction again on its own: it would take effect without the others. */
  override handleReconnection(error: Error, refused: Refused): void {
    if ((refused.command as Command).inTransaction) refused.command.reject(error);
    else super.handleReconnection(error, refused);
  }
}

function watch(redis: Redis, onError: (error: Error) => void): Redis {
  redis.on('error', onError);
  watchTransactions(redis);
  keepAsking(redis);
  return redis;
}

/**
 * What is refused inside of a transaction passes by the client's own handling: it would stay with a replica,
 * and go on to name scripts that a server has forgotten (NOSCRIPT). A new connection knows of none.
 */
function watchTransactions(redis: Redis): void {
  const multi = redis.multi.bind(redis) as (...given: unknown[]) => ChainableCommander;
  const watched = (...given: unknown[]) => {
    const transaction = multi(...given);
    const exec = transaction.exec.bind(transaction);
    transaction.exec = async () => {
      const results = await exec();
      const isElsewhere = ([error]: [Error | null, unknown]) =>
        error && (NOT_A_MASTER.test(error.message) || error.message.startsWith('NOSCRIPT'));
      if (results?.some(isElsewhere)) redis.disconnect(true);
      return results;
    };
    return transaction;
  };
  redis.multi = watched as Redis['multi'];
}

const ASK_EVERY_MS = 1_000;

/**
 * Asks for a write that changes nothing, even at the memory limit. A replica refuses it: who only reads would
 * stay with one for ever. And something is always on its way that can be missed.
 */
function keepAsking(redis: Redis): void {
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.del('meterbridge:nothing').catch(() => {});
  }, ASK_EVERY_MS);
  timer.unref();
  redis.once('end', () => clearInterval(timer));
}
