import { openTcpProxy } from '@meterbridge/testing';

/** A wire to a billing API that is the death of whoever sends a certain text over it. */
export type KillingProxy = {
  url: string;
  /** Whom to kill: known only after it was told this address. */
  aim: (pid: number) => void;
  close: () => Promise<void>;
};

/** @param poison the text; what holds it is not passed on */
export async function startKillingProxy(apiUrl: string, poison: string): Promise<KillingProxy> {
  const { port: target, pathname } = new URL(apiUrl);
  let victim: number | undefined;
  const { port, close } = await openTcpProxy(Number(target), ({ outer }) => {
    let tail = '';
    return (piece, direction, pass) => {
      const text = direction === 'up' ? tail + piece.toString('latin1') : '';
      if (direction === 'up') tail = text.slice(-poison.length);
      if (!text.includes(poison)) {
        pass(piece);
        return;
      }
      if (victim !== undefined) process.kill(victim, 'SIGKILL');
      outer.destroy();
    };
  });
  return {
    url: `http://127.0.0.1:${port}${pathname === '/' ? '' : pathname}`,
    aim: (pid) => {
      victim = pid;
    },
    close,
  };
}
