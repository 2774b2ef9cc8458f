import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  type Apart,
  DEFAULT_RETRY_POLICY,
  type GateStore,
  gateAfterRefusal,
  type Outcome,
  PROBE_INTERVAL_MS,
  type RetryPolicy,
  type UsageEvent,
} from '@meterbridge/delivery';
import {
  compileDestination,
  type DestinationSettings,
  destinationSettingsSchema,
} from '@meterbridge/destinations';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '@meterbridge/sandbox';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { createMemoryGateStore, makePayloads, useClosing, waitFor } from '@meterbridge/testing';
import { createHttpClient, Sender, type SentRequest } from '../src/index.js';
import { deliverToTheEnd } from './deliver-to-the-end.js';
import { openLimiter } from './held-limiter.js';

const { aTrack } = makePayloads('sender');
const closing = useClosing();

type Line = {
  sandbox: Sandbox;
  send: (...events: SegmentEvent[]) => Promise<Outcome[]>;
  /** As a worker does whose job comes back, with the waits skipped. */
  toTheEnd: (
    events: SegmentEvent[],
    attempts?: number,
    policy?: RetryPolicy,
  ) => Promise<(Outcome | undefined)[]>;
  sendFirst: (...events: SegmentEvent[]) => Promise<Outcome[]>;
  sendBesideAnswered: (...events: SegmentEvent[]) => Promise<Outcome[]>;
  sendApart: (apart: Apart, event: SegmentEvent) => Promise<Outcome[]>;
  whenOpen: () => Promise<(() => void) | null>;
  limiter: ReturnType<typeof openLimiter>;
  gate: GateStore;
  /** Waits are skipped, unless it is real. */
  clock: { skipMs: number; isReal: boolean };
  drain: () => void;
  requests: SentRequest[];
  /** Requests of somebody else's, all accepted so far; null while nobody else sends any. */
  others: { accepted: number | null };
};

async function openLine(
  settings: object,
  sandboxOptions: Partial<Pick<SandboxOptions, 'lago' | 'hyperline'>> = {},
): Promise<Line> {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres' },
    hyperline: { apiKey: 'key' },
    ...sandboxOptions,
  });
  closing.push(() => sandbox.close());
  const type = (settings as { type: 'lago' | 'hyperline' }).type;
  const parsed = destinationSettingsSchema.parse({
    name: type,
    url: sandbox[type].url,
    apiKey: 'key',
    ...settings,
  });
  const destination = compileDestination(parsed as DestinationSettings);
  const http = createHttpClient(destination.connection);
  closing.push(() => http.close());
  const limiter = openLimiter();
  const gate = createMemoryGateStore();
  const clock = { skipMs: 0, isReal: false };
  const now = () => Date.now() + clock.skipMs;
  const skip = async (ms: number) => {
    if (clock.isReal) await new Promise((resolve) => setTimeout(resolve, ms));
    else clock.skipMs += ms;
  };
  const requests: SentRequest[] = [];
  const others: Line['others'] = { accepted: null };
  /** Until one of theirs that was sent since is accepted, or as long as they may be kept from it. */
  const untilOthers = async () => {
    const before = others.accepted;
    for (let waits = 0; waits < 30; waits += 1) {
      if (before !== null && (others.accepted === null || others.accepted >= before + 2)) return;
      await sleep(1);
    }
  };
  const sender = new Sender({
    destination,
    post: http.post,
    limiter,
    gate,
    now,
    random: () => 0.5,
    scrub: (text) => text.replaceAll('key-123', '[redacted]'),
    onRequest: (request) => requests.push(request),
  });
  closing.push(() => sender.drain());
  const write = (event: SegmentEvent): UsageEvent => {
    const mapped = destination.map(parsed.rules[0]!.name, event);
    if (!mapped.ok) throw new Error(mapped.failure.detail);
    return mapped.usage!;
  };
  return {
    sandbox,
    limiter,
    gate,
    clock,
    requests,
    others,
    drain: () => sender.drain(),
    send: (...events) => sender.deliver(events.map(write)),
    toTheEnd: (events, attempts, policy = DEFAULT_RETRY_POLICY) =>
      deliverToTheEnd(sender, events.map(write), { now, skip, others: untilOthers }, policy, attempts),
    sendBesideAnswered: (...events) => sender.deliver(events.map(write), { isAnswered: () => true }),
    sendFirst: (...events) => sender.deliver(events.map(write), { first: true }),
    sendApart: (apart, event) => sender.deliver([write(event)], { apart: new Map([[0, apart]]) }),
    whenOpen: () => sender.whenOpen(),
  };
}

const lagoSettings = {
  type: 'lago',
  rules: [
    {
      name: 'calls',
      code: 'api_call',
      subscription: 'properties.subscription_id',
      properties: { tokens: 'properties.tokens' },
    },
  ],
};
const hyperlineSettings = {
  type: 'hyperline',
  rules: [{ name: 'usage', customer: 'context.groupId', eventType: 'event', record: { '*': 'properties' } }],
};
const event = (overrides: Record<string, unknown> = {}) =>
  ({ ...aTrack(overrides), receivedAt: '2026-08-01T00:00:00.000Z' }) as unknown as SegmentEvent;
