import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findServer } from './find-server.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meterbridge-path-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function place(name: string, script = '#!/bin/sh\nexit 1\n'): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, script, { mode: 0o755 });
  return file;
}

test('finds nothing on an empty PATH', async () => {
  expect(await findServer('')).toBeNull();
  expect(await findServer(directory)).toBeNull();
});

test('prefers redis-server to valkey-server', async () => {
  const valkey = await place('valkey-server');
  expect(await findServer(`:/nowhere:${directory}`)).toEqual({ file: valkey, argv0: 'valkey-server' });
  const redis = await place('redis-server');
  expect(await findServer(directory)).toEqual({ file: redis, argv0: 'redis-server' });
});

test('takes the twin that Debian ships in redis-tools only if it answers as a server', async () => {
  await place('redis-check-rdb', '#!/bin/sh\necho usage\n');
  expect(await findServer(directory)).toBeNull();
  const twin = await place('redis-check-rdb', '#!/bin/sh\necho "Redis server v=7.0.15 sha=0"\n');
  expect(await findServer(directory)).toEqual({ file: twin, argv0: 'redis-server' });
});

test('passes over a file that may not be run', async () => {
  await writeFile(join(directory, 'redis-server'), '', { mode: 0o644 });
  await symlink('/nowhere', join(directory, 'valkey-server'));
  expect(await findServer(directory)).toBeNull();
});
