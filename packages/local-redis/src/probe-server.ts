import { connect } from 'node:net';

/** What answers on a port: nobody, a Redis that still loads its data, or one that is ready. */
export type ServerState =
  | { state: 'silent' }
  | { state: 'loading'; pid: number | null }
  | { state: 'ready'; pid: number | null };

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Asks a port on the loopback who it is. The process id tells our own server from a stranger who took the
 * port first. Speaks the protocol's inline form, so that starting a Redis needs no client library.
 */
export function probeServer(port: number): Promise<ServerState> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port });
    const finish = () => {
      socket.destroy();
      resolve(readAnswer(answer));
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, finish);
    socket.on('connect', () => socket.write('INFO server\r\nPING\r\nQUIT\r\n'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', finish);
    socket.on('close', finish);
  });
}

function readAnswer(answer: string): ServerState {
  const pid = /^process_id:(\d+)/m.exec(answer)?.[1];
  const known = { pid: pid === undefined ? null : Number(pid) };
  if (/^\+PONG/m.test(answer)) return { state: 'ready', ...known };
  if (/^-LOADING/m.test(answer)) return { state: 'loading', ...known };
  return { state: 'silent' };
}
