import { expect, test } from '@jest/globals';
import { call, hyperlineEvent, postHyperline, start } from './fixture.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each<[string, string, string, number, string]>([
  ['no key', '/v1/events', '', 401, 'Missing authentication token'],
  ['a wrong key', '/v1/events', 'Bearer x', 401, 'Invalid authentication token'],
  ['a key as the password', '/v1/events', basic(':key'), 401, 'Invalid authentication token'],
  ['a wrong path', '/v1/event', 'Bearer key', 404, 'Route not found'],
  ['version 2 of the single ingest', '/v2/events', 'Bearer key', 404, 'Route not found'],
])('%s is answered with the status of its kind', async (_what, path, authorization, status, message) => {
  const sandbox = await start();
  const url = sandbox.hyperline.url + path;
  const reply = await call('POST', url, hyperlineEvent('r1'), { authorization });
  expect(reply).toMatchObject({ status, json: { message } });
  expect(sandbox.hyperline.ledger.size).toBe(0);
});

test('the key may be the user of Basic authentication', async () => {
  const sandbox = await start();
  const headers = { authorization: basic('key:') };
  const reply = await call('POST', `${sandbox.hyperline.url}/v1/events`, hyperlineEvent('r1'), headers);
  expect(reply.status).toBe(201);
});

test('a body of another content type is refused', async () => {
  const sandbox = await start();
  const headers = { 'content-type': 'text/plain' };
  const url = `${sandbox.hyperline.url}/v1/events`;
  expect((await call('POST', url, hyperlineEvent('r1'), headers)).status).toBe(400);
});

test('the limit holds for any ten seconds, reads included; its answer is text and its reset a date', async () => {
  let nowMs = Date.parse('2024-06-01T10:00:00.000Z');
  const sandbox = await start({ now: () => nowMs, hyperline: { requestsPer10Seconds: 2 } });
  const first = await postHyperline(sandbox, [hyperlineEvent('r1')]);
  expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
  expect(first.headers.get('retry-after')).toBeNull();
  nowMs += 4500;
  await call('GET', `${sandbox.hyperline.url}/v1/events?event_type=usage`);
  const refused = await postHyperline(sandbox, [hyperlineEvent('r2')]);
  expect(refused).toMatchObject({ status: 429, text: 'Too many requests' });
  expect(refused.headers.get('content-type')).toContain('text/plain');
  expect(refused.headers.get('retry-after')).toBe('6');
  expect(refused.headers.get('x-ratelimit-limit')).toBe('2');
  expect(refused.headers.get('x-ratelimit-reset')).toBe('2024-06-01T10:00:10.000Z');
  nowMs += 5500;
  expect((await postHyperline(sandbox, [hyperlineEvent('r2')])).status).toBe(201);
});

test('events are listed by type, under filters, in pages', async () => {
  const sandbox = await start();
  const at = (hour: number) => `2024-06-01T0${hour}:00:00.000Z`;
  await postHyperline(sandbox, [
    hyperlineEvent('r3', { timestamp: at(3) }),
    hyperlineEvent('r1', { timestamp: at(1) }),
    hyperlineEvent('r2', { timestamp: at(2), customer_id: 'cus_2' }),
    hyperlineEvent('r4', { event_type: 'other' }),
  ]);
  const url = `${sandbox.hyperline.url}/v1/events`;
  const ids = async (query: string) => {
    const { json } = await call('GET', `${url}?event_type=usage&${query}`);
    return (json as { data: { record_id: string }[] }).data.map((event) => event.record_id);
  };
  expect(await ids('')).toEqual(['r3', 'r1', 'r2']);
  expect(await ids('sort=timestamp')).toEqual(['r1', 'r2', 'r3']);
  expect(await ids('sort=timestamp&order=desc')).toEqual(['r3', 'r2', 'r1']);
  expect(await ids('customer_id=cus_2')).toEqual(['r2']);
  expect(await ids('record_id__in=r1,r4,r3,r1')).toEqual(['r1', 'r3']);
  expect(await ids(`timestamp_gte=${at(2)}&timestamp_lte=${at(3)}`)).toEqual(['r3', 'r2']);
  const page = await call('GET', `${url}?event_type=usage&take=1&skip=1`);
  expect(page.json).toEqual({
    meta: { total: 3, taken: 1, skipped: 1 },
    data: [
      {
        id: expect.stringMatching(/^evt_/),
        event_type: 'usage',
        timestamp: at(1),
        customer_id: 'cus_1',
        record_id: 'r1',
        record: { id: 'r1', tokens: 5 },
      },
    ],
  });
});

test.each([
  ['', 'event_type is required'],
  ['event_type=usage&take=101', 'take must be from 1 to 100'],
  ['event_type=usage&timestamp_gte=x', 'timestamp_gte and timestamp_lte must be dates'],
])('a list of %p is refused', async (query, message) => {
  const sandbox = await start();
  const reply = await call('GET', `${sandbox.hyperline.url}/v1/events?${query}`);
  expect(reply).toMatchObject({ status: 400, json: { message } });
});
