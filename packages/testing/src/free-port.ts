import { createServer } from 'node:net';

/** A Redis Cluster's nodes talk to each other so much above their own port. */
const BUS = 10_000;

/** A free port of the loopback that has a free one for a cluster's bus. */
export async function findPortWithBus(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000);
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
