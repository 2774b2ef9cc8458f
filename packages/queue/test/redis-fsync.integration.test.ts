import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { assertDurableRedis, inspectRedis } from '../src/index.js';

const suite = useRedis();

async function fsyncOf(redis = suite.connect()) {
  return (await inspectRedis(redis)).find(({ what }) => what === 'fsync');
}

test('a Redis that is started here syncs at every write, and is found to', async () => {
  const redis = suite.connect();
  expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'always']);
  expect(await fsyncOf()).toEqual({ what: 'fsync', level: 'ok', detail: 'appendfsync always' });
});

test.each(['everysec', 'no'])('appendfsync %s is a warning that says what to set', async (setting) => {
  const redis = suite.connect();
  await redis.config('SET', 'appendfsync', setting);
  try {
    expect(await fsyncOf()).toEqual({
      what: 'fsync',
      level: 'warn',
      detail: expect.stringMatching(new RegExp(`^appendfsync ${setting}: .*Set \`appendfsync always\``)),
    });
    // It can lose a second to a power failure, and is told; it is not refused.
    const told: string[] = [];
    await assertDurableRedis(redis, false, ({ what }) => told.push(what));
    expect(told).toContain('fsync');
  } finally {
    await redis.config('SET', 'appendfsync', 'always');
  }
});

test('one that does not sync while it rewrites its file is a warning that says what to set', async () => {
  const redis = suite.connect();
  await redis.config('SET', 'no-appendfsync-on-rewrite', 'yes');
  try {
    expect(await fsyncOf()).toEqual({
      what: 'fsync',
      level: 'warn',
      detail: expect.stringContaining('Set `no-appendfsync-on-rewrite no`'),
    });
  } finally {
    await redis.config('SET', 'no-appendfsync-on-rewrite', 'no');
  }
});

test('a server that does not tell its appendfsync is a warning, not an ok', async () => {
  await suite.connect().call('ACL', 'SETUSER', 'hosted', 'on', '>word', '~*', '+@all', '-config');
  const redis = suite.connect({ username: 'hosted', password: 'word' });
  expect(await fsyncOf(redis)).toMatchObject({
    level: 'warn',
    detail: expect.stringContaining('does not tell'),
  });
});
