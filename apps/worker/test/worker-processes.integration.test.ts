import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { expectEachOnce, useStack } from '../../cli/test/run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

const idsOf = (tracks: { messageId: string }[]) => tracks.map(({ messageId }) => messageId);

/** Usage events in requests that this worker made, by its own log. */
function attempted(output: string, destination: string): number {
  return output
    .split('\n')
    .filter((line) => line.includes('"delivery.attempted"'))
    .map((line) => JSON.parse(line) as { destination: string; events: number })
    .filter((line) => line.destination === destination)
    .reduce((sum, { events }) => sum + events, 0);
}

test('a worker killed in the middle: another takes its jobs over, nothing is lost and nothing billed twice', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 150 } });
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(3_000);
  await sendAll(receiver.url, tracks);
  const first = await stack.startReady('worker');
  await waitFor(() => stack.sandbox.lago.ledger.size >= 400, { what: 'the first deliveries' });
  first.process.signal('SIGKILL');
  await first.process.exited;
  expect(stack.sandbox.lago.ledger.size).toBeLessThan(tracks.length);
  expect(await expireLocks(stack.redis)).toBeGreaterThan(0);

  await stack.startReady('worker');
  const { lago, hyperline } = await stack.settled(tracks.length);
  expect(lago).toMatchObject({ difference: 0, dead: 0 });
  expect(hyperline).toMatchObject({ difference: 0, dead: 0 });
  expect(lago.delivered + lago.duplicate).toBe(tracks.length);
  expectEachOnce(stack.sandbox, idsOf(tracks));
});

test('two workers at once share the work and deliver each event once', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 30 } });
  const receiver = await stack.startReady('receiver');
  const workers = await Promise.all([stack.startReady('worker'), stack.startReady('worker')]);
  // Small batches: a job is what workers share.
  const tracks = makeTracks(3_000);
  await sendAll(receiver.url, tracks, 20);
  const { lago, hyperline } = await stack.settled(tracks.length);
  const all = { accepted: tracks.length, delivered: tracks.length, duplicate: 0, difference: 0 };
  expect([lago, hyperline]).toMatchObject([all, all]);
  expectEachOnce(stack.sandbox, idsOf(tracks));
  for (const api of [stack.sandbox.lago, stack.sandbox.hyperline]) {
    expect(api.ledger.counts()).toMatchObject({ storedAgain: 0, refusedAgain: 0 });
  }
  for (const { process } of workers) expect(attempted(process.output(), 'lago')).toBeGreaterThan(0);
});

test('SIGTERM under load: the worker settles what is on its way, puts the rest back and exits with 0', async () => {
  const stack = await stacks.open({ sandbox: { latencyMs: 150 } });
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(4_000);
  await sendAll(receiver.url, tracks);
  const first = await stack.startReady('worker');
  await waitFor(() => stack.sandbox.lago.ledger.size >= 400, { what: 'the first deliveries' });
  first.process.signal('SIGTERM');
  // A drain that takes long is cut, and ends with 1.
  expect(await first.process.exited).toEqual({ code: 0, signal: null });

  const left = await stack.account('lago');
  expect(left).toMatchObject({ difference: 0, dead: 0, jobs: { active: 0, delayed: 0, failed: 0 } });
  expect(left.inFlight).toBeGreaterThan(0);
  expect(left.delivered).toBe(stack.sandbox.lago.ledger.size);

  const second = await stack.startReady('worker');
  const { lago } = await stack.settled(tracks.length);
  expect(second.process.output()).not.toContain('stalled');
  expect(lago).toMatchObject({ difference: 0, dead: 0, delivered: tracks.length, duplicate: 0 });
  expectEachOnce(stack.sandbox, idsOf(tracks));
  expect(stack.sandbox.lago.ledger.counts()).toMatchObject({ storedAgain: 0, refusedAgain: 0 });
});

test('answers an orchestrator and Prometheus', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  const tracks = makeTracks(50);
  await sendAll(receiver.url, [...tracks, ...makeTracks(10, { properties: { model: 'small' } })]);
  await stack.settled(60);
  expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${worker.url}/readyz`)).status).toBe(200);
  const answer = await fetch(`${worker.url}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const text = await answer.text();
  for (const line of [
    'meterbridge_deliveries_delivered_total{destination="lago"} 50',
    'meterbridge_deliveries_delivered_total{destination="hyperline"} 60',
    'meterbridge_deliveries_dead_total{destination="lago",rule="api-calls",reason="unmapped"} 10',
    'meterbridge_deliveries_in_flight{destination="lago"} 0',
    'meterbridge_oldest_event_age_seconds{destination="lago"} 0',
    'meterbridge_breaker_state{destination="lago",state="closed"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toMatch(
    /meterbridge_destination_request_duration_seconds_count\{destination="lago",status="2xx"\} \d/,
  );
});