const events = (count: number) => Array.from({ length: count }, () => event());
const words = (outcomes: (Outcome | undefined)[]) => outcomes.map((each) => each?.outcome);
/** What is not in the API's words: of whoever stands before it. */
const firewall = { status: 403, body: '<html><h1>403 Forbidden</h1></html>' };
const refuse = (line: Line, type: 'lago' | 'hyperline', which: SegmentEvent[], fault: Partial<Fault>) => {
  for (const { messageId } of which) {
    line.sandbox[type].faults.add({ times: 'always', match: { containsKey: messageId }, ...fault });
  }
};
/** Somebody else's events, accepted all the time. */
async function meanwhile<T>(line: Line, work: Promise<T>): Promise<T> {
  let isDone = false;
  line.others.accepted = 0;
  const others = (async () => {
    while (!isDone) {
      await line.send(...events(3));
      line.others.accepted! += 1;
      await sleep(1);
    }
  })();
  const done = await work.finally(() => {
    isDone = true;
  });
  await others;
  line.others.accepted = null;
  return done;
}

test('events of several jobs share requests, each as full as the API allows', async () => {
  const line = await openLine(lagoSettings);
  line.limiter.hold();
  const jobs = Array.from({ length: 25 }, () => line.send(...events(10)));
  line.limiter.release();
  expect((await Promise.all(jobs)).flat().every((each) => each.outcome === 'delivered')).toBe(true);
  expect(line.sandbox.lago.inspect()).toMatchObject({ requests: 3, ledger: { keys: 250 } });
});

test('one bad event in a batch does not keep its neighbours from being delivered', async () => {
  const line = await openLine(lagoSettings);
  const batch = events(10);
  line.sandbox.lago.faults.add({
    match: { containsKey: batch[3]!.messageId },
    respond: {
      status: 422,
      body: {
        status: 422,
        error: 'Unprocessable Entity',
        code: 'validation_errors',
        error_details: { 3: 'expression_evaluation_failed: Variable: foo not found' },
      },
    },
  });
  const outcomes = await line.send(...batch);
  expect(words(outcomes)).toEqual(batch.map((_, index) => (index === 3 ? 'failed' : 'delivered')));
  expect(outcomes[3]).toMatchObject({
    code: 'refused',
    detail: expect.stringContaining('expression_evaluation_failed'),
  });
});

test('where all of a batch are refused by name nothing was accepted', async () => {
  const line = await openLine(lagoSettings);
  line.sandbox.lago.faults.add({
    respond: {
      status: 422,
      body: {
        status: 422,
        error: 'Unprocessable Entity',
        error_details: { 0: { code: ['metric_not_found'] } },
      },
    },
  });
  expect(words(await line.send(event()))).toEqual(['failed']);
  expect(line.gate.current().accepted).toEqual({});
  await line.send(event());
  expect(Object.keys(line.gate.current().accepted)).toHaveLength(1);
});

test('a request that is too large is sent in halves, and later ones are smaller at once', async () => {
  const line = await openLine(lagoSettings, { lago: { apiKey: 'key', store: 'postgres', maxBatch: 30 } });
  expect(words(await line.send(...events(100)))).toEqual(Array(100).fill('delivered'));
  const before = line.sandbox.lago.inspect();
  expect(words(await line.send(...events(50)))).toEqual(Array(50).fill('delivered'));
  const after = line.sandbox.lago.inspect();
  expect(after.byStatus['422']).toBe(before.byStatus['422']);
});

test('what Lago has already is a duplicate, and the rest of its batch is delivered', async () => {
  const line = await openLine(lagoSettings);
  const [first, ...others] = events(5);
  await line.send(first!);
  // Another process sent it: this sender's own window does not know.
  const other = await openLineTo(line.sandbox);
  expect(words(await other(first!, ...others))).toEqual([
    'duplicate',
    'delivered',
    'delivered',
    'delivered',
    'delivered',
  ]);
});

async function openLineTo(sandbox: Sandbox): Promise<(...events: SegmentEvent[]) => Promise<Outcome[]>> {
  const parsed = destinationSettingsSchema.parse({
    name: 'lago',
    url: sandbox.lago.url,
    apiKey: 'key',
    ...lagoSettings,
  });
  const destination = compileDestination(parsed);
  const http = createHttpClient(destination.connection);
  closing.push(() => http.close());
  const sender = new Sender({
    destination,
    post: http.post,
    limiter: openLimiter(),
    gate: createMemoryGateStore(),
    now: Date.now,
    random: Math.random,
  });
  return (...given) =>
    sender.deliver(
      given.map((each) => {
        const mapped = destination.map('calls', each);
        if (!mapped.ok) throw new Error(mapped.failure.detail);
        return mapped.usage!;
      }),
    );
}

test('a repeat is spared the API once it is delivered; a twin in flight shares the answer', async () => {
  const line = await openLine(lagoSettings);
  const one = event();
  expect(words(await line.send(one, one))).toEqual(['delivered', 'duplicate']);
  expect(words(await line.send(one))).toEqual(['duplicate']);
  expect(line.sandbox.lago.inspect()).toMatchObject({ requests: 1 });
});

