import { expect, test } from '@jest/globals';
import { call, lagoEvent, start } from './fixture.js';

const BODY = { event: lagoEvent('t1') };

test.each<[string, string, string, Record<string, string>, number, object]>([
  ['no key', 'POST', '/api/v1/events', { authorization: '' }, 401, { error: 'Unauthorized' }],
  ['a wrong key', 'POST', '/api/v1/events', { authorization: 'Bearer x' }, 401, { error: 'Unauthorized' }],
  [
    'a key that may only read',
    'POST',
    '/api/v1/events',
    { authorization: 'Bearer reader' },
    403,
    { error: 'Forbidden', code: 'write_action_not_allowed_for_event' },
  ],
  ['a wrong path', 'POST', '/api/v1/event', {}, 404, { error: 'Not Found', code: 'resource_not_found' }],
  ['no version', 'POST', '/events', {}, 404, { error: 'Not Found', code: 'resource_not_found' }],
  ['a wrong method', 'PUT', '/api/v1/events', {}, 404, { error: 'Not Found', code: 'resource_not_found' }],
])('%s is answered with the status of its kind', async (_what, method, path, headers, status, json) => {
  const sandbox = await start({ lago: { readOnlyApiKey: 'reader' } });
  const reply = await call(method, sandbox.lago.url + path, BODY, headers);
  expect(reply).toMatchObject({ status, json: { status, ...json } });
  expect(reply.headers.get('x-ratelimit-limit')).toBeNull();
  expect(sandbox.lago.inspect()).toMatchObject({ byStatus: { [status]: 1 }, ledger: { keys: 0 } });
});

test('a key that may only read reads', async () => {
  const sandbox = await start({ lago: { readOnlyApiKey: 'reader' } });
  const headers = { authorization: 'Bearer reader' };
  expect((await call('GET', `${sandbox.lago.url}/api/v1/events`, undefined, headers)).status).toBe(200);
});

test('the limit holds for any second, its headers are in seconds, and reads have their own', async () => {
  let nowMs = 1_700_000_000_000;
  const sandbox = await start({
    now: () => nowMs,
    lago: { requestsPerSecond: 2, readRequestsPerSecond: 1 },
  });
  const url = `${sandbox.lago.url}/api/v1/events`;
  const post = (id: string) => call('POST', url, { event: lagoEvent(id) });
  const limits = (reply: Awaited<ReturnType<typeof post>>) =>
    ['limit', 'remaining', 'reset'].map((name) => reply.headers.get(`x-ratelimit-${name}`));

  expect(limits(await post('t1'))).toEqual(['2', '1', '1']);
  nowMs += 900;
  expect((await post('t2')).status).toBe(200);
  nowMs += 99;
  const refused = await post('t3');
  expect(refused).toMatchObject({ status: 429, json: { status: 429 } });
  expect(limits(refused)).toEqual(['2', '0', '1']);
  expect(refused.headers.get('retry-after')).toBeNull();
  nowMs += 1;
  expect((await post('t3')).status).toBe(200);
  nowMs += 500;
  expect((await post('t4')).status).toBe(429);
  expect((await call('GET', url)).status).toBe(200);
  expect((await call('GET', url)).status).toBe(429);
  expect(sandbox.lago.inspect()).toMatchObject({
    requests: 7,
    byStatus: { 200: 4, 429: 3 },
    requestsPerSecondPeak: 6,
  });
});
