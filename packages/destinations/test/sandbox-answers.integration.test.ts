import { describe, expect, test } from '@jest/globals';
import type { UsageEvent, Verdict } from '@meterbridge/delivery';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '@meterbridge/sandbox';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { useClosing } from '@meterbridge/testing';
import { loadLagoContract } from '../../sandbox/test/lago-openapi.js';
import { createHttpClient } from '../../sender/src/http-client.js';
import {
  compileDestination,
  type Destination,
  destinationKinds,
  destinationSettingsSchema,
} from '../src/index.js';

const closing = useClosing();

type Type = 'lago' | 'hyperline';
type Changes = { lago?: Partial<SandboxOptions['lago']>; hyperline?: Partial<SandboxOptions['hyperline']> };

const rules = {
  lago: [
    { name: 'good', code: 'api_call', subscription: 'userId', properties: { tokens: 'properties.tokens' } },
  ],
  hyperline: [{ name: 'good', customer: 'userId', eventType: 'event', record: { '*': 'properties' } }],
};

function makeEvent(index: number, over: object = {}): SegmentEvent {
  return {
    type: 'track',
    messageId: `m-${index}`,
    timestamp: '2026-08-01T00:00:00.123Z',
    receivedAt: '2026-08-01T00:00:01.000Z',
    userId: 'u1',
    event: 'API Call',
    properties: { tokens: index, plan: null, tags: ['a'] },
    ...over,
  } as unknown as SegmentEvent;
}

async function open(type: Type, changes: Changes = {}, apiKey = 'key') {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres', ...changes.lago },
    hyperline: { apiKey: 'key', ...changes.hyperline },
  });
  const settings = { type, name: type, url: sandbox[type].url, apiKey, timeoutMs: 1_000, rules: rules[type] };
  const destination = compileDestination(destinationSettingsSchema.parse(settings));
  const http = createHttpClient(destination.connection);
  closing.push(sandbox.close, http.close);
  return { sandbox, destination, http, send: makeSend(destination, http) };
}

function makeSend(destination: Destination, http: ReturnType<typeof createHttpClient>) {
  return async (usages: UsageEvent[]): Promise<Verdict> => {
    const { path, body } = destination.request(usages);
    return destination.classify(await http.post(path, body), usages, Date.now());
  };
}

function write(destination: Destination, events: SegmentEvent[]): UsageEvent[] {
  return events.map((event) => {
    const mapped = destination.map('good', event);
    if (!mapped.ok) throw new Error(mapped.failure.detail);
    return mapped.usage!;
  });
}

const events = (count: number) => Array.from({ length: count }, (_, index) => makeEvent(index));
const delivered = { outcome: 'delivered' };

/** A usage event the API refuses: broken after the mapping, which would have kept it back. */
const spoil = (usage: UsageEvent, from: RegExp, to: string): UsageEvent => ({
  ...usage,
  body: usage.body.replace(from, to),
});

describe('what both APIs take', () => {
  test.each<[Type, number]>([
    ['lago', 1],
    ['lago', 100],
    ['hyperline', 1],
    ['hyperline', 100],
  ])('%s, %i at once', async (type, count) => {
    const { sandbox, destination, send } = await open(type);
    const verdict = await send(write(destination, events(count)));
    expect(verdict).toEqual({ verdict: 'settled', entries: Array(count).fill(delivered) });
    expect(sandbox[type].events()).toHaveLength(count);
  });

  test.each<[Partial<SandboxOptions['hyperline']>]>([
    [{ singleStatus: 202 }],
    [{ singleStatus: 201, singleBody: 'empty' }],
  ])('Hyperline with %j', async (hyperline) => {
    const { destination, send } = await open('hyperline', { hyperline });
    expect(await send(write(destination, events(1)))).toMatchObject({ entries: [delivered] });
  });
});

