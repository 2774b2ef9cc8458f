import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll } from '@jest/globals';

/**
 * A stable address in front of Redis, as a DNS name or a load balancer is: connections lead where it led
 * when they were opened.
 */
export type RedisWay = {
  url: string;
  /** New connections lead to another server. */
  leadTo(port: number): void;
  /** What passes from now on takes so long, each way. */
  delay(ms: number): void;
  /** Ends the connections there are. */
  cut(): void;
  /** Redis gets what is sent on the connections there are, and its answers do not come back. */
  swallowAnswers(): void;
  /** Nothing passes through the connections there are any more, and neither end is told. */
  silence(): void;
};

/** Opens ways that are closed after the suite. Call before `useRedis`. */
export function useRedisWays() {
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing) await close();
  });

  return async function open(port: number): Promise<RedisWay> {
    let target = port;
    let delayMs = 0;
    const pairs = new Set<{ client: Socket; upstream: Socket; isSilent: boolean; isMute: boolean }>();
    const server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      const pair = { client, upstream, isSilent: false, isMute: false };
      pairs.add(pair);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.setNoDelay();
        from.on('data', (bytes) => {
          if (pair.isSilent || (pair.isMute && to === client)) return;
          if (delayMs > 0) setTimeout(() => to.write(bytes), delayMs);
          else to.write(bytes);
        });
        from.on('error', () => {});
        from.on('close', () => {
          if (pair.isSilent) return;
          to.destroy();
          pairs.delete(pair);
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cut = () => {
      for (const { client, upstream } of pairs) for (const end of [client, upstream]) end.destroy();
      pairs.clear();
    };
    closing.push(async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    });
    return {
      url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
      leadTo(other) {
        target = other;
      },
      delay(ms) {
        delayMs = ms;
      },
      cut,
      swallowAnswers() {
        for (const pair of pairs) pair.isMute = true;
      },
      silence() {
        for (const pair of pairs) pair.isSilent = true;
      },
    };
  };
}
