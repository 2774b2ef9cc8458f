import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, startLocalRedis } from '@meterbridge/local-redis';
import { Redis } from 'ioredis';
import { lagoConfig, UNLIMITED } from './config.js';
import { cpuSeconds } from './cpu.js';
import { type Running, run, runCommand } from './processes.js';
import { openSandboxView, type SandboxView } from './sandbox-view.js';

/** One fresh Redis (`appendfsync always`) and one fresh sandbox for each measurement. */
export type Stage = {
  redis: Redis;
  sandbox: SandboxView;
  /** For an ordinary receiver or worker and for ours alike. */
  env: Record<string, string>;
  /** Where an archivist may keep receipts; nothing is kept until `env` says so. */
  receiptsDirectory: string;
  /** For the processes that are started from now on. */
  configure(config: string): Promise<void>;
  /** Two of one name are counted as one. With `readyUrl` its output goes to a file, else a line says it is ready. */
  start(name: string, script: string, env?: Record<string, string>, readyUrl?: string): Promise<Running>;
  /** `meterbridge`, to its end; throws where that is not a good one. */
  command(...args: string[]): Promise<void>;
  /** A number that Redis says of itself (`INFO`). */
  redisFigure(name: string): Promise<number>;
  /** CPU seconds so far, by process; Redis among them. */
  cpu(): Promise<Record<string, number>>;
  close(): Promise<void>;
};

export type StageOptions = {
  /** Default: Lago without a limit. */
  config?: string;
  /** Of the sandbox's answers. Default 0. */
  latencyMs?: number;
  /** Where each process leaves a CPU profile when it ends. Default: BENCH_PROFILE_DIR, if that is set. */
  profileDir?: string;
};

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-bench-'));
  const local = await startLocalRedis({ dataDir: join(directory, 'redis'), ephemeral: true });
  const redis = new Redis(local.url);
  const configFile = join(directory, 'meterbridge.config.yaml');
  const configure = (config: string) => writeFile(configFile, config);
  await configure(options.config ?? lagoConfig(UNLIMITED));
  const sandboxPort = await findFreePort();
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const processes: Running[] = [];
  const env: Record<string, string> = {
    REDIS_URL: local.url,
    LAGO_API_URL: `${sandboxUrl}/lago`,
    LAGO_API_KEY: 'sandbox',
    HYPERLINE_API_URL: `${sandboxUrl}/hyperline`,
    HYPERLINE_API_KEY: 'sandbox',
    METERBRIDGE_CONFIG: configFile,
  };
  const start: Stage['start'] = async (name, script, more = {}, readyUrl) => {
    const running = await run({
      name,
      script,
      env: { ...env, ...more },
      logFile: join(directory, `${name}.log`),
      profileDir: options.profileDir ?? process.env.BENCH_PROFILE_DIR,
      readyUrl,
    });
    processes.push(running);
    return running;
  };
  await start('sandbox', '../../sandbox/dist/main.js', {
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX_LATENCY_MS: String(options.latencyMs ?? 0),
  });
  return {
    redis,
    sandbox: openSandboxView(sandboxUrl),
    env,
    receiptsDirectory: join(directory, 'receipts'),
    configure,
    start,
    command: (...args) => runCommand('../../../apps/cli/dist/main.js', args, env),
    redisFigure: async (name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.info())?.[1]),
    async cpu() {
      const seconds: Record<string, number> = { redis: await cpuSeconds(local.pid) };
      for (const { name, pid } of processes) {
        const used = await cpuSeconds(pid);
        // One that has ended has none any more.
        if (!Number.isNaN(used)) seconds[name] = (seconds[name] ?? 0) + used;
      }
      return seconds;
    },
    async close() {
      for (const each of [...processes].reverse()) await each.stop();
      redis.disconnect();
      await local.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