test('what Lago calls a duplicate comes with what was sent, for its twins too, and is no reason to believe the next one', async () => {
  const line = await openLine(lagoSettings);
  const one = event();
  const other = { ...one, properties: { ...one.properties, tokens: 999_999 } } as SegmentEvent;
  const earlier = await openLine({ ...lagoSettings, url: line.sandbox.lago.url });
  await earlier.send(one);
  const usage = expect.stringContaining('999999');
  expect(await line.send(other, other)).toEqual(Array(2).fill({ outcome: 'duplicate', usage }));
  // It may be equal to what is there, and is asked for by itself: it is no collision with what was none.
  expect(await line.send(one)).toEqual([
    { outcome: 'duplicate', usage: expect.not.stringContaining('999999') },
  ]);
  expect(line.sandbox.lago.inspect()).toMatchObject({ requests: 3 });
});

test('one key with two contents is an identity collision, in one job and in the next', async () => {
  const line = await openLine(lagoSettings);
  const one = event();
  const other = { ...one, properties: { ...one.properties, tokens: 999_999 } } as SegmentEvent;
  const outcomes = await line.send(one, other);
  expect(outcomes[0]).toEqual({ outcome: 'delivered' });
  expect(outcomes[1]).toMatchObject({ outcome: 'failed', code: 'identity_collision' });
  expect((await line.send(other))[0]).toMatchObject({ code: 'identity_collision' });
});

test('one Hyperline key under two customers is an identity collision; a later timestamp is a revision', async () => {
  const line = await openLine(hyperlineSettings);
  const one = event();
  const stolen = {
    ...one,
    timestamp: '2026-08-02T00:00:00.000Z',
    context: { groupId: 'another' },
  } as SegmentEvent;
  const revised = {
    ...one,
    timestamp: '2026-08-03T00:00:00.000Z',
    properties: { tokens: 7 },
  } as SegmentEvent;
  expect(
    (await line.send(one, stolen, revised)).map((each) => ('code' in each ? each.code : each.outcome)),
  ).toEqual(['delivered', 'identity_collision', 'delivered']);
  // Two versions of one entity never stand in one request.
  expect(line.sandbox.hyperline.inspect().requests).toBe(2);
});

test('a Hyperline key whose event was refused is free for another customer', async () => {
  const line = await openLine(hyperlineSettings, { hyperline: { apiKey: 'key', knownCustomers: ['known'] } });
  const one = event();
  const neighbour = event({ context: { groupId: 'known' } });
  expect(words(await line.send(one, neighbour))).toEqual(['failed', 'delivered']);
  const other = { ...one, context: { groupId: 'known' } } as SegmentEvent;
  expect(words(await line.send(other))).toEqual(['delivered']);
});

test('an event that Hyperline fails without a reason is sent alone, and its words are kept', async () => {
  const line = await openLine(hyperlineSettings, {
    hyperline: { apiKey: 'key', knownCustomers: ['sender-account'] },
  });
  const outcomes = await line.send(event(), event({ context: { groupId: 'nobody' } }), event());
  expect(words(outcomes)).toEqual(['delivered', 'failed', 'delivered']);
  expect(outcomes[1]).toMatchObject({
    code: 'refused',
    status: 404,
    detail: expect.stringContaining('not found'),
  });
});

test('what a proxy says of an event that Hyperline has named is not the word it dies of', async () => {
  const line = await openLine(hyperlineSettings, {
    hyperline: { apiKey: 'key', knownCustomers: ['sender-account'] },
  });
  line.sandbox.hyperline.faults.add({ match: { path: '/v1/events' }, respond: firewall });
  const outcomes = await line.send(event(), event({ context: { groupId: 'nobody' } }));
  expect(outcomes).toMatchObject([{ outcome: 'delivered' }, { outcome: 'suspected', status: 403, of: 1 }]);
});

test('a 429 makes everybody wait as told, and costs no attempt', async () => {
  const line = await openLine(hyperlineSettings);
  line.sandbox.hyperline.faults.add({
    respond: { status: 429, headers: { 'retry-after': '1' }, body: 'Too many requests' },
  });
  const began = Date.now();
  expect(words(await line.send(...events(3)))).toEqual(['delivered', 'delivered', 'delivered']);
  expect(Date.now() - began).toBeGreaterThanOrEqual(900);
  expect(line.sandbox.hyperline.inspect()).toMatchObject({ requests: 2 });
});

test('a probe that is told to wait was answered: then all may go', async () => {
  const line = await openLine(lagoSettings);
  await line.gate.update((gate) => ({ ...gate, breaker: { state: 'half-open', failures: 5, until: 0 } }));
  line.sandbox.lago.faults.add({
    respond: {
      status: 429,
      headers: { 'retry-after': '1' },
      body: { status: 429, error: 'Too Many Requests' },
    },
  });
  const sent = line.send(event());
  await waitFor(() => line.gate.current().pausedUntil > 0, { what: 'the pause' });
  expect(line.gate.current().breaker).toEqual({ state: 'closed', failures: 0 });
  line.clock.skipMs += 2_000;
  expect(words(await sent)).toEqual(['delivered']);
});

test('events that are too large, one after the other, say nothing of the way', async () => {
  const line = await openLine(lagoSettings);
  line.sandbox.lago.faults.add({ times: 'always', respond: { status: 413, body: '<html>' } });
  for (const each of events(6)) {
    expect(await line.send(each)).toMatchObject([{ outcome: 'suspected', code: 'too_large' }]);
  }
  expect(line.gate.current()).toMatchObject({ hold: null, refused: [] });
});

