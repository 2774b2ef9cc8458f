import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A wire to a billing API that is the death of whoever sends a certain text over it. */
export type KillingProxy = {
  url: string;
  /** Whom to kill: known only after it was told this address. */
  aim: (pid: number) => void;
  close: () => Promise<void>;
};

/** @param poison the text; what holds it is not passed on */
export async function startKillingProxy(apiUrl: string, poison: string): Promise<KillingProxy> {
  const { hostname, port, pathname } = new URL(apiUrl);
  const sockets = new Set<Socket>();
  let victim: number | undefined;
  const server: Server = createServer((client) => {
    const api = connect(Number(port), hostname);
    let tail = '';
    for (const socket of [client, api]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        api.destroy();
      });
    }
    api.pipe(client);
    client.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      tail = text.slice(-poison.length);
      if (!text.includes(poison)) {
        api.write(chunk);
        return;
      }
      if (victim !== undefined) process.kill(victim, 'SIGKILL');
      api.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname === '/' ? '' : pathname}`,
    aim: (pid) => {
      victim = pid;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
