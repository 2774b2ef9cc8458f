import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureServer } from '@meterbridge/local-redis';
import { findFreePort, waitFor } from '@meterbridge/testing';
import { Redis, type RedisOptions } from 'ioredis';
import { makeTracks, sendAll } from '../../apps/cli/test/retrying-client.js';
import { useStack } from '../../apps/cli/test/run-stack.js';
import { ROOT, readResources } from './files.js';

const PASSWORD = 'compose-sample-4f1d2a90';

/** docker-compose.yml with REDIS_PASSWORD set, and nothing else. */
function readCompose() {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
    .replaceAll(/\$\{REDIS_PASSWORD:\?[^}]*\}/g, PASSWORD)
    .replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  return readResources(text)[0];
}

const compose = readCompose();
const service = compose.services.redis;
/** A user for this test, which looks into what the one of the product may not see. */
const TESTER = ['--user', 'tester', 'on', 'nopass', '~*', '&*', '+@all'];

let port = 0;
let folder = '';
let stop = async () => {};
const clients: Redis[] = [];

beforeAll(async () => {
  port = await findFreePort();
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-compose-'));
  const { file, argv0 } = await ensureServer();
  const [program, ...args] = service.command as string[];
  expect(program).toBe('redis-server');
  const here = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn(file, [...args, ...TESTER, ...here], { argv0, stdio: 'ignore' });
  const exited = once(server, 'exit');
  stop = async () => {
    server.kill('SIGTERM');
    await exited;
  };
  const client = connect();
  await waitFor(() => client.ping(), { what: 'the Redis of compose' });
  // Until it is ready, its arguments can be read by anyone on the machine; one that a loader started leaves them there.
  const loaded = basename(readlinkSync(`/proc/${server.pid}/exe`)).startsWith('ld-');
  if (!loaded) expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(PASSWORD);
});

afterAll(async () => {
  for (const client of clients) client.disconnect();
  await stop();
  await rm(folder, { recursive: true, force: true });
});

function connect(options: RedisOptions = { username: 'tester', password: 'any' }): Redis {
  // One that finds no server at its end would else hold the process for two seconds more.
  const client = new Redis({ host: '127.0.0.1', port, disconnectTimeout: 100, ...options });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

const stacks = useStack({
  get url() {
    return compose['x-app'].environment.REDIS_URL.replace('redis:6379', `127.0.0.1:${port}`);
  },
  connect: () => connect(),
});

test("compose's Redis asks for its password, and the pipeline and every check run on what its user may do", async () => {
  await expect(connect({}).ping()).rejects.toThrow('NOAUTH');
  await expect(connect({ username: 'meterbridge', password: 'redis' }).ping()).rejects.toThrow('WRONGPASS');

  const stack = await stacks.open();
  expect(stack.env.REDIS_URL).toBe(`redis://meterbridge:${PASSWORD}@127.0.0.1:${port}`);
  const started = [await stack.startReady('receiver'), await stack.startReady('worker')];
  await sendAll(started[0]!.url, makeTracks(20));
  expect((await stack.settled(20)).lago).toMatchObject({ delivered: 20, difference: 0 });
  const check = await stack.cli('check');
  expect(check).toMatchObject({ code: 0, output: expect.stringMatching(/✓ Redis persistence/) });
  for (const output of [check.output, ...started.map(({ process }) => process.output())]) {
    expect(output).not.toMatch(/redis\.unsafe|NOPERM/);
    expect(output).not.toContain(PASSWORD);
  }
});

const hasRedisCli = spawnSync('redis-cli', ['--version']).status === 0;

(hasRedisCli ? test : test.skip)(
  "the health check of compose's Redis is content with it, and with no other password",
  () => {
    const [, command] = service.healthcheck.test as string[];
    const here = command!.replace('redis-cli', `redis-cli -p ${port}`);
    const check = (environment: NodeJS.ProcessEnv) =>
      spawnSync('sh', ['-c', here], { env: { PATH: process.env.PATH, ...environment } }).status;
    expect(check(service.environment)).toBe(0);
    expect(check({ REDISCLI_AUTH: 'redis' })).toBe(1);
  },
);
