import { expect, test } from '@jest/globals';
import type { Environment } from './interpolate.js';
import { parseConfig } from './load-config.js';
import { formatPath } from './problem.js';

const minimal = `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - { name: lago, type: lago, apiKey: k, rules: [{ name: all, subscription: userId }] }
`;

function load(text: string, env: Environment = {}) {
  const loaded = parseConfig(text, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function problemsOf(text: string, env: Environment = {}) {
  const loaded = parseConfig(text, env);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

test('files of TLS for Redis become part of its URL; what is wrong with one is said by its key', () => {
  const at = 'redis: { url: "rediss://r", tls: { caFile: "/nowhere/ca.pem", keyFile: package.json } }';
  expect(problemsOf(`${minimal}${at}`)).toEqual([
    'redis.tls.caFile: cannot be read (ENOENT)',
    'redis.tls.keyFile: holds no private key in PEM form',
    'redis.tls.keyFile: needs certFile beside it',
  ]);
  const env = { REDIS_URL: 'rediss://r?caFile=/nowhere/ca.pem' };
  expect(problemsOf(minimal, env)).toEqual(['REDIS_URL: caFile cannot be read (ENOENT)']);
  const tls = (redis: string) => `${minimal}redis: ${redis}`;
  expect(problemsOf(tls('{ tls: { serverName: x } }'))).toEqual([
    'redis.tls: is for a URL that begins with rediss, and REDIS_URL does not',
  ]);
  expect(load(tls('{ url: "rediss://r", tls: { serverName: x } }')).redis.url).toBe(
    'rediss://r?serverName=x',
  );
  expect(load(tls('{ tls: { caFile: "" } }')).redis.url).toBe('redis://127.0.0.1:6379');
  expect(parseConfig(`${minimal}${at}`, {}, { allowUnset: true })).toMatchObject({
    config: { redis: { url: 'rediss://r' } },
  });
});
