import { afterAll } from '@jest/globals';
import { openTcpProxy, type ProxiedConnection, type TcpProxy } from '@meterbridge/testing';

/**
 * A stable address in front of Redis, as a DNS name or a load balancer is: connections lead where it led
 * when they were opened.
 */
export type RedisWay = Pick<TcpProxy, 'leadTo' | 'cut' | 'silence' | 'refuse'> & {
  url: string;
  /** What passes from now on takes so long, each way. */
  delay(ms: number): void;
  /** Calls back once, when an answer that says this has passed. */
  afterAnswer(says: RegExp, then: () => void): void;
  /** Redis gets what is sent on the connections there are, and its answers do not come back. */
  swallowAnswers(): void;
  /**
   * The next request that holds a text waits until `before` is done; `after` is called behind its answer, before
   * whoever asked can ask on. A request of a few kilobytes comes in one piece.
   */
  around(text: string, before: () => Promise<unknown>, after?: () => unknown): void;
};

type Watch = { text: string; before: () => Promise<unknown>; after: () => unknown };

/** Opens ways that are closed after the suite. Call before `useRedis`. */
export function useRedisWays() {
  const proxies: TcpProxy[] = [];
  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
  });

  return async function open(port: number): Promise<RedisWay> {
    let delayMs = 0;
    let awaited: { says: RegExp; then: () => void } | undefined;
    let watch: Watch | undefined;
    const mute = new WeakSet<ProxiedConnection>();
    const proxy = await openTcpProxy(port, (connection) => {
      let waiting: Buffer[] | undefined;
      let onAnswer: (() => unknown) | undefined;
      const hold = (piece: Buffer, { before, after }: Watch, pass: (piece: Buffer) => void) => {
        const held = [piece];
        waiting = held;
        void before().then(() => {
          onAnswer = after;
          waiting = undefined;
          for (const each of held) pass(each);
        });
      };
      return (piece, direction, pass) => {
        if (direction === 'down' && mute.has(connection)) return;
        if (direction === 'up' && waiting) return waiting.push(piece);
        if (direction === 'up' && watch && piece.includes(watch.text)) {
          const found = watch;
          watch = undefined;
          return hold(piece, found, pass);
        }
        if (delayMs > 0) setTimeout(() => pass(piece), delayMs);
        else pass(piece);
        if (direction === 'down' && awaited?.says.test(piece.toString('latin1'))) {
          const { then } = awaited;
          awaited = undefined;
          // What has passed is on its way to whoever asked: it arrives before the connection is cut.
          setImmediate(then);
        }
        if (direction === 'down' && onAnswer && !endsInTransaction(piece)) {
          const call = onAnswer;
          onAnswer = undefined;
          call();
        }
      };
    });
    proxies.push(proxy);
    return {
      ...proxy,
      url: `redis://127.0.0.1:${proxy.port}`,
      delay(ms) {
        delayMs = ms;
      },
      afterAnswer(says, then) {
        awaited = { says, then };
      },
      swallowAnswers() {
        for (const connection of proxy.connections) mute.add(connection);
      },
      around(text, before, after = () => {}) {
        watch = { text, before, after };
      },
    };
  };
}

/** A transaction's answer is still to come: so far its commands are only said to be queued. */
function endsInTransaction(piece: Buffer): boolean {
  return /\+(OK|QUEUED)\r\n$/.test(piece.subarray(-16).toString());
}
