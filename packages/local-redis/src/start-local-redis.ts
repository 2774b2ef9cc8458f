import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { claimDataDir } from './data-dir-claim.js';
import { ensureServer } from './ensure-server.js';
import { findFreePort } from './find-free-port.js';
import { LocalRedisError } from './local-redis-error.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

export type LocalRedisOptions = {
  /** Where the data live; made if it is missing. One Redis at a time. */
  dataDir: string;
  /** Default: a free one. */
  port?: number;
  /** When a write is on disk. Default: `always`, that is before it is answered. */
  appendfsync?: 'always' | 'everysec';
  /** For tests: `stop` also removes the data directory. Default: false. */
  ephemeral?: boolean;
  /** Writes are refused beyond this; nothing is evicted. Default: no limit. */
  maxMemoryBytes?: number;
  /** More of the server's settings, by their names in redis.conf. */
  settings?: Record<string, string>;
  /** Gets the server's own log, line by line, and a word before a long step. */
  log?: (line: string) => void;
  /** Install a server with apt-get where none is found. Default: true. */
  installIfMissing?: boolean;
};

export type LocalRedis = {
  readonly url: string;
  readonly port: number;
  /** Of the server that runs now: another one after `restart`. */
  readonly pid: number;
  /** Ends the server in order and waits for it. */
  stop(): Promise<void>;
  /** Sends a signal; for one that ends the server, waits until it is gone. The data stay. */
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** The same port and the same data, whether the server still runs or was killed. */
  restart(): Promise<void>;
};

const PORT_TRIES = 10;

/**
 * Starts a Redis of our own, on the loopback only: every write on disk before it is answered, nothing ever
 * evicted. It ends with `stop`, and soon after this process if that dies first, even by SIGKILL.
 * @throws LocalRedisError with a `code` and a message that says what to do
 */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const dataDir = resolve(options.dataDir);
  const program = await ensureServer(options);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  let claim = await claimDataDir(dataDir);

  async function launch(port: number): Promise<ServerProcess> {
    const server = await startServerProcess(program, serverArgs(options, dataDir, port), port, options.log);
    await claim.record({ pid: server.pid, port });
    await server.untilReady();
    return server;
  }

  async function launchOnFreePort(): Promise<{ server: ServerProcess; port: number }> {
    for (let tries = 1; ; tries++) {
      const port = await findFreePort();
      try {
        return { server: await launch(port), port };
      } catch (error) {
        // Between finding and binding it, somebody else may take the port.
        const again = error instanceof LocalRedisError && error.code === 'port_taken' && tries < PORT_TRIES;
        if (!again) throw error;
      }
    }
  }

  async function releaseAfter<T>(work: Promise<T>): Promise<T> {
    return work.catch(async (error) => {
      await claim.release();
      throw error;
    });
  }

  const asked = options.port;
  const first = await releaseAfter(
    asked === undefined ? launchOnFreePort() : launch(asked).then((server) => ({ server, port: asked })),
  );
  let { server } = first;
  const { port } = first;
  let claimed = true;

  async function end(): Promise<void> {
    await server.stop();
    // A second `stop` must not release what somebody else has claimed since.
    if (claimed) await claim.release();
    claimed = false;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    async stop() {
      await end();
      if (options.ephemeral) await rm(dataDir, { recursive: true, force: true });
    },
    async kill(signal) {
      server.signal(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await server.exited;
    },
    async restart() {
      await server.stop();
      if (!claimed) claim = await claimDataDir(dataDir);
      claimed = true;
      server = await launch(port);
    },
  };
}

function serverArgs(options: LocalRedisOptions, dataDir: string, port: number): string[] {
  const settings: Record<string, string> = {
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    port: String(port),
    dir: dataDir,
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: options.appendfsync ?? 'always',
    // The append-only file holds everything: snapshots beside it would only cost.
    save: '',
    'maxmemory-policy': 'noeviction',
    ...(options.maxMemoryBytes === undefined ? {} : { maxmemory: String(options.maxMemoryBytes) }),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
