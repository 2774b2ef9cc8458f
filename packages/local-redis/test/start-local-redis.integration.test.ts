import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LocalRedis, startLocalRedis } from '../src/index.js';

let dataDir: string;
let started: LocalRedis[];
let children: ChildProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meterbridge-redis-'));
  started = [];
  children = [];
});

afterEach(async () => {
  for (const redis of started) await redis.stop();
  for (const child of children) child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startLocalRedis>[0]> = {}): Promise<LocalRedis> {
  const redis = await startLocalRedis({ dataDir, installIfMissing: false, ...options });
  started.push(redis);
  return redis;
}

/** One inline command, and all that comes back. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.write(`${command}\r\nQUIT\r\n`);
  await once(socket, 'close');
  return answer;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await sleep(20);
  }
}

test('runs as a Redis that loses and evicts nothing, on the loopback only', async () => {
  const redis = await start({ maxMemoryBytes: 64 * 1024 * 1024 });
  const settings = await ask(
    redis.port,
    'CONFIG GET appendonly appendfsync maxmemory maxmemory-policy bind protected-mode save',
  );
  const words = settings.split('\r\n').filter((line) => line !== '' && !/^[*$+]/.test(line));
  expect(words).toContain('noeviction');
  expect(words[words.indexOf('appendonly') + 1]).toBe('yes');
  expect(words[words.indexOf('appendfsync') + 1]).toBe('always');
  expect(words[words.indexOf('maxmemory') + 1]).toBe('67108864');
  expect(words[words.indexOf('bind') + 1]).toBe('127.0.0.1');
  expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
});

test('keeps what was written through kill -9 and a restart on the same port', async () => {
  const redis = await start();
  const { pid, port } = redis;
  expect(await ask(port, 'SET kept yes')).toContain('+OK');
  await redis.kill('SIGKILL');
  expect(isAlive(pid)).toBe(false);
  await redis.restart();
  expect(redis.port).toBe(port);
  expect(redis.pid).not.toBe(pid);
  expect(await ask(port, 'GET kept')).toContain('yes');
});

test('keeps what was written when it is stopped and started anew', async () => {
  const first = await start();
  await ask(first.port, 'SET kept yes');
  await first.stop();
  const second = await start();
  expect(await ask(second.port, 'GET kept')).toContain('yes');
});

test('stops a server that hangs', async () => {
  const redis = await start();
  await redis.kill('SIGSTOP');
  await redis.stop();
  expect(isAlive(redis.pid)).toBe(false);
});

test('refuses a data directory that a living Redis works in, and says which', async () => {
  const redis = await start();
  await expect(startLocalRedis({ dataDir })).rejects.toMatchObject({
    name: 'LocalRedisError',
    code: 'data_dir_in_use',
    message: expect.stringContaining(`process id ${redis.pid} on port ${redis.port}`),
  });
  expect(await ask(redis.port, 'PING')).toContain('+PONG');
});

test('of several starts in one directory at once, one wins', async () => {
  const results = await Promise.allSettled([start(), start(), start(), start()]);
  const codes = results.map((result) => (result.status === 'fulfilled' ? 'started' : result.reason.code));
  expect(codes.toSorted()).toEqual(['data_dir_in_use', 'data_dir_in_use', 'data_dir_in_use', 'started']);
});

test('takes over a directory whose Redis is gone, even if its process id lives again', async () => {
  const claim = { ownerPid: process.pid, server: { pid: process.pid, port: 1 } };
  await writeFile(join(dataDir, 'meterbridge-redis.json'), JSON.stringify(claim));
  const redis = await start();
  expect(await ask(redis.port, 'PING')).toContain('+PONG');
});

test('says so when the port that was asked for is taken, and leaves the directory free', async () => {
  const stranger = createServer((socket) => socket.destroy());
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const port = (stranger.address() as { port: number }).port;
  await expect(startLocalRedis({ dataDir, port })).rejects.toMatchObject({ code: 'port_taken' });
  stranger.close();
  await once(stranger, 'close');
  expect((await start({ port })).port).toBe(port);
});

test('says why a server that ends at once did so', async () => {
  await writeFile(join(dataDir, 'appendonlydir'), 'not a directory');
  await expect(startLocalRedis({ dataDir })).rejects.toMatchObject({
    code: 'start_failed',
    message: expect.stringContaining('appendonlydir'),
  });
});

test('ends soon after the process that started it, even if that is killed', async () => {
  const script = `
    import { startLocalRedis } from '@meterbridge/local-redis';
    const redis = await startLocalRedis({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(redis.pid);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../../testing'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  const pid = Number(String(line));
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await until(() => !isAlive(pid));
  // In order, not by force: nothing holds the directory any more.
  await start();
});

test('an ephemeral one leaves nothing behind', async () => {
  const redis = await start({ ephemeral: true });
  expect(await readFile(join(dataDir, 'meterbridge-redis.json'), 'utf8')).toContain(String(redis.pid));
  await redis.stop();
  await expect(access(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
});