test.each([401, 403])(
  "a %i in the API's words holds the destination, is probed with one event, and resumes by itself",
  async (status) => {
    const line = await openLine(lagoSettings);
    line.sandbox.lago.faults.add({ times: 1, respond: { status, body: { status, error: 'no' } } });
    const sent = line.send(...events(5));
    await waitFor(() => line.gate.current().hold, { what: 'the hold' });
    const held = line.sandbox.lago.inspect().requests;
    line.clock.skipMs += PROBE_INTERVAL_MS;
    expect(words(await sent)).toEqual(Array(5).fill('delivered'));
    expect(held).toBe(1);
    expect(line.gate.current().hold).toBeNull();
    expect(line.sandbox.lago.inspect().requests).toBe(3);
  },
);

test('failures in a row open the breaker; then one small probe, and all goes on', async () => {
  const line = await openLine({ ...lagoSettings, limit: { concurrency: 1, batchSize: 10 } });
  line.sandbox.lago.faults.add({ times: 5, respond: { status: 503, body: '<html>' } });
  const failed = await line.send(...events(50));
  expect(failed.every((each) => each.outcome === 'suspected' && each.code === 'server_error')).toBe(true);
  expect(line.gate.current().breaker.state).toBe('open');
  const before = line.sandbox.lago.inspect();
  const sent = line.send(...events(20));
  line.clock.skipMs += 30_000;
  expect(words(await sent)).toEqual(Array(20).fill('delivered'));
  expect(line.gate.current().breaker.state).toBe('closed');
  expect(line.sandbox.lago.inspect().requests - before.requests).toBe(3);
});

test('a timeout after the API has stored the batch is a duplicate on the next try', async () => {
  const line = await openLine({ ...lagoSettings, timeoutMs: 1_000 });
  line.sandbox.lago.faults.add({ afterStoring: true, hang: true });
  const batch = events(4);
  expect((await line.send(...batch)).map((each) => 'code' in each && each.code)).toEqual(
    Array(4).fill('timeout'),
  );
  expect(words(await line.send(...batch))).toEqual(Array(4).fill('duplicate'));
  expect(line.sandbox.lago.inspect().ledger).toMatchObject({ keys: 4, storedAgain: 0 });
});

test('a drain hands back what waits and settles what is on its way', async () => {
  const line = await openLine(lagoSettings);
  line.sandbox.lago.faults.add({ delayMs: 200 });
  const onItsWay = line.send(...events(3));
  await waitFor(() => line.sandbox.lago.inspect().inFlight === 1, { what: 'the request' });
  line.limiter.hold();
  const waiting = line.send(...events(3));
  line.drain();
  expect(words(await waiting)).toEqual(Array(3).fill('unsent'));
  expect(words(await onItsWay)).toEqual(Array(3).fill('delivered'));
  line.limiter.release();
});

test('one answer that a single event is too many does not end batching', async () => {
  const line = await openLine(lagoSettings);
  line.sandbox.lago.faults.add({
    respond: {
      status: 422,
      body: { status: 422, code: 'validation_errors', error_details: { events: ['too_many_events'] } },
    },
  });
  expect((await line.send(event()))[0]).toMatchObject({ outcome: 'suspected', code: 'unexpected_answer' });
  await line.send(...events(100));
  expect(line.sandbox.lago.inspect().requests).toBe(2);
});

test('what goes first leaves with the permit in hand, by itself, before all that waits', async () => {
  const line = await openLine(lagoSettings);
  const release = await line.whenOpen();
  line.limiter.hold();
  const waiting = line.send(...events(150));
  const first = events(30);
  const outcomes = line.sendFirst(...first);
  release!();
  expect(words(await outcomes)).toEqual(Array(30).fill('delivered'));
  const stored = [...line.sandbox.lago.ledger.entries()].map(({ id }) => id);
  expect(stored.toSorted()).toEqual(first.map(({ messageId }) => messageId).toSorted());
  expect(line.sandbox.lago.inspect().requests).toBe(1);
  line.limiter.release();
  expect(words(await waiting)).toEqual(Array(150).fill('delivered'));
});

test('what goes first is cut into as many requests as the API takes', async () => {
  const line = await openLine({ ...lagoSettings, limit: { batchSize: 20 } });
  const release = await line.whenOpen();
  const outcomes = line.sendFirst(...events(50));
  release!();
  expect(words(await outcomes)).toEqual(Array(50).fill('delivered'));
  expect(line.sandbox.lago.inspect().requests).toBe(3);
});

test('a permit is given out only while the gate is open, also where it closed on the way', async () => {
  const line = await openLine(lagoSettings);
  line.limiter.hold();
  let isGiven = false;
  const permit = line.whenOpen().finally(() => {
    isGiven = true;
  });
  await line.gate.update((gate) => ({ ...gate, pausedUntil: Date.now() + 60_000 }));
  line.limiter.release();
  await new Promise(setImmediate);
  expect(isGiven).toBe(false);
  line.clock.skipMs += 60_000;
  const release = await permit;
  expect(release).not.toBeNull();
  release!();
});

test.each(['its gate', 'a permit'])(
  'who waits for %s is told at once when nothing is sent any more',
  async (what) => {
    const line = await openLine(lagoSettings);
    if (what === 'a permit') line.limiter.hold();
    else await line.gate.update((gate) => ({ ...gate, pausedUntil: Date.now() + 60_000 }));
    const permit = line.whenOpen();
    line.drain();
    expect(await permit).toBeNull();
    expect(await line.whenOpen()).toBeNull();
  },
);

