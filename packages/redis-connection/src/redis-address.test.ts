import { expect, test } from '@jest/globals';
import { placeOf, readRedisAddress } from './redis-address.js';
import { withTlsFiles } from './tls-files.js';

test.each([
  ['redis://r:1/2', { kind: 'single', url: 'redis://r:1/2' }],
  ['rediss://u:p@r', { kind: 'single', url: 'rediss://u:p@r' }],
  ['redis://u:p@ss@r:1?family=6', { kind: 'single', url: 'redis://u:p@ss@r:1?family=6' }],
  ['unix:///run/redis.sock', { kind: 'single', url: 'unix:///run/redis.sock' }],
  [
    'redis-cluster://a:7001,b.example:7002',
    {
      kind: 'cluster',
      isTls: false,
      nodes: [
        { host: 'a', port: 7001 },
        { host: 'b.example', port: 7002 },
      ],
    },
  ],
  [
    'rediss-cluster://user:p%40ss@[::1],10.0.0.2:7002/',
    {
      kind: 'cluster',
      isTls: true,
      username: 'user',
      password: 'p@ss',
      nodes: [
        { host: '::1', port: 6379 },
        { host: '10.0.0.2', port: 7002 },
      ],
    },
  ],
  [
    'redis-sentinel://s1,s2:26380/billing',
    {
      kind: 'sentinel',
      isTls: false,
      master: 'billing',
      sentinels: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 26380 },
      ],
    },
  ],
  [
    'rediss-sentinel://:pw@s1/my%20master?sentinelPassword=a%26b',
    {
      kind: 'sentinel',
      isTls: true,
      password: 'pw',
      sentinelPassword: 'a&b',
      master: 'my master',
      sentinels: [{ host: 's1', port: 26379 }],
    },
  ],
])('%s', (text, address) => {
  expect(readRedisAddress(text)).toEqual({ ok: true, address });
});

test.each([
  ['', 'URL was expected'],
  ['hunter2', 'URL was expected'],
  ['http://hunter2', 'URL was expected'],
  ['redis-cluster://', 'URL was expected'],
  ['redis-cluster://hunter2:99999', 'host:port'],
  ['redis-cluster://a,hunter2 b', 'host:port'],
  ['redis-cluster://a/hunter2', 'nothing was expected behind the hosts'],
  ['redis-cluster://a?hunter2=1', 'nothing was expected behind the hosts'],
  ['redis-sentinel://a', 'the name that the Sentinels know the master by'],
  ['redis-sentinel://a/', 'the name that the Sentinels know the master by'],
  ['redis-sentinel://a/m?hunter2=1', 'only ?sentinelPassword= and files'],
  ['redis-cluster://u:%hunter2@a', 'percent-encoded'],
  ['redis://u:%hunter2@a', 'percent-encoded'],
  ['redis://:hun/ter2hunter2@a', 'percent-encoded: / is %2F'],
  ['redis://u:1/hunter2@a', 'percent-encoded: / is %2F'],
  ['redis://:1?hunter2@a', 'percent-encoded: / is %2F'],
  ['rediss://u:1#hunter2@a', 'percent-encoded: / is %2F'],
  ['redis://a/hunter2', 'host[:port][/database]'],
  ['redis://a:hunter2', 'host[:port][/database]'],
])('%s is refused in words that show nothing of it', (text, words) => {
  const read = readRedisAddress(text);
  expect(read).toMatchObject({ ok: false, problem: expect.stringContaining(words) });
  expect(JSON.stringify(read)).not.toContain('hunter2');
});

test.each([
  ['redis://u:hunter2@r:1/2', 'r:1'],
  ['rediss://:hunter2@[::1]', '[::1]:6379'],
  ['unix:///run/redis.sock?password=hunter2', '/run/redis.sock'],
  ['redis-cluster://u:hunter2@a:1,b', 'the cluster of a:1, b:6379'],
  ['redis-sentinel://s/m?sentinelPassword=hunter2', 'the master m of the Sentinels s:26379'],
  ['redis://:hun/ter2@a', 'an address that cannot be read'],
])('the place of %s shows no secret', (url, place) => {
  expect(placeOf(url)).toBe(place);
});

test.each([
  ['rediss://u:p@r:1/2', 'rediss://u:p@r:1/2'],
  ['rediss-cluster://a:7001,b', undefined],
  ['rediss-sentinel://s1/billing?sentinelPassword=pw', undefined],
  ['rediss://r?family=6', 'rediss://r?family=6'],
])('%s takes files of TLS with it', (url, plain) => {
  const files = { caFile: '/etc/my ca&x.pem', certFile: '/c', keyFile: '/k', serverName: 'redis.internal' };
  const { tls, ...rest } = readRedisAddress(withTlsFiles(url, files)) as { tls?: unknown };
  expect(tls).toEqual(files);
  expect(rest).toEqual(readRedisAddress(url));
  if (plain) expect(rest).toMatchObject({ address: { url: plain } });
});

test('files of TLS are for URLs that have it, and their paths are percent-encoded', () => {
  expect(readRedisAddress('redis://r?caFile=/hunter2')).toEqual({
    ok: false,
    problem: 'caFile, certFile, keyFile and serverName are for URLs that begin with rediss',
  });
  expect(readRedisAddress('rediss://r?caFile=%hunter2')).toMatchObject({ ok: false });
});