describe('every row of the status tables, over HTTP', () => {
  const html = '<html><h1>Bad Gateway</h1></html>';
  const unnamed = { verdict: 'refused', isWorded: false };
  const unexpected = { verdict: 'transient', code: 'unexpected_answer' };
  const rows: [Fault, object, Type?][] = [
    [{ respond: { status: 204 } }, unexpected, 'lago'],
    [{ respond: { status: 200, body: html } }, unexpected],
    [{ respond: { status: 302, headers: { location: '/lago/' }, body: html } }, unexpected],
    [{ respond: { status: 400, body: { message: 'no', error: 'Bad Request' } } }, { verdict: 'refused' }],
    [
      { respond: { status: 401, body: { status: 401, error: 'Unauthorized', message: 'no token' } } },
      { verdict: 'hold', code: 'unauthorized' },
    ],
    [{ respond: { status: 401 } }, unnamed],
    [{ respond: { status: 403, body: html } }, unnamed],
    [{ respond: { status: 404, body: html } }, unnamed],
    [
      { respond: { status: 404, body: { message: 'Product not found' } } },
      { verdict: 'refused', isWorded: true },
      'hyperline',
    ],
    [{ respond: { status: 405 } }, unnamed],
    [{ respond: { status: 406, body: html } }, unnamed],
    [{ respond: { status: 408 } }, { verdict: 'transient', code: 'timeout' }],
    [{ respond: { status: 413, body: html } }, { verdict: 'smaller', by: 'bytes' }],
    [{ respond: { status: 422, body: 'nonsense' } }, unnamed],
    [{ respond: { status: 425 } }, { verdict: 'transient', code: 'server_error' }],
    [{ respond: { status: 429, body: html } }, { ...unnamed, waitMs: 5_000 }],
    [
      { respond: { status: 429, body: 'Too many requests' } },
      { verdict: 'rate-limited', waitMs: 5_000 },
      'hyperline',
    ],
    [
      { respond: { status: 429, headers: { 'x-ratelimit-reset': '3', 'retry-after': '2' } } },
      { verdict: 'rate-limited', waitMs: 3_000 },
    ],
    [{ respond: { status: 500 } }, { verdict: 'transient', code: 'server_error', status: 500 }],
    [{ respond: { status: 502, body: html } }, { verdict: 'transient', code: 'server_error' }],
    [{ respond: { status: 503 } }, { verdict: 'transient', code: 'server_error' }],
    [{ hang: true }, { verdict: 'transient', code: 'timeout' }],
    [{ cut: 'before' }, { verdict: 'transient', code: 'connection' }],
    [{ cut: 'mid-response' }, { verdict: 'transient', code: 'connection' }],
  ];
  const cases = (['lago', 'hyperline'] as const).flatMap((type) =>
    rows.filter(([, , only]) => !only || only === type).map(([fault, verdict]) => ({ type, fault, verdict })),
  );
  test.each(cases)('$type: $fault', async ({ type, fault, verdict }) => {
    const { sandbox, destination, send } = await open(type);
    sandbox[type].faults.add(fault);
    expect(await send(write(destination, events(2)))).toMatchObject(verdict);
  });
});

describe('Lago', () => {
  test('says 422 to what it has stored already, and that is success', async () => {
    const { sandbox, destination, send } = await open('lago');
    const usages = write(destination, events(3));
    sandbox.lago.faults.add({ afterStoring: true, cut: 'before' });
    expect(await send(usages)).toMatchObject({ verdict: 'transient' });
    expect(await send(usages)).toEqual({
      verdict: 'settled',
      entries: Array(3).fill({ outcome: 'duplicate' }),
    });
  });

  test('takes a repeat in its ClickHouse manner', async () => {
    const { destination, send } = await open('lago', { lago: { store: 'clickhouse' } });
    const usages = write(destination, events(2));
    await send(usages);
    expect(await send(usages)).toEqual({ verdict: 'settled', entries: [delivered, delivered] });
  });

  test('names the bad ones first and the duplicates in the next round', async () => {
    const { destination, send } = await open('lago');
    const [known, good, bad] = write(destination, events(3)) as [UsageEvent, UsageEvent, UsageEvent];
    await send([known]);
    const broken = spoil(bad, /"timestamp":"[\d.]+"/, '"timestamp":"2026-08-01T00:00:00Z"');
    expect(await send([known, broken, good])).toMatchObject({
      entries: [
        { outcome: 'resend' },
        { outcome: 'failed', code: 'refused', detail: 'HTTP 422: timestamp: invalid_format' },
        { outcome: 'resend' },
      ],
    });
    expect(await send([known, good])).toMatchObject({
      entries: [{ outcome: 'duplicate' }, { outcome: 'resend' }],
    });
    expect(await send([good])).toMatchObject({ entries: [delivered] });
  });

  test('says which expression failed', async () => {
    const metrics = { api_call: { aggregation: 'sum_agg', expression: 'event.properties.foo + 1' } } as const;
    const { destination, send } = await open('lago', { lago: { metrics } });
    expect(await send(write(destination, events(2)))).toMatchObject({
      entries: [0, 1].map(() => ({
        outcome: 'failed',
        detail: 'HTTP 422: expression_evaluation_failed: Variable: foo not found',
      })),
    });
  });

  test('asks for smaller batches', async () => {
    const { destination, send } = await open('lago', { lago: { maxBatch: 2 } });
    expect(await send(write(destination, events(3)))).toMatchObject({ verdict: 'smaller', by: 'events' });
  });

  test('tells its limit in seconds', async () => {
    const { destination, send } = await open('lago', { lago: { requestsPerSecond: 1 } });
    const usages = write(destination, events(2));
    expect(await send([usages[0]!])).toMatchObject({ verdict: 'settled', waitMs: 1_000 });
    expect(await send([usages[1]!])).toEqual({ verdict: 'rate-limited', waitMs: 1_000 });
  });
});

