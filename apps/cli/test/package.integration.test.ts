import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';

const ROOT = join(import.meta.dirname, '../../..');
const execute = promisify(execFile);

const suite = useRedis();
let directory = '';
let tarball = '';

/** As for a user: nothing of this run's environment, and a cache of its own. */
const environment = () => ({
  PATH: process.env.PATH,
  HOME: directory,
  npm_config_cache: join(directory, 'cache'),
  npm_config_offline: 'true',
  npm_config_update_notifier: 'false',
});

type Ended = { code: number; stdout: string; stderr: string };

async function run(file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const options = { cwd, env: { ...environment(), ...env } };
  return execute(file, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  );
}

/** In an empty folder with nothing but the package beside it. */
async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(directory, 'empty-'));
  await copyFile(join(directory, tarball), join(folder, tarball));
  return folder;
}

function npx(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run('npx', ['--yes', `./${tarball}`, ...args], folder, env);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meterbridge-package-'));
  // Its set-up does nothing: what is packed is what the other tests try.
  const { stdout } = await execute('npm', ['pack', '--pack-destination', directory], { cwd: ROOT });
  tarball = stdout.trim().split('\n').at(-1)!;
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test('the package runs in an empty folder, with no other package, no build and no network', async () => {
  const folder = await emptyFolder();
  const { version, bin } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const told = await npx(folder, ['--version']);
  expect([told.code, told.stdout]).toEqual([0, expect.stringContaining(version)]);
  const help = await npx(folder, ['--help']);
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Usage: meterbridge')]);

  const begun = await npx(folder, ['init', '--yes']);
  expect(begun.stderr).toBe('');
  expect((await readdir(folder)).toSorted()).toEqual(
    ['.env.example', 'meterbridge.config.yaml', 'meterbridge.schema.json', tarball].toSorted(),
  );

  await mkdir(join(folder, 'installed'));
  await run('npm', ['install', '--prefix', 'installed', '--no-audit', '--no-fund', `./${tarball}`], folder);
  const modules = join(folder, 'installed/node_modules');
  expect((await readdir(modules)).filter((name) => !name.startsWith('.'))).toEqual(['meterbridge']);
  for (const program of Object.keys(bin).filter((name) => /receiver|worker/.test(name))) {
    const ended = await run(join(modules, '.bin', program), [], folder, { METERBRIDGE_CONFIG: 'none.yaml' });
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('none.yaml')]);
  }
});

test('the demo runs in an empty folder, on the Redis that REDIS_URL names, and leaves it as it was', async () => {
  const redis = suite.connect();
  await redis.set('meterbridge:{lago}:ledger', 'real');
  const folder = await emptyFolder();
  const { code, stdout, stderr } = await npx(folder, ['demo', '--once', '--events', '300'], {
    REDIS_URL: suite.url,
  });
  expect({ code, stderr, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stderr: '', stdout: '' });
  expect(stdout).toContain('Redis: REDIS_URL, database 15');
  expect(stdout).toContain('the example, since there is no meterbridge.config.yaml here');
  expect(stdout).toContain('What the sandbox holds agrees with it.');
  expect(await redis.info('keyspace')).toMatch(/^db0:keys=1,/m);
  expect(await redis.info('keyspace')).not.toContain('db15');
});
