import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Speaks as a Sentinel that does what a test says, at the moment it says so: a real one cannot be told when. */
export type ScriptedSentinel = {
  readonly port: number;
  /** Clients that listen for a switch of masters. */
  readonly listeners: ReadonlySet<Socket>;
  /** While true, who asks for the master waits for the answer. */
  hold(isHolding: boolean): void;
  /** Who waits for that answer. */
  readonly asking: ReadonlySet<Socket>;
  /** Tells the listeners that another master was made. */
  tellSwitch(): void;
  close(): Promise<void>;
};

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/** @param masterPort of the loopback: what it answers when it is asked for the master */
export async function startScriptedSentinel(masterPort: number): Promise<ScriptedSentinel> {
  const sockets = new Set<Socket>();
  const listeners = new Set<Socket>();
  const asking = new Set<Socket>();
  let isHolding = false;
  const master = `*2\r\n${bulk('127.0.0.1')}${bulk(String(masterPort))}`;

  function answer(socket: Socket, [command = '', argument = '']: string[]): void {
    switch (command.toLowerCase()) {
      case 'sentinel':
        if (argument.toLowerCase() !== 'get-master-addr-by-name') socket.write('*0\r\n');
        else if (isHolding) asking.add(socket);
        else socket.write(master);
        return;
      case 'subscribe':
        listeners.add(socket);
        socket.write(`*3\r\n${bulk('subscribe')}${bulk(argument)}:1\r\n`);
        return;
      case 'hello':
        socket.write('-ERR unknown command HELLO\r\n');
        return;
      default:
        socket.write('+OK\r\n');
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const set of [sockets, listeners, asking]) set.delete(socket);
    });
    let rest = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      rest += piece;
      for (let parsed = parse(rest); parsed; parsed = parse(rest)) {
        rest = parsed.rest;
        answer(socket, parsed.words);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    listeners,
    asking,
    hold(holding) {
      isHolding = holding;
      if (holding) return;
      for (const socket of asking) socket.write(master);
      asking.clear();
    },
    tellSwitch() {
      const said = `billing 127.0.0.1 1 127.0.0.1 ${masterPort}`;
      for (const socket of listeners)
        socket.write(`*3\r\n${bulk('message')}${bulk('+switch-master')}${bulk(said)}`);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One command: `*2\r\n$4\r\nINFO\r\n…`. Undefined until all of it is there. */
function parse(text: string): { words: string[]; rest: string } | undefined {
  const parts = text.split('\r\n');
  const count = Number(parts[0]?.slice(1));
  if (!(count > 0) || parts.length <= 2 * count + 1) return undefined;
  const words = Array.from({ length: count }, (_, index) => parts[2 + 2 * index]!);
  return { words, rest: parts.slice(1 + 2 * count).join('\r\n') };
}
