import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRedis } from '@meterbridge/local-redis';
import { Redis } from 'ioredis';
import { type Running, run } from './processes.js';

/** One fresh Redis (`appendfsync always`) and one fresh sandbox for each measurement. */
export type Stage = {
  redis: Redis;
  redisPid: number;
  redisUrl: string;
  sandboxUrl: string;
  /** For an ordinary receiver or worker and for ours alike. */
  env: Record<string, string>;
  /** For the processes that are started from now on; the configuration as text goes in and comes out. */
  changeConfig(change: (text: string) => string): Promise<void>;
  start(name: string, script: string, env?: Record<string, string>, readyUrl?: string): Promise<Running>;
  processes: Running[];
  close(): Promise<void>;
};

const CONFIG = `
sources:
  - { name: bench, writeKey: bench-write-key }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    limit: { requestsPerSecond: unlimited, concurrency: 8, batchSize: 100 }
    rules:
      - name: api-calls
        when: type = "track" and event = "API Call"
        code: api_call
        subscription: properties.subscription_id
        properties: { tokens: { path: properties.tokens, as: number }, model: properties.model }
`;

export async function openStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-bench-'));
  const local = await startLocalRedis({ dataDir: join(directory, 'redis'), ephemeral: true });
  const redis = new Redis(local.url);
  const configFile = join(directory, 'meterbridge.config.yaml');
  await writeFile(configFile, CONFIG);
  const sandboxPort = await freePort();
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const processes: Running[] = [];
  const env = {
    REDIS_URL: local.url,
    LAGO_API_URL: `${sandboxUrl}/lago`,
    LAGO_API_KEY: 'sandbox',
    METERBRIDGE_CONFIG: configFile,
  };
  const start: Stage['start'] = async (name, script, more = {}, readyUrl) => {
    const running = await run(name, script, { ...env, ...more }, readyUrl);
    processes.push(running);
    return running;
  };
  await start('sandbox', '../../sandbox/dist/main.js', { SANDBOX_PORT: String(sandboxPort) });
  return {
    redis,
    redisPid: local.pid,
    redisUrl: local.url,
    sandboxUrl,
    env,
    changeConfig: (change) => writeFile(configFile, change(CONFIG)),
    start,
    processes,
    async close() {
      for (const each of [...processes].reverse()) await each.stop();
      redis.disconnect();
      await local.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
