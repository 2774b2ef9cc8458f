import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startLocalRedis } from '@meterbridge/local-redis';
import { Redis } from 'ioredis';

/** What a figure depends on besides the code, and the code. */
export type Surroundings = {
  machine: { cpu: string; cores: number; memoryBytes: number; kernel: string };
  versions: { node: string; redis: string; bullmq: string };
  /** Null outside a git checkout. `dirty`: there were changes that no commit has. */
  commit: { hash: string; dirty: boolean } | null;
  startedAt: string;
  /** Of the last 1, 5 and 15 minutes. */
  loadAverage: number[];
};

const execute = promisify(execFile);

export async function readSurroundings(): Promise<Surroundings> {
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      kernel: release(),
    },
    versions: { node: process.versions.node, redis: await redisVersion(), bullmq: await bullmqVersion() },
    commit: await readCommit(),
    startedAt: new Date().toISOString(),
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** Of the server that the benchmarks start. */
async function redisVersion(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-bench-'));
  const local = await startLocalRedis({ dataDir: directory, ephemeral: true });
  const redis = new Redis(local.url);
  const version = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
  redis.disconnect();
  await local.stop();
  await rm(directory, { recursive: true, force: true });
  return version;
}

/** The one that the queue is pinned to. */
async function bullmqVersion(): Promise<string> {
  const file = await readFile(new URL('../../queue/package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { dependencies: { bullmq: string } }).dependencies.bullmq;
}

async function readCommit(): Promise<Surroundings['commit']> {
  const git = async (...args: string[]) =>
    (await execute('git', args, { cwd: import.meta.dirname })).stdout.trim();
  try {
    // The figures themselves do not make it another code.
    const changes = await git('status', '--porcelain', '--', ':/', ':!/docs/benchmarks');
    return { hash: await git('rev-parse', 'HEAD'), dirty: changes !== '' };
  } catch {
    return null;
  }
}
