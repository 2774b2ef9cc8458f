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
};

/** Opens ways that are closed after the suite. Call before `useRedis`. */
export function useRedisWays() {
  const proxies: TcpProxy[] = [];
  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
  });

  return async function open(port: number): Promise<RedisWay> {
    let delayMs = 0;
    let awaited: { says: RegExp; then: () => void } | undefined;
    const mute = new WeakSet<ProxiedConnection>();
    const proxy = await openTcpProxy(port, (connection) => (piece, direction, pass) => {
      if (direction === 'down' && mute.has(connection)) return;
      if (delayMs > 0) setTimeout(() => pass(piece), delayMs);
      else pass(piece);
      if (direction === 'down' && awaited?.says.test(piece.toString('latin1'))) {
        const { then } = awaited;
        awaited = undefined;
        // What has passed is on its way to whoever asked: it arrives before the connection is cut.
        setImmediate(then);
      }
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
    };
  };
}