describe('Hyperline', () => {
  test('takes a batch in part, and says why to the one alone', async () => {
    const { destination, send } = await open('hyperline', { hyperline: { knownCustomers: ['u1'] } });
    const usages = write(destination, [makeEvent(0), makeEvent(1, { userId: 'stranger' }), makeEvent(2)]);
    expect(await send(usages)).toEqual({
      verdict: 'settled',
      entries: [delivered, { outcome: 'alone', isNamed: true }, delivered],
    });
    expect(await send([usages[1]!])).toMatchObject({
      verdict: 'refused',
      status: 404,
      isWorded: true,
      detail: expect.stringMatching(/not found/),
    });
  });

  test('may use the other name for what it took', async () => {
    const { sandbox, destination, send } = await open('hyperline');
    const usages = write(destination, events(2));
    const body = {
      events_accepted: [JSON.parse(usages[0]!.body)],
      events_failed: [JSON.parse(usages[1]!.body)],
    };
    sandbox.hyperline.faults.add({ respond: { status: 202, body } });
    expect(await send(usages)).toMatchObject({ entries: [delivered, { outcome: 'alone', isNamed: true }] });
  });

  test('tells its limit as a date and time', async () => {
    const { destination, send } = await open('hyperline', { hyperline: { requestsPer10Seconds: 1 } });
    const usages = write(destination, events(2));
    await send([usages[0]!]);
    const verdict = await send([usages[1]!]);
    expect(verdict.verdict).toBe('rate-limited');
    const waitMs = 'waitMs' in verdict ? verdict.waitMs! : 0;
    expect(waitMs).toBeGreaterThan(5_000);
    expect(waitMs).toBeLessThanOrEqual(11_000);
  });
});

describe('a check of the connection', () => {
  const check = async (type: Type, sandbox: Sandbox, key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const http = createHttpClient({ baseUrl: sandbox[type].url, headers, timeoutMs: 1_000 });
    closing.push(http.close);
    return destinationKinds[type].checkConnection(http);
  };

  test.each<[Type]>([['lago'], ['hyperline']])('%s is ready, and stores nothing of it', async (type) => {
    const { sandbox } = await open(type);
    expect(await check(type, sandbox, 'key')).toEqual({ ready: true });
    expect(sandbox[type].events()).toEqual([]);
  });

  test.each<[Type]>([['lago'], ['hyperline']])('%s refuses a wrong key', async (type) => {
    const { sandbox } = await open(type);
    expect(await check(type, sandbox, 'wrong')).toEqual({
      ready: false,
      problem: 'the API key is refused (HTTP 401)',
    });
  });

  test.each<[Type]>([['lago'], ['hyperline']])('%s that has moved is told with its address', async (type) => {
    const { sandbox } = await open(type);
    const headers = { location: 'https://new.example/v1?key=secret' };
    sandbox[type].faults.add({ respond: { status: 301, headers, body: '' } });
    expect(await check(type, sandbox, 'key')).toEqual({
      ready: false,
      problem: 'the API has moved to https://new.example/v1: is the URL right? (HTTP 301)',
    });
  });

  test('a key that may only read is not ready', async () => {
    const { sandbox } = await open('lago', { lago: { readOnlyApiKey: 'reader' } });
    expect(await check('lago', sandbox, 'reader')).toMatchObject({
      ready: false,
      problem: 'the API key lacks a permission (HTTP 403)',
    });
  });
});

const contract = loadLagoContract();
(contract ? test : test.skip)(
  "requests are what Lago's OpenAPI document asks for (skipped where ../shared/data is missing)",
  async () => {
    const { destination } = await open('lago');
    const { path, body } = destination.request(write(destination, events(100)));
    expect(path).toBe('/api/v1/events/batch');
    expect(contract!.checkRequest('post', '/events/batch', JSON.parse(body))).toEqual([]);
  },
);
