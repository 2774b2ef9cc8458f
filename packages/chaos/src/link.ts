import { openTcpProxy, type TcpProxy } from '@meterbridge/testing/tcp-proxy';

/** A piece of traffic at which something is to happen. */
export type Moment = {
  /** `up`: what the process sends. `down`: what it is answered. */
  direction: 'up' | 'down';
  shows: (piece: Buffer) => boolean;
  /** How much of that piece still gets through. */
  pass: 'nothing' | 'half' | 'all';
};

/** One process's way to one server: everything passes through here, so its traffic can be seen and cut. */
export type Link = Omit<TcpProxy, 'connections' | 'silence'> & {
  /** Acts once, on the next piece of traffic that shows the moment. */
  arm(moment: Moment, act: () => void): void;
  disarm(): void;
  /** Every piece sent up that shows it is swallowed, and acted upon; until `undefined` is given. */
  setTrap(trap: { shows: (piece: Buffer) => boolean; act: () => void } | undefined): void;
};

/** @param target a port of the loopback */
export async function openLink(target: number): Promise<Link> {
  let trap: Parameters<Link['setTrap']>[0];
  let armed: { moment: Moment; act: () => void } | undefined;
  const proxy = await openTcpProxy(target, () => (piece, direction, pass) => {
    if (direction === 'up' && trap?.shows(piece)) {
      trap.act();
      return;
    }
    if (armed?.moment.direction !== direction || !armed.moment.shows(piece)) {
      pass(piece);
      return;
    }
    const { moment, act } = armed;
    armed = undefined;
    if (moment.pass === 'all') pass(piece);
    if (moment.pass === 'half') pass(piece.subarray(0, Math.ceil(piece.length / 2)));
    act();
  });
  return {
    ...proxy,
    arm(moment, act) {
      armed = { moment, act };
    },
    disarm() {
      armed = undefined;
    },
    setTrap(next) {
      trap = next;
    },
  };
}