test.each([
  ['lago', lagoSettings, 301],
  ['hyperline', hyperlineSettings, 308],
] as const)(
  '%s that has moved for good is held with its new address, and nothing ends as failed',
  async (type, settings, status) => {
    const line = await openLine(settings);
    const location = 'https://new.example/v1/key-123?token=secret';
    line.sandbox[type].faults.add({ times: 1, respond: { status, headers: { location }, body: '' } });
    const sent = line.send(...events(5));
    await waitFor(() => line.gate.current().hold, { what: 'the hold' });
    const text = `HTTP ${status}: the API has moved to https://new.example/v1/[redacted]: is the URL right?`;
    expect(line.gate.current()).toMatchObject({
      hold: { code: 'wrong_url', detail: text },
      breaker: { state: 'closed', failures: 0 },
      lastFailure: { code: 'wrong_url', cause: text },
    });
    expect(line.requests).toMatchObject([{ status, verdict: 'hold', code: 'wrong_url', cause: text }]);
    line.clock.skipMs += PROBE_INTERVAL_MS;
    expect(words(await sent)).toEqual(Array(5).fill('delivered'));
  },
);

test('what an API in trouble repeats of an event or of the key is not told on', async () => {
  const line = await openLine(hyperlineSettings);
  const message = 'cannot store sender-account for key-123: out of memory';
  line.sandbox.hyperline.faults.add({ respond: { status: 503, body: { message } } });
  await line.send(event());
  const failure = {
    code: 'server_error',
    cause: 'HTTP 503: cannot store [value] for [redacted]: out of memory',
  };
  expect(line.requests).toMatchObject([{ status: 503, ...failure }]);
  expect(line.gate.current().lastFailure).toEqual({ ...failure, at: expect.any(Number) });
});

