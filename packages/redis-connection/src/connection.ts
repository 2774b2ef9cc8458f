import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ChainableCommander,
  Cluster,
  type ClusterNode,
  type ClusterOptions,
  type Command,
  Redis,
  type RedisOptions,
} from 'ioredis';
import { openClient } from './open-client.js';
import { mastersOf } from './servers.js';

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

/** What a process is told of its connection beside errors. */
export type ConnectionOptions = {
  /**
   * Told once a second, while there is a connection, what Redis says to a write that changes nothing: null where it
   * takes it.
   */
  onAnswer?: (refusal: Error | null) => void;
};

/**
 * A connection for a producer (the receiver): fails fast while Redis is away, reconnects by itself. What was
 * sent is never sent again on its own: a commit whose answer was lost may be stored, and its sender repeats it.
 * Opens at once; errors arrive as rejected commands and at `onError`.
 * @throws TypeError for a URL that is none; see `readRedisAddress`
 */
export function connectProducer(
  url: string,
  onError: (error: Error) => void,
  { onAnswer = () => {} }: ConnectionOptions = {},
): Redis {
  const retryStrategy = (times: number) => Math.min(50 * times, 500);
  const options = {
    connection: {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: PRODUCER_COMMAND_TIMEOUT_MS,
      connectTimeout: 2_000,
      socketTimeout: PRODUCER_SILENCE_MS,
      retryStrategy,
      reconnectOnError: ({ message }: Error) => NOT_A_MASTER.test(message),
    },
    cluster: { clusterRetryStrategy: retryStrategy, retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 },
  };
  return watch(openClient(url, options, { Redis, Cluster: ProducerCluster }), onError, onAnswer);
}

/**
 * A connection for a worker: waits for Redis for as long as it takes.
 * @param patienceMs how long a server that is no master refuses before a command is rejected with its words; for ever
 *   where left out
 * @throws TypeError for a URL that is none
 */
export function connectConsumer(
  url: string,
  onError: (error: Error) => void,
  {
    onAnswer = () => {},
    patienceMs = Number.POSITIVE_INFINITY,
  }: ConnectionOptions & { patienceMs?: number } = {},
): Redis {
  const isPatient = createPatience(patienceMs);
  let client: Redis | undefined;
  const retryStrategy = (times: number) => Math.min(50 * times, 1_000);
  const options = {
    connection: {
      maxRetriesPerRequest: null,
      connectTimeout: 5_000,
      socketTimeout: CONSUMER_SILENCE_MS,
      retryStrategy,
      reconnectOnError: (error: Error) => {
        if (!NOT_A_MASTER.test(error.message)) return false;
        if (client) answers.set(client, error);
        onAnswer(error);
        // 2: what was refused is sent again to whoever answers next.
        return isPatient() || isProbe(error) ? 2 : false;
      },
    },
    cluster: {
      clusterRetryStrategy: retryStrategy,
      maxRedirections: Number.POSITIVE_INFINITY,
      // Two nodes that each take the other for the master, for a moment, are not asked without a pause.
      retryDelayOnMoved: 20,
    },
  };
  client = openClient(url, options, { Redis: ConsumerRedis, Cluster: ConsumerCluster });
  return watch(client, onError, onAnswer);
}

/** Refusals with a longer pause between them are of another time. */
const REFUSED_APART_MS = 3_000;

/** Whether refusals that follow one another have not gone on for too long. */
function createPatience(patienceMs: number): () => boolean {
  let since = 0;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last > REFUSED_APART_MS) since = now;
    last = now;
    return now - since <= patienceMs;
  };
}

