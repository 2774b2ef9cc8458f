import { expect, test } from '@jest/globals';
import type { UsageEvent } from '@meterbridge/delivery';
import { startSandbox } from '@meterbridge/sandbox';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { useClosing } from '@meterbridge/testing';
import {
  compileDestination,
  createHttpClient,
  destinationKinds,
  destinationSettingsSchema,
} from '../src/index.js';

const closing = useClosing();

type Type = 'lago' | 'hyperline';

const rules = {
  lago: [{ name: 'good', code: { path: 'event' }, subscription: 'userId' }],
  hyperline: [
    { name: 'good', customer: 'userId', eventType: 'event', record: { id: 'messageId', '*': 'properties' } },
  ],
};

async function open(type: Type, { apiKey = 'key', path = '' } = {}) {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres' },
    hyperline: { apiKey: 'key' },
  });
  const url = `${sandbox[type].url}${path}`;
  const settings = { type, name: type, url, apiKey, timeoutMs: 1_000, rules: rules[type] };
  const destination = compileDestination(destinationSettingsSchema.parse(settings));
  const http = createHttpClient(destination.connection);
  closing.push(sandbox.close, http.close);
  const usage = (messageId: string, over: object = {}): UsageEvent => {
    const event = { type: 'track', messageId, userId: 'u1', event: 'API Call', properties: { n: 1 } };
    const times = { timestamp: '2026-08-01T00:00:00.123Z', receivedAt: '2026-08-01T00:00:01.000Z' };
    const mapped = destination.map('good', { ...event, ...times, ...over } as unknown as SegmentEvent);
    if (!mapped.ok) throw new Error(mapped.failure.detail);
    return mapped.usage!;
  };
  const store = async (...usages: UsageEvent[]) => {
    const request = destination.request(usages);
    expect(await http.post(request.path, request.body)).toMatchObject({ status: expect.any(Number) });
  };
  return { sandbox, http, usage, store, lookup: destinationKinds[type].lookup };
}

test('Lago is asked for an id: the same event, another one, none, or one whose id has no route', async () => {
  const { http, usage, store, lookup } = await open('lago');
  await store(usage('held'), usage('ï…?#'));
  const ask = async (sent: UsageEvent) => {
    const answer = await lookup.ask(http, [sent]);
    return answer.ok ? answer.stored : answer.problem;
  };
  expect(await ask(usage('held'))).toEqual(['same']);
  expect(await ask(usage('ï…?#'))).toEqual(['same']);
  expect(await ask(usage('held', { userId: 'u2' }))).toEqual(['other']);
  expect(await ask(usage('held', { event: 'Login' }))).toEqual(['other']);
  expect(await ask(usage('held', { timestamp: '2026-08-01T00:00:00.125Z' }))).toEqual(['other']);
  expect(await ask(usage('absent'))).toEqual(['nothing']);
  expect(await ask(usage('a/b'))).toEqual(['unasked']);
});

test('Hyperline is asked for many records at once, of several types', async () => {
  const { http, usage, store, lookup } = await open('hyperline');
  await store(usage('held'), usage('login', { event: 'Login' }), usage('a&b c'));
  const asked = [
    usage('held'),
    usage('held', { event: 'Login' }),
    usage('login', { event: 'Login', timestamp: '2026-08-01T00:00:00.124Z' }),
    usage('held', { timestamp: '2026-07-31T00:00:00.123Z' }),
    usage('a&b c'),
    usage('absent'),
    usage('a,b'),
  ];
  // A newer version than the one it holds takes its place; before a newer one an older has no effect.
  const stored = ['same', 'nothing', 'nothing', 'other', 'same', 'nothing', 'unasked'];
  expect(await lookup.ask(http, asked)).toEqual({ ok: true, stored });
  expect(asked.length).toBeLessThanOrEqual(lookup.events);
});

test.each<Type>(['lago', 'hyperline'])('%s that refuses, or is not there, is no answer', async (type) => {
  const refusing = await open(type, { apiKey: 'wrong' });
  expect(await refusing.lookup.ask(refusing.http, [refusing.usage('m')])).toEqual({
    ok: false,
    problem: 'the API key is refused (HTTP 401)',
  });
  const elsewhere = await open(type, { path: '/elsewhere' });
  expect(await elsewhere.lookup.ask(elsewhere.http, [elsewhere.usage('m')])).toMatchObject({
    ok: false,
    problem: expect.stringContaining('HTTP 404'),
  });
  const gone = await open(type);
  await gone.sandbox.close();
  expect(await gone.lookup.ask(gone.http, [gone.usage('m')])).toMatchObject({
    ok: false,
    problem: expect.stringContaining('no answer'),
  });
});