/** A server that ends each connection when something arrives. */
async function hangUp(): Promise<string> {
  const server = createServer();
  server.on('connection', (socket) =>
    socket.on('error', () => {}).on('data', () => socket.resetAndDestroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each<[string, () => Promise<string>, RegExp]>([
  ['a connection that nobody takes', async () => 'http://127.0.0.1:1', /^ECONNREFUSED$/],
  ['a connection that is cut', hangUp, /^ECONNRESET$/],
  ['a name that nobody has', async () => 'http://nobody.invalid', /^(ENOTFOUND|EAI_AGAIN)$/],
  ['a server without TLS', async () => (await hangUp()).replace('http:', 'https:'), /^(ECONNRESET|EPROTO)$/],
])('%s is told by its code, in the attempt and by the gate', async (_what, url, cause) => {
  const line = await openLine({ ...lagoSettings, url: await url() });
  await line.send(...events(2));
  const failure = { code: 'connection', cause: expect.stringMatching(cause) };
  expect(line.requests).toMatchObject([{ status: undefined, verdict: 'transient', ...failure }]);
  expect(line.gate.current().lastFailure).toEqual({ ...failure, at: expect.any(Number) });
});

test('events of several types reach an API that takes one type a request, each type in as few as may be', async () => {
  const line = await openLine(hyperlineSettings, { hyperline: { apiKey: 'key', oneEventTypeABatch: true } });
  line.limiter.hold();
  const types = ['api_call', 'seat', 'seat', 'storage', 'api_call', 'api_call'];
  const jobs = Array.from({ length: 10 }, () => line.send(...types.map((name) => event({ event: name }))));
  line.limiter.release();
  expect((await Promise.all(jobs)).flat().every(({ outcome }) => outcome === 'delivered')).toBe(true);
  expect(line.sandbox.hyperline.inspect()).toMatchObject({ requests: 3, ledger: { keys: 60 } });
  expect(line.sandbox.hyperline.inspect().byStatus['400']).toBeUndefined();
});

describe('an answer that names no event', () => {
  const nginx400 = { status: 400, body: '<html><center><h1>400 Bad Request</h1></center></html>' };
  const apis = [
    ['lago', lagoSettings],
    ['hyperline', hyperlineSettings],
  ] as const;
  const refusals = [403, 406, 400, 404, 409].map((status) => ({ ...firewall, status }));

  test.each(apis.flatMap(([type, settings]) => refusals.map((respond) => ({ type, settings, respond }))))(
    '$type: one refused with $respond.status dies of it, and all others are delivered',
    async ({ type, settings, respond }) => {
      const line = await openLine(settings);
      const batch = events(40);
      const bad = batch[17]!;
      refuse(line, type, [bad], { respond });
      const ends = await meanwhile(line, line.toTheEnd(batch));
      expect(words(ends)).toEqual(batch.map((each) => (each === bad ? 'failed' : 'delivered')));
      expect(ends[17]).toMatchObject({
        code: 'refused',
        status: respond.status,
        detail: expect.stringMatching(/^HTTP \d+ \(sent alone 2 times, while others were accepted/),
      });
      expect(line.gate.current()).toMatchObject({ hold: null, breaker: { state: 'closed' } });
    },
  );

  test.each<[string, Partial<Fault>, string]>([
    ['500', { respond: { status: 500, body: '<html>' } }, 'server_error'],
    ['429 of somebody else', { respond: { status: 429, body: '<html>' } }, 'unexpected_answer'],
    ['a web page', { respond: { status: 200, body: '<html>blocked' } }, 'unexpected_answer'],
    ['a cut connection', { cut: 'before' }, 'connection'],
  ])(
    '%s for one of a batch: it fails alone for as long as is set before it dies',
    async (_what, fault, code) => {
      const line = await openLine(lagoSettings);
      const batch = events(40);
      refuse(line, 'lago', [batch[17]!], fault);
      const began = line.clock.skipMs;
      const ends = await meanwhile(
        line,
        line.toTheEnd(batch, 200, { ...DEFAULT_RETRY_POLICY, failsAloneAfterMs: 600_000 }),
      );
      expect(words(ends)).toEqual(batch.map((_, index) => (index === 17 ? 'failed' : 'delivered')));
      expect(ends[17]).toMatchObject({
        code: 'fails_alone',
        detail: expect.stringMatching(/fails on this event alone.*\d+ bytes\).*may have arrived/),
      });
      expect(line.clock.skipMs - began).toBeGreaterThanOrEqual(600_000);
      expect(line.requests.filter((each) => each.code === code).length).toBeGreaterThan(8);
      expect(line.gate.current()).toMatchObject({ hold: null, breaker: { state: 'closed' } });
    },
  );

  test.each(apis)(
    '%s: three quarters of a batch with one bad event are delivered in the same attempt',
    async (type, settings) => {
      const line = await openLine(settings);
      await line.send(...events(2));
      const batch = events(40);
      refuse(line, type, [batch[17]!], { respond: firewall });
      const outcomes = await line.send(...batch);
      expect(words(outcomes)).toEqual(
        batch.map((_, at) => (at >= 10 && at < 20 ? 'suspected' : 'delivered')),
      );
      expect(outcomes[17]).toMatchObject({ code: 'refused', of: 10 });
      expect(line.requests.map(({ events }) => events)).toEqual([2, 40, 10, 10, 10, 10]);
    },
  );

  test('a batch is not sent again in the same attempt where nobody was accepted', async () => {
    const line = await openLine(lagoSettings);
    const batch = events(40);
    refuse(line, 'lago', [batch[17]!], { respond: firewall });
    expect(words(await line.send(...batch))).toEqual(Array(40).fill('suspected'));
    expect(line.requests.map(({ events }) => events)).toEqual([40]);
  });

  test('a batch that fails as the gate shuts is not kept for it', async () => {
    const line = await openLine(lagoSettings);
    await line.send(event());
    line.sandbox.lago.faults.add({ delayMs: 200, respond: { status: 500 } });
    const sent = line.send(...events(8));
    await waitFor(() => line.sandbox.lago.inspect().requests === 2, { what: 'the request' });
    await line.gate.update((gate) => gateAfterRefusal(gate, 'unauthorized', 'HTTP 401', Date.now()));
    expect(words(await sent)).toEqual(Array(8).fill('suspected'));
  });

  test('a bad event counts as one failure, and what fails in all its parts as five', async () => {
    const line = await openLine({ ...lagoSettings, limit: { concurrency: 1 } });
    const batch = events(40);
    await line.send(event());
    // The last quarter, so that nothing is accepted after it.
    refuse(line, 'lago', [batch[39]!], { respond: { status: 500 } });
    await line.send(...batch);
    expect(line.gate.current().breaker).toEqual({ state: 'closed', failures: 0 });
    line.sandbox.lago.faults.add({ times: 'always', respond: { status: 500 } });
    const failing = line.send(...events(40));
    await waitFor(() => line.gate.current().breaker.state === 'open', { what: 'the breaker' });
    expect(words(await failing)).toEqual(Array(40).fill('suspected'));
    expect(line.requests.map(({ events }) => events)).toEqual([1, 40, 10, 10, 10, 10, 40, 10, 10, 10, 10]);
  });

  test('what is stored by a request that is cut is delivered, and no duplicate, when it is sent again', async () => {
    const line = await openLine(lagoSettings);
    await line.send(event());
    line.sandbox.lago.faults.add({ cut: 'before', afterStoring: true });
    expect(words(await line.send(...events(8)))).toEqual(Array(8).fill('delivered'));
    expect(line.sandbox.lago.inspect()).toMatchObject({ ledger: { keys: 9 } });
  });

  test('what a drain leaves of a batch that failed has failed: it was sent', async () => {
    const line = await openLine({ ...lagoSettings, limit: { concurrency: 1 } });
    await line.send(event());
    const batch = events(8);
    refuse(line, 'lago', [batch[0]!], { respond: firewall });
    line.limiter.hold();
    const sent = line.send(...batch);
    await waitFor(() => line.limiter.asked === 2, { what: 'its permit' });
    line.limiter.releaseOne();
    await waitFor(() => line.requests.length === 2, { what: 'the whole' });
    line.drain();
    line.limiter.release();
    const outcomes = await sent;
    expect(words(outcomes)).toEqual(Array(8).fill('suspected'));
    expect(outcomes[1]).toMatchObject({ code: 'refused', of: 8 });
  });

  test('a batch and its one bad event cost no more than twice as many halves would, and four', async () => {
    const line = await openLine(lagoSettings);
    const batch = events(100);
    refuse(line, 'lago', [batch[42]!], { respond: firewall });
    await line.send(event());
    line.clock.isReal = true;
    expect(words(await line.toTheEnd(batch)).filter((word) => word === 'failed')).toHaveLength(1);
    expect(line.sandbox.lago.inspect().requests - 2).toBeLessThanOrEqual(2 * Math.log2(100) + 4);
  });

  test.each(apis)(
    '%s: twenty of twenty that fail leave what comes after them alone',
    async (type, settings) => {
      const line = await openLine(settings);
      const bad = events(20);
      refuse(line, type, bad, { respond: { status: 500 } });
      const failing = line.toTheEnd(bad, 12);
      const good = await meanwhile(
        line,
        failing.then(() => line.send(...events(30))),
      );
      expect(words(good)).toEqual(Array(30).fill('delivered'));
      expect((await failing).every((end) => end === undefined)).toBe(true);
      expect(line.gate.current().breaker).toEqual({ state: 'closed', failures: 0 });
    },
  );

  test('Lago is asked with an empty batch where no other event is there to be compared with', async () => {
    const line = await openLine(lagoSettings);
    const [bad] = events(1);
    refuse(line, 'lago', [bad!], { respond: firewall });
    line.clock.isReal = true;
    expect(await line.toTheEnd([bad!])).toMatchObject([{ outcome: 'failed', code: 'refused', status: 403 }]);
    expect(line.requests.some(({ events }) => events === 0)).toBe(true);
    expect(line.sandbox.lago.inspect().ledger.keys).toBe(0);
  });

  test('a batch is compared with an empty one as well, before it is taken apart', async () => {
    const line = await openLine(lagoSettings);
    const batch = events(8);
    refuse(line, 'lago', [batch[3]!], { respond: firewall });
    line.clock.isReal = true;
    const sent = line.toTheEnd(batch, 6);
    const others = () => line.requests.map(({ events }) => events).filter((size) => size !== batch.length);
    await waitFor(() => others().length > 0, { what: 'another request' });
    expect(others()[0]).toBe(0);
    line.clock.isReal = false;
    line.drain();
    await sent;
  });

  test('an empty batch that is refused as well is not repeated for the same failure', async () => {
    const line = await openLine(lagoSettings);
    line.sandbox.lago.faults.add({ times: 'always', respond: firewall });
    line.clock.isReal = true;
    const sent = line.toTheEnd(events(1), 6);
    await waitFor(() => line.requests.length >= 5, { what: 'three times the event' });
    expect(line.requests.slice(0, 5).map(({ events }) => events)).toEqual([1, 0, 1, 0, 1]);
    line.clock.isReal = false;
    line.drain();
    await sent;
  });

  test('a hold is probed with an empty batch where none of what waits may', async () => {
    const line = await openLine(lagoSettings);
    await line.send(event());
    const hold = { code: 'forbidden' as const, detail: 'HTTP 403', since: 0, nextProbeAt: 0 };
    await line.gate.update((gate) => ({ ...gate, hold }));
    const suspect = line.sendApart({ atMost: 1, isConfirmed: true }, event());
    await waitFor(() => line.gate.current().hold === null, { what: 'the hold to end' });
    expect(words(await suspect)).toEqual(['delivered']);
    expect(line.requests.map(({ events }) => events)).toEqual([1, 0, 1]);
  });

  test('an empty batch says nothing of an event that fails', async () => {
    const line = await openLine(lagoSettings);
    const [bad] = events(1);
    refuse(line, 'lago', [bad!], { respond: { status: 500 } });
    expect(await line.toTheEnd([bad!], 12)).toEqual([undefined]);
    expect(line.requests.every(({ events }) => events === 1)).toBe(true);
  });

  test.each(apis)(
    '%s: where all are refused the way is wrong: it is held, and nobody dies',
    async (type, settings) => {
      const line = await openLine({ ...settings, limit: { batchSize: 5 } });
      line.sandbox[type].faults.add({ times: 'always', respond: nginx400 });
      const batch = events(60);
      const sent = line.toTheEnd(batch, 400);
      await waitFor(() => line.gate.current().hold, { what: 'the hold' });
      expect(line.gate.current().hold).toMatchObject({
        code: 'refused_all',
        detail: '5 different events were refused, and none was accepted between them: HTTP 400',
      });
      for (let minute = 0; minute < 20; minute += 1) {
        line.clock.skipMs += PROBE_INTERVAL_MS;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      expect(line.sandbox[type].inspect().requests).toBeLessThan(60);
      line.sandbox[type].faults.clear();
      line.clock.skipMs += PROBE_INTERVAL_MS;
      const ends = await sent;
      expect(words(ends)).toEqual(Array(60).fill('delivered'));
      expect(line.gate.current().hold).toBeNull();
    },
  );

  test('where all events are refused, and a request without any is not, nobody dies either', async () => {
    const line = await openLine({ ...lagoSettings, limit: { batchSize: 5 } });
    line.sandbox.lago.faults.add({
      times: 'always',
      match: { containsText: 'external_subscription_id' },
      respond: { status: 403, body: '<html>' },
    });
    const sent = line.toTheEnd(events(30), 400);
    await waitFor(() => line.gate.current().hold?.code === 'refused_all', { what: 'the hold' });
    for (let minute = 0; minute < 20; minute += 1) {
      line.clock.skipMs += PROBE_INTERVAL_MS;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(line.gate.current().hold).toMatchObject({ code: 'refused_all' });
    line.sandbox.lago.faults.clear();
    line.clock.skipMs += PROBE_INTERVAL_MS;
    expect(words(await sent)).toEqual(Array(30).fill('delivered'));
  });

  test('where somebody limits all, it is waited for and not held', async () => {
    const line = await openLine({ ...lagoSettings, limit: { batchSize: 5 } });
    line.sandbox.lago.faults.add({
      times: 8,
      respond: { status: 429, headers: { 'retry-after': '9' }, body: '<html>' },
    });
    const sent = line.toTheEnd(events(60));
    const began = Date.now();
    await waitFor(() => line.gate.current().pausedUntil > 0, { what: 'the pause' });
    expect(line.gate.current().pausedUntil - began).toBeGreaterThan(8_000);
    expect(line.gate.current().hold).toBeNull();
    line.clock.skipMs += 10_000;
    expect(words(await sent)).toEqual(Array(60).fill('delivered'));
  });

  test('a batch that comes in the last moment before an outage is not taken apart in it', async () => {
    const line = await openLine(lagoSettings);
    await line.send(...events(10));
    const batch = events(100);
    line.sandbox.lago.faults.add({ times: 'always', respond: { status: 503 } });
    const sent = line.toTheEnd(batch, 400);
    await waitFor(() => line.gate.current().breaker.state === 'open', { what: 'the breaker' });
    const requests = line.sandbox.lago.inspect().requests;
    expect(requests).toBeLessThanOrEqual(12);
    line.sandbox.lago.faults.clear();
    line.clock.skipMs += 30_000;
    expect(words(await sent)).toEqual(Array(100).fill('delivered'));
  });

  test('an outage that begins in the middle of a comparison lets no good event die', async () => {
    const line = await openLine(lagoSettings);
    await line.send(...events(10));
    const one = event();
    // Refused with all others, again and again, with acceptances in between: as by a gateway that restarts.
    const sent = line.toTheEnd([one], 300);
    for (let outage = 0; outage < 3; outage += 1) {
      line.sandbox.lago.faults.add({ times: 'always', respond: firewall });
      await waitFor(() => line.requests.filter(({ status }) => status === 403).length > outage, {
        what: 'a refusal',
      }).catch(() => {});
      line.sandbox.lago.faults.clear();
    }
    line.clock.skipMs += PROBE_INTERVAL_MS;
    expect(words(await sent)).toEqual(['delivered']);
  });

  test('a burst of refusals that were on their way together is held for a second, not for a minute', async () => {
    const line = await openLine({ ...lagoSettings, limit: { batchSize: 1, concurrency: 8 } });
    line.sandbox.lago.faults.add({ times: 'always', delayMs: 100, respond: firewall });
    await line.send(...events(8));
    const { hold } = line.gate.current();
    expect(hold!.nextProbeAt - hold!.since).toBe(1_000);
  });

  test('where lone events go a broken way, batches go on', async () => {
    const line = await openLine(hyperlineSettings);
    line.sandbox.hyperline.faults.add({
      times: 'always',
      match: { path: '/v1/events' },
      respond: { status: 500 },
    });
    await line.send(event());
    for (let round = 0; round < 20; round += 1) {
      const outcomes = words(await line.send(...events(50)));
      expect(outcomes.filter((word) => word !== 'delivered').length).toBeLessThanOrEqual(1);
    }
    expect(line.sandbox.hyperline.inspect().ledger.keys).toBeGreaterThan(990);
    expect(line.gate.current().breaker.state).toBe('closed');
  });

  test("a page of somebody else's does not stand in for what the API says of a request without events", async () => {
    const line = await openLine(lagoSettings);
    line.sandbox.lago.faults.add({
      times: 'always',
      match: { containsText: '[]' },
      respond: { status: 200, body: '<html>' },
    });
    const [bad] = events(1);
    refuse(line, 'lago', [bad!], { respond: firewall });
    line.clock.isReal = true;
    const ends = line.toTheEnd([bad!], 8);
    await waitFor(() => line.requests.some(({ events }) => events === 0), { what: 'a control' });
    expect(await ends).toEqual([undefined]);
    line.drain();
  });

  test('what was answered elsewhere in its job is not kept waiting by what waits at a shut gate', async () => {
    const line = await openLine(lagoSettings);
    await line.gate.update((gate) => gateAfterRefusal(gate, 'unauthorized', 'HTTP 401', Date.now()));
    expect(await line.sendBesideAnswered(event())).toEqual([{ outcome: 'unsent', waitMs: 1_000 }]);
  });

  test('what was answered is told while the rest waits at a shut gate', async () => {
    const line = await openLine({ ...lagoSettings, limit: { batchSize: 10, concurrency: 1 } });
    line.sandbox.lago.faults.add({
      everyNth: 2,
      times: 'always',
      respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
    });
    const sent = line.send(...events(30));
    await waitFor(() => line.gate.current().hold, { what: 'the hold' });
    const outcomes = await sent;
    expect(words(outcomes)).toEqual([...Array(10).fill('delivered'), ...Array(20).fill('unsent')]);
    expect(outcomes[29]).toEqual({ outcome: 'unsent', waitMs: 1_000 });
    // A job of which nothing was answered waits for as long as it takes.
    let isTold = false;
    void line.send(event()).finally(() => {
      isTold = true;
    });
    line.clock.skipMs += 5_000;
    await sleep(600);
    expect(isTold).toBe(false);
    line.drain();
  });
});
