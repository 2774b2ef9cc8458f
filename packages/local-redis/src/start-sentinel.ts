import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureServer } from './ensure-server.js';
import { startServerProcess } from './server-process.js';

export type SentinelOptions = {
  /** Where it keeps what it knows; made if it is missing, and removed by `stop`. */
  dataDir: string;
  port: number;
  /** What the master is called, and where it is at first. */
  masterName: string;
  masterPort: number;
  /** So many Sentinels have to find it down. */
  quorum: number;
  downAfterMs: number;
  /** More of its settings, by their names in sentinel.conf. */
  settings?: Record<string, string>;
};

export type LocalSentinel = { readonly port: number; stop(): Promise<void> };

/** Starts a Redis Sentinel of our own, on the loopback only. It ends as `startLocalRedis`' server does. */
export async function startSentinel(options: SentinelOptions): Promise<LocalSentinel> {
  const { port, masterName: name, masterPort, quorum, downAfterMs, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  const program = await ensureServer();
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // A Sentinel writes what it learns into its own configuration, and does not start without one.
  const file = join(dataDir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir "${dataDir}"`,
    ...Object.entries(settings).map(([setting, value]) => `${setting} ${value}`),
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} ${quorum}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} ${10 * downAfterMs}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const server = await startServerProcess(program, [file, '--sentinel'], port);
  await server.untilReady();
  return {
    port,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
