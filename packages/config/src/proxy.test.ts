import { expect, test } from '@jest/globals';
import { parseConfig } from './load-config.js';
import { findProxy } from './proxy.js';
import { secretsOf } from './secrets.js';

const LAGO = 'https://api.getlago.com';
const PROXY = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://plain:3128' };

test.each([
  [LAGO, {}, undefined],
  [LAGO, { HTTPS_PROXY: '' }, undefined],
  [LAGO, PROXY, 'http://proxy:3128/'],
  ['http://lago.internal:3000/', PROXY, 'http://plain:3128/'],
  ['http://lago.internal', { HTTPS_PROXY: 'http://proxy:3128' }, undefined],
  [LAGO, { ...PROXY, https_proxy: 'https://u:p%40ss@lower' }, 'https://u:p%40ss@lower/'],
  [LAGO, { HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
  [LAGO, { HTTPS_PROXY: 'user:pw@proxy:3128' }, 'http://user:pw@proxy:3128/'],
])('%s with %j goes through %s', (url, env, proxyUrl) => {
  expect(findProxy(url, env)).toEqual({ proxyUrl });
});

test.each([
  'http://127.0.0.1:4003/lago',
  'https://localhost:1',
  'http://[::1]:4003',
  'http://lago.localhost',
])('this machine is never reached through a proxy: %s', (url) => {
  expect(findProxy(url, PROXY)).toEqual({});
});

test.each([
  ['*', LAGO],
  ['api.getlago.com', LAGO],
  ['getlago.com', LAGO],
  ['.getlago.com', LAGO],
  ['*.GetLago.com', LAGO],
  ['other.example, api.getlago.com:443', LAGO],
  ['a b getlago.com', LAGO],
  ['lago:3000', 'http://lago:3000/'],
  ['10.0.0.0/8', 'http://10.2.3.4:3000'],
  ['10.2.3.4', 'http://10.2.3.4:3000'],
  ['[fd00::1]:443', 'https://[fd00::1]'],
  ['fd00::1', 'https://[fd00::1]'],
  ['fd00::/8', 'https://[fd00::1]'],
])('NO_PROXY=%s names %s', (list, url) => {
  expect(findProxy(url, { ...PROXY, NO_PROXY: list })).toEqual({});
  expect(findProxy(url, { ...PROXY, NO_PROXY: 'other.example', no_proxy: list })).toEqual({});
});

test.each([
  ['', LAGO],
  ['lago.com', LAGO],
  ['api.getlago.com:444', LAGO],
  ['getlago.com.example', LAGO],
  ['.', LAGO],
  ['10.0.0.0/99', 'https://10.2.3.4'],
  ['10.0.0.0/16', 'https://10.2.3.4'],
  ['3.4', 'https://10.2.3.4'],
])('NO_PROXY=%s does not name %s', (list, url) => {
  expect(findProxy(url, { ...PROXY, NO_PROXY: list })).toEqual({ proxyUrl: 'http://proxy:3128/' });
});

test.each([
  'socks5://hunter2@proxy:1080',
  'http://hunter2@pro xy',
  'http://proxy/hunter2',
  'http://%hunter2@proxy',
])('a proxy that is none is refused in words that do not show it: %s', (text) => {
  const found = findProxy(LAGO, { HTTPS_PROXY: text });
  expect(found).toEqual({
    problem: { path: ['HTTPS_PROXY'], message: expect.stringContaining('URL of a proxy was expected') },
  });
  expect(JSON.stringify(found)).not.toContain('hunter2');
});

const minimal = `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - { name: lago, type: lago, apiKey: k, rules: [{ name: all, subscription: userId }] }
`;

test('a destination has the proxy of its API; its password is a secret', () => {
  const proxy = 'http://user:pass%40word@proxy:3128/';
  const loaded = parseConfig(minimal, { HTTPS_PROXY: proxy });
  expect(loaded).toMatchObject({ config: { destinations: [{ proxyUrl: proxy }] } });
  expect(loaded.ok && secretsOf(loaded.config)).toEqual(expect.arrayContaining(['pass%40word', 'pass@word']));
});

test('a proxy that is none is a problem of its variable, for those who connect', () => {
  const env = { HTTPS_PROXY: 'socks5://user:pass@proxy' };
  expect(parseConfig(minimal, env)).toMatchObject({ problems: [{ path: ['HTTPS_PROXY'] }] });
  expect(parseConfig(minimal, env, { allowUnset: true }).ok).toBe(true);
});
