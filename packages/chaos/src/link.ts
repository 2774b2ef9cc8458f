import { openTcpProxy, type TcpProxy } from '@meterbridge/testing/tcp-proxy';

/** A piece of traffic at which something is to happen. */
export type Moment = {
  /** `up`: what the process sends. `down`: what it is answered. */
  direction: 'up' | 'down';
  shows: (piece: Buffer) => boolean;
  /** Of an answer: only on a connection that has sent a piece that shows this, since the moment was armed. */
  to?: (piece: Buffer) => boolean;
  /** How much of that piece still gets through. */
  pass: 'nothing' | 'half' | 'all';
};

/** One process's way to one server: everything passes through here, so its traffic can be seen and cut. */
export type Link = Omit<TcpProxy, 'connections' | 'silence'> & {
  /** Acts once, on the next piece of traffic that shows the moment. @returns what takes it back */
  arm(moment: Moment, act: () => void): () => void;
  /** Every piece sent up that shows it is swallowed, and acted upon; until `undefined` is given. */
  setTrap(trap: { shows: (piece: Buffer) => boolean; act: () => void } | undefined): void;
};

type Armed = { moment: Moment; act: () => void };

/** @param target a port of the loopback */
export async function openLink(target: number): Promise<Link> {
  let trap: Parameters<Link['setTrap']>[0];
  const armed = new Set<Armed>();
  const proxy = await openTcpProxy(target, () => {
    /** Those whose question this connection has asked. */
    const asked = new WeakSet<Armed>();
    const isDue = (each: Armed, piece: Buffer, direction: Moment['direction']) =>
      each.moment.direction === direction && (!each.moment.to || asked.has(each)) && each.moment.shows(piece);
    return (piece, direction, pass) => {
      if (direction === 'up' && trap?.shows(piece)) {
        trap.act();
        return;
      }
      const due = [...armed].find((each) => isDue(each, piece, direction));
      if (direction === 'up') for (const each of armed) if (each.moment.to?.(piece)) asked.add(each);
      if (!due) {
        pass(piece);
        return;
      }
      armed.delete(due);
      const { moment, act } = due;
      if (moment.pass === 'all') pass(piece);
      if (moment.pass === 'half') pass(piece.subarray(0, Math.ceil(piece.length / 2)));
      act();
    };
  });
  return {
    ...proxy,
    arm(moment, act) {
      const each = { moment, act };
      armed.add(each);
      return () => void armed.delete(each);
    },
    setTrap(next) {
      trap = next;
    },
  };
}

/** Acts once, at whichever link shows the moment first. @returns what takes it back */
export function armAny(links: readonly Link[], moment: Moment, act: () => void): () => void {
  const takeBack = () => {
    for (const each of disarm) each();
  };
  const disarm = links.map((link) =>
    link.arm(moment, () => {
      takeBack();
      act();
    }),
  );
  return takeBack;
}