/** The client names the command that was refused. */
function isProbe(error: Error): boolean {
  const { command } = error as { command?: { name: string; args: unknown[] } };
  return command?.name === 'del' && command.args[0] === NOTHING;
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

class ConsumerCluster extends Cluster {
  override duplicate<Options extends ClusterOptions | undefined = undefined>(
    nodes?: ClusterNode[],
    options?: Options,
  ) {
    const redisOptions = { ...this.options.redisOptions, ...options?.redisOptions };
    return super.duplicate(nodes, {
      ...options,
      redisOptions: { ...redisOptions, socketTimeout: BLOCKING_SILENCE_MS },
    } as unknown as Options);
  }
}

class ProducerCluster extends Cluster {
  /** The cluster's own queue knows no time limit; that of a connection to one of its nodes does. */
  override sendCommand(...[command, stream, node]: Parameters<Cluster['sendCommand']>): unknown {
    if (this.status === 'ready' || command.name === 'cluster')
      return super.sendCommand(command, stream, node);
    command.reject(new Error('The Redis Cluster cannot be reached'));
    return command.promise;
  }
}

/** What Redis has said last to a write that changes nothing. */
const answers = new WeakMap<Redis, Error | null>();

function watch(
  redis: Redis,
  onError: (error: Error) => void,
  onAnswer: (refusal: Error | null) => void,
): Redis {
  redis.on('error', onError);
  // Of one server of a cluster; the others go on.
  redis.on('node error', onError);
  watchTransactions(redis);
  keepAsking(redis, (refusal) => {
    answers.set(redis, refusal);
    onAnswer(refusal);
  });
  return redis;
}

/**
 * What is refused inside of a transaction passes by the client's own handling: it would stay with a replica,
 * and go on to name scripts that a server has forgotten (NOSCRIPT). A new connection knows of none.
 */
function watchTransactions(redis: Redis): void {
  const multi = redis.multi.bind(redis) as (...given: unknown[]) => ChainableCommander;
  const leaveWhereRefused = (results: [Error | null, unknown][] | null) => {
    const isElsewhere = ([error]: [Error | null, unknown]) =>
      error && (NOT_A_MASTER.test(error.message) || error.message.startsWith('NOSCRIPT'));
    // While a new connection is made already, this would end the client for ever.
    if (results?.some(isElsewhere) && redis.status === 'ready') redis.disconnect(true);
  };
  const watched = (...given: unknown[]) => {
    const transaction = multi(...given);
    const exec = transaction.exec.bind(transaction);
    // A cluster's client calls it again itself where a slot has moved.
    transaction.exec = () => {
      const executed = exec();
      executed.then(leaveWhereRefused, () => {});
      return executed;
    };
    return transaction;
  };
  redis.multi = watched as Redis['multi'];
}

const ASK_EVERY_MS = 1_000;
const NOTHING = 'meterbridge:nothing';

/**
 * Asks for a write that changes nothing, even at the memory limit, and tells what Redis said. A replica refuses it: who
 * only reads would stay with one for ever. And something is always on its way that can be missed, to each master of a
 * cluster: there a replica says itself who is, and a master that can write nothing refuses a PING, too.
 */
function keepAsking(redis: Redis, onAnswer: (refusal: Error | null) => void): void {
  const ask = () => (redis.isCluster ? askMasters(redis) : redis.del(NOTHING));
  const timer = setInterval(() => {
    if (redis.status !== 'ready') return;
    ask().then(
      () => onAnswer(null),
      // What got no answer is the connection's matter.
      (error: Error) => error.name === 'ReplyError' && onAnswer(error),
    );
  }, ASK_EVERY_MS);
  timer.unref();
  redis.once('end', () => clearInterval(timer));
}

function askMasters(redis: Redis): Promise<unknown> {
  return Promise.all(mastersOf(redis).map((each) => each.ping()));
}

/**
 * Why Redis takes no write now; null where it does. A client that waits for a master is not waited for longer than so
 * many milliseconds: then it is what Redis has said last.
 */
export async function writeRefusal(redis: Redis, withinMs = 1_000): Promise<Error | null> {
  const late = new AbortController();
  const said = sleep(withinMs, undefined, { signal: late.signal, ref: false }).then(
    () => answers.get(redis) ?? null,
    () => null,
  );
  try {
    const asked = redis.isCluster ? askMasters(redis) : redis.persist(NOTHING);
    return await Promise.race([asked.then(() => null), said]);
  } catch (error) {
    return error as Error;
  } finally {
    late.abort();
  }
}
