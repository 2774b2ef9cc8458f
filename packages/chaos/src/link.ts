import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A piece of traffic at which something is to happen. */
export type Moment = {
  /** `up`: what the process sends. `down`: what it is answered. */
  direction: 'up' | 'down';
  shows: (piece: Buffer) => boolean;
  /** How much of that piece still gets through. */
  pass: 'nothing' | 'half' | 'all';
};

/** One process's way to one server: everything passes through here, so its traffic can be seen and cut. */
export type Link = {
  readonly port: number;
  /** Acts once, on the next piece of traffic that shows the moment. */
  arm(moment: Moment, act: () => void): void;
  disarm(): void;
  /** Every piece sent up that shows it is swallowed, and acted upon; until `undefined` is given. */
  setTrap(trap: { shows: (piece: Buffer) => boolean; act: () => void } | undefined): void;
  /** Where new connections go from now on; the old ones stay where they are. */
  retarget(port: number): void;
  /** Ends every connection there is. */
  cut(): void;
  /** While true, nobody is let in and everybody is thrown out. */
  refuse(refused: boolean): void;
  close(): Promise<void>;
};

export async function openLink(target: number): Promise<Link> {
  const pairs = new Set<[Socket, Socket]>();
  let targetPort = target;
  let isRefusing = false;
  let trap: Parameters<Link['setTrap']>[0];
  let armed: { moment: Moment; act: () => void } | undefined;

  function carry(from: Socket, to: Socket, direction: Moment['direction']): void {
    from.on('data', (piece: Buffer) => {
      if (direction === 'up' && trap?.shows(piece)) {
        trap.act();
        return;
      }
      if (armed?.moment.direction === direction && armed.moment.shows(piece)) {
        const { moment, act } = armed;
        armed = undefined;
        if (moment.pass !== 'nothing') {
          to.write(moment.pass === 'all' ? piece : piece.subarray(0, Math.ceil(piece.length / 2)));
        }
        act();
        return;
      }
      if (!to.write(piece)) from.pause();
    });
    to.on('drain', () => from.resume());
  }

  const server = createServer((inner) => {
    if (isRefusing) {
      inner.destroy();
      return;
    }
    const outer = connect(targetPort, '127.0.0.1');
    const pair: [Socket, Socket] = [inner, outer];
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    carry(inner, outer, 'up');
    carry(outer, inner, 'down');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    port,
    arm(moment, act) {
      armed = { moment, act };
    },
    disarm() {
      armed = undefined;
    },
    setTrap(next) {
      trap = next;
    },
    retarget(next) {
      targetPort = next;
    },
    cut,
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
