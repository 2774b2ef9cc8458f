import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from './expire-locks.js';
import { type Collector, type ReceivedSpan, startCollector } from './otlp-collector.js';
import { makeTracks, type Track } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { sampleConfig, WRITE_KEY } from './stack-config.js';

const stacks = useStack(useRedis());
const collectors: Collector[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(collectors.splice(0).map((each) => each.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function openCollector(options?: { isSilent: boolean }): Promise<Collector> {
  const collector = await startCollector(options);
  collectors.push(collector);
  return collector;
}

type Followed = { messageId: string; requestId: string; traceparent: string };

/** Sends one event in a request of its own. */
async function follow(url: string, track: Track, headers: Record<string, string> = {}): Promise<Followed> {
  const answer = await fetch(`${url}/v1/track`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`, ...headers },
    body: JSON.stringify(track),
  });
  expect(answer.status).toBe(200);
  const [requestId, traceparent] = ['x-request-id', 'traceparent'].map((name) => answer.headers.get(name)!);
  return { messageId: track.messageId, requestId: requestId!, traceparent: traceparent! };
}

type Line = { msg: string; [field: string]: unknown };

/** The lines of a log that say this. */
function linesOf(process: RunningProcess, msg: string): Line[] {
  return process
    .output()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${msg}"`))
    .map((line) => JSON.parse(line) as Line);
}

/** The job that a destination has for a request, by the receiver's log and the worker's. */
function jobsOf(receiver: RunningProcess, { requestId }: Followed): string[] {
  const lines = linesOf(receiver, 'request.committed').filter((line) => line.requestId === requestId);
  return lines.flatMap(({ jobIds }) => jobIds as string[]).toSorted();
}

/**
 * Sends an event a request until all of them are in the same jobs: while Redis is paused, what comes joins one batch.
 * @param headersOf each request, by how often it was tried: a repeated id would be of two jobs
 */
async function sendAsOneJob(
  stack: Stack,
  receiver: { url: string; process: RunningProcess },
  headersOf: (round: number) => readonly Record<string, string>[],
): Promise<Followed[]> {
  for (let round = 1; ; round++) {
    const headers = headersOf(round);
    await stack.redis.client('PAUSE', 500, 'WRITE');
    const [opener, ...tracks] = makeTracks(headers.length + 1) as [Track, ...Track[]];
    const opening = follow(receiver.url, opener);
    const all = await Promise.all(tracks.map((track, index) => follow(receiver.url, track, headers[index])));
    await opening;
    const jobs = () => all.map((each) => jobsOf(receiver.process, each));
    await waitFor(() => jobs().every(({ length }) => length === 2), { what: 'the commits in the log' });
    if (new Set(jobs().map(String)).size === 1) return all;
  }
}

const CONFIG = sampleConfig({ lago: 200, hyperline: 50, reads: 'unlimited' });
const TRACES = ['4bf92f3577b34da6a3ce929d0e0e4736', '0af7651916cd43dd8448eb211c80319c'];
const SPAN = 'b7ad6b7169203331';

const idOf = (traceparent: string) => {
  const [, traceId, spanId] = traceparent.split('-');
  return { traceId, spanId };
};

test('three requests that became one job are each followed to their attempt, by log and by trace', async () => {
  const collector = await openCollector();
  const stack = await stacks.open({ config: CONFIG });
  Object.assign(stack.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  const resume = await stack.startHeld();
  const receiver = await stack.startReady('receiver', { isFresh: true });
  const headersOf = (round: number): Record<string, string>[] => [
    { 'x-request-id': `checkout-${round}`, traceparent: `00-${TRACES[0]}-${SPAN}-01` },
    { 'x-request-id': 'not sane', traceparent: `00-${TRACES[1]}-${SPAN}-01`, tracestate: 'vendor=1' },
    { traceparent: 'nonsense' },
  ];
  const sent = await sendAsOneJob(stack, receiver, headersOf);
  const jobIds = jobsOf(receiver.process, sent[0]!);
  await resume();
  await stack.settled(sent.length);

  expect(sent[0]!.requestId).toMatch(/^checkout-\d$/);
  for (const { requestId } of sent.slice(1)) expect(requestId).toMatch(/^[0-9a-z]{6}-[0-9a-z]+$/);
  const { spans } = collector;
  const named = (name: string) => spans.filter((each) => each.name === name);
  const isOurs = ({ attributes }: ReceivedSpan) =>
    (attributes['meterbridge.job.ids'] as string[]).some((id) => jobIds.includes(id));
  await waitFor(() => named('settle lago').some(isOurs), { what: 'the settlement in the collector' });

  const commits = sent.map(({ requestId, traceparent }) => {
    const server = named('POST /v1/track').find(
      (each) => each.attributes['meterbridge.request.id'] === requestId,
    )!;
    expect(server).toMatchObject({ kind: 2, service: 'meterbridge-receiver', ...idOf(traceparent) });
    expect(server.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.route': '/v1/track' });
    const commit = named('commit').find(({ parentSpanId }) => parentSpanId === server.spanId)!;
    expect(commit).toMatchObject({ kind: 4, traceId: server.traceId });
    expect(commit.attributes).toMatchObject({ 'meterbridge.sources': ['backend'] });
    expect(isOurs(commit)).toBe(true);
    return { traceId: commit.traceId, spanId: commit.spanId };
  });
  const servers = sent.map(
    ({ traceparent }) => spans.find(({ spanId }) => spanId === idOf(traceparent).spanId)!,
  );
  expect(servers.map(({ traceId }) => traceId)).toEqual([...TRACES, expect.not.stringMatching(/nonsense/)]);
  expect(servers.map(({ parentSpanId }) => parentSpanId)).toEqual([SPAN, SPAN, '']);

  // Coalesced or not, each event left in one attempt, which names its job and the requests it carries.
  const attempts = named('POST /api/v1/events/batch').filter(isOurs);
  const settlements = named('settle lago').filter(isOurs);
  for (const carrying of [attempts, settlements]) {
    const links = carrying.flatMap((each) => each.links);
    for (const commit of commits) expect(links).toContainEqual(commit);
    for (const { parentSpanId, kind, service, links: own } of carrying) {
      expect({ parentSpanId, kind, service }).toEqual({
        parentSpanId: own[0]!.spanId,
        kind: 3,
        service: 'meterbridge-worker',
      });
    }
  }
  expect(attempts[0]!.attributes).toMatchObject({
    'http.response.status_code': 200,
    'meterbridge.destination': 'lago',
    'meterbridge.verdict': 'settled',
  });
  const told = JSON.stringify(spans);
  for (const { messageId } of sent) expect(told).not.toContain(messageId);
  for (const personal of ['user-', 'acct-1', 'sub-1', WRITE_KEY]) expect(told).not.toContain(personal);
});

test('without the variable a request is followed by the log, and nothing of OpenTelemetry is loaded', async () => {
  const stack = await stacks.open({ config: CONFIG });
  const folder = mkdtempSync(join(tmpdir(), 'meterbridge-follow-'));
  folders.push(folder);
  stack.env.NODE_V8_COVERAGE = folder;
  const receiver = await stack.startReady('receiver', { isFresh: true });
  const worker = await stack.startReady('worker', { isFresh: true });
  const traceparent = `00-${TRACES[0]}-${SPAN}-01`;
  const [first, second] = makeTracks(2) as [Track, Track];
  const given = await follow(receiver.url, first, { 'x-request-id': 'checkout-8', traceparent });
  expect(given).toMatchObject({ requestId: 'checkout-8', traceparent });
  const made = await follow(receiver.url, second);
  expect(made.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  await stack.settled(2);

  for (const each of [given, made]) {
    const jobIds = jobsOf(receiver.process, each);
    const attemptsOf = () =>
      linesOf(worker.process, 'delivery.attempted').filter(({ requestIds }) =>
        (requestIds as string[]).includes(each.requestId),
      );
    await waitFor(() => attemptsOf().length === 2, { what: 'an attempt at each API' });
    const attempts = attemptsOf();
    expect(attempts.flatMap((attempt) => attempt.jobIds)).toEqual(expect.arrayContaining(jobIds));
    for (const { attemptId } of attempts) expect(attemptId).toMatch(/^[0-9a-z]{6}-[0-9a-z]+$/);
  }
  const [answered] = linesOf(receiver.process, 'request.answered');
  expect(answered).toMatchObject({ requestId: 'checkout-8', traceId: TRACES[0] });
  for (const { process } of [receiver, worker]) process.signal('SIGTERM');
  await Promise.all([receiver.process.exited, worker.process.exited]);
  const loaded = readdirSync(folder).flatMap((file) =>
    (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { result: { url: string }[] }).result
      .map(({ url }) => url)
      .filter((url) => url.startsWith('file:')),
  );
  expect(loaded.filter((url) => url.endsWith('/main.js'))).toHaveLength(2);
  // The metrics' library brings OpenTelemetry's API, which does nothing without an SDK.
  const sdk = loaded.filter((url) =>
    /@opentelemetry\+?\/?(sdk|otlp|exporter)/.test(readFileSync(fileURLToPath(url), 'utf8')),
  );
  expect(sdk).toEqual([]);
});

test('a killed worker, a dead letter and its replay keep the request of each event', async () => {
  const stack = await stacks.open({ config: CONFIG });
  const { lago } = stack.sandbox;
  lago.faults.add({ times: 1, match: { method: 'POST' }, hang: true });
  const receiver = await stack.startReady('receiver', { isFresh: true });
  const [good, bad] = makeTracks(2) as [Track, Track];
  // No rule maps it: its tokens are no number.
  bad.properties = { tokens: 'many', model: 'small', subscription_id: 'sub-1' };
  await stack.cli('hold', 'hyperline', '--reason', 'a test');
  const killed = await stack.startReady('worker', { isFresh: true });
  const sent = [
    await follow(receiver.url, good, { 'x-request-id': 'good-1' }),
    await follow(receiver.url, bad, { 'x-request-id': 'bad-1' }),
  ];
  await waitFor(() => lago.faults.fired > 0, { what: 'a request that hangs' });
  killed.process.signal('SIGKILL');
  await killed.process.exited;
  await expireLocks(stack.redis);
  const worker = await stack.startReady('worker', { isFresh: true });
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, {
    what: 'the other worker to settle',
  });

  const attempts = linesOf(worker.process, 'delivery.attempted').filter(
    ({ destination }) => destination === 'lago',
  );
  expect(attempts.flatMap(({ requestIds }) => requestIds)).toContain(sent[0]!.requestId);
  const dead = () =>
    [
      ...linesOf(killed.process, 'event.dead_lettered'),
      ...linesOf(worker.process, 'event.dead_lettered'),
    ].filter(({ destination }) => destination === 'lago');
  expect(dead()).toMatchObject([{ reason: 'unmapped', requestIds: ['bad-1'] }]);
  const showLetter = async () => {
    const listed = await stack.cli('dead-letters', 'list', '--destination', 'lago', '--json');
    const { id } = JSON.parse(listed.output.split('\n')[0]!);
    return { id: id as string, json: await stack.cli('dead-letters', 'show', id, '--json') };
  };
  const { id, json } = await showLetter();
  expect(JSON.parse(json.output)).toMatchObject({ letter: { request: { id: 'bad-1' } } });
  expect((await stack.cli('dead-letters', 'show', id)).output).toMatch(/^request: +bad-1$/m);

  const replayed = await stack.cli(
    'dead-letters',
    'replay',
    '--destination',
    'lago',
    '--include-failing',
    '--yes',
  );
  expect(replayed).toMatchObject({ code: 0 });
  await waitFor(() => dead().length === 2, { what: 'it to die again' });
  expect(dead()[1]).toMatchObject({ requestIds: ['bad-1'] });
  expect(JSON.parse((await showLetter()).json.output)).toMatchObject({
    letter: { request: { id: 'bad-1' } },
  });
});

test('a collector that is silent, or not there, harms no delivery, keeps no process and is told of once', async () => {
  const silent = await openCollector({ isSilent: true });
  const gone = await openCollector();
  await gone.close();
  const stack = await stacks.open({ config: CONFIG });
  stack.env.OTEL_BSP_SCHEDULE_DELAY = '20';
  stack.env.OTEL_EXPORTER_OTLP_ENDPOINT = silent.url;
  const receiver = await stack.startReady('receiver', { isFresh: true });
  stack.env.OTEL_EXPORTER_OTLP_ENDPOINT = gone.url;
  stack.env.OTEL_EXPORTER_OTLP_TIMEOUT = '100';
  const worker = await stack.startReady('worker', { isFresh: true });
  for (let round = 1; round <= 3; round++) {
    await follow(receiver.url, makeTracks(1)[0]!);
    await stack.settled(round);
  }
  const warnings = () => linesOf(worker.process, 'traces.not_exported');
  await waitFor(() => warnings().length > 0, { what: 'a word about the collector' });
  await waitFor(() => silent.contentTypes.length > 0, { what: 'a request to the silent one' });
  expect(silent.contentTypes[0]).toBe('application/x-protobuf');
  for (const { process } of [receiver, worker]) process.signal('SIGTERM');
  const exits = await Promise.all([receiver.process.exited, worker.process.exited]);
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  expect(warnings()).toHaveLength(1);
});
