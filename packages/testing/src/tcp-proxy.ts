import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One connection: from whoever opened it, and on to the server. */
export type ProxiedConnection = { readonly inner: Socket; readonly outer: Socket };

/**
 * What becomes of a piece of traffic: `pass` hands on all of it or a part, now, later or never. `up` is what is sent
 * to the server, `down` what it answers.
 */
export type OnPiece = (piece: Buffer, direction: 'up' | 'down', pass: (piece: Buffer) => void) => void;

/** An address of the loopback in front of a server, as a DNS name or a load balancer is. */
export type TcpProxy = {
  readonly port: number;
  /** Those there are now. */
  readonly connections: ReadonlySet<ProxiedConnection>;
  /** Where new connections lead from now on, a port of the loopback; the old ones stay where they are. */
  leadTo(port: number): void;
  /** Ends every connection there is. */
  cut(): void;
  /** Nothing passes through the connections there are any more, and neither end is told. */
  silence(): void;
  /** While true, nobody is let in and everybody is thrown out. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
};

const passAll: OnPiece = (piece, _direction, pass) => pass(piece);

/** @param target a port of the loopback @param onConnection gives what looks at a new connection's traffic */
export async function openTcpProxy(
  target: number,
  onConnection: (connection: ProxiedConnection) => OnPiece = () => passAll,
): Promise<TcpProxy> {
  const connections = new Set<ProxiedConnection>();
  const silent = new WeakSet<ProxiedConnection>();
  let targetPort = target;
  let isRefusing = false;

  const server = createServer((inner) => {
    if (isRefusing) {
      inner.destroy();
      return;
    }
    const outer = connect(targetPort, '127.0.0.1');
    const connection = { inner, outer };
    connections.add(connection);
    const onPiece = onConnection(connection);
    carry(connection, inner, outer, 'up', onPiece);
    carry(connection, outer, inner, 'down', onPiece);
  });

  function carry(
    connection: ProxiedConnection,
    from: Socket,
    to: Socket,
    direction: 'up' | 'down',
    onPiece: OnPiece,
  ): void {
    const pass = (piece: Buffer) => {
      if (!to.write(piece)) from.pause();
    };
    from.setNoDelay(true);
    from.on('data', (piece: Buffer) => {
      if (!silent.has(connection)) onPiece(piece, direction, pass);
    });
    to.on('drain', () => from.resume());
    from.on('error', () => {});
    from.on('close', () => {
      if (silent.has(connection)) return;
      to.destroy();
      connections.delete(connection);
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  const cut = () => {
    for (const { inner, outer } of connections) for (const socket of [inner, outer]) socket.destroy();
    connections.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    leadTo(port) {
      targetPort = port;
    },
    cut,
    silence() {
      for (const connection of connections) silent.add(connection);
    },
    refuse(refused) {
      isRefusing = refused;
      if (refused) cut();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
