import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { expect, test } from '@jest/globals';
import { readMemory } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { expectEachOnce, useStack } from '../../cli/test/run-stack.js';
import { CONFIG, WRITE_KEY } from '../../cli/test/stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** A request whose headers the receiver has for certain and whose body it waits for. */
function beginRequest(receiverUrl: string, batch: Track[]) {
  const body = JSON.stringify({ batch, writeKey: WRITE_KEY });
  const req = request(`${receiverUrl}/v1/batch`, {
    method: 'POST',
    agent: false,
    headers: { expect: '100-continue', 'content-length': Buffer.byteLength(body) },
  });
  const begun = new Promise<void>((resolve) => req.once('continue', resolve));
  const status = new Promise<number | string>((resolve) => {
    req.once('response', (res) => {
      res.resume().once('end', () => resolve(res.statusCode!));
    });
    req.once('error', (error) => resolve(error.message));
  });
  req.flushHeaders();
  return { begun, status, finish: () => req.end(body) };
}

test('SIGTERM under load: every request that was begun is answered, and the receiver exits with 0', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const begun = Array.from({ length: 40 }, () => {
    const batch = makeTracks(5);
    return { batch, ...beginRequest(receiver.url, batch) };
  });
  await Promise.all(begun.map((each) => each.begun));
  // And clients beside them that go on until nobody answers.
  const taken: Track[] = begun.flatMap(({ batch }) => batch);
  const untilGone = async () => {
    for (;;) {
      const batch = makeTracks(5);
      const { status } = await postBatch(receiver.url, batch);
      if (status === 0) return;
      expect(status).toBe(200);
      taken.push(...batch);
    }
  };
  const clients = [untilGone(), untilGone(), untilGone()];

  receiver.process.signal('SIGTERM');
  await waitFor(() => receiver.process.output().includes('receiver.draining'), { what: 'the drain' });
  await Promise.all(clients);
  for (const { finish } of begun) finish();
  expect(new Set(await Promise.all(begun.map(({ status }) => status)))).toEqual(new Set([200]));
  expect(await receiver.process.exited).toEqual({ code: 0, signal: null });

  await stack.startReady('worker');
  await stack.settled(taken.length);
  const delivered = new Set([...stack.sandbox.lago.ledger.entries()].map(({ id }) => id));
  expect(taken.filter(({ messageId }) => !delivered.has(messageId))).toEqual([]);
  expect(await stack.account('lago')).toMatchObject({ difference: 0, dead: 0 });
});

test('stops at once where Redis has never been there', async () => {
  const stack = await stacks.open();
  await suite.redis.kill('SIGKILL');
  try {
    const receiver = stack.start('receiver');
    await receiver.url();
    receiver.signal('SIGTERM');
    // Redis comes only after it.
    expect(await receiver.exited).toEqual({ code: 0, signal: null });
  } finally {
    await suite.redis.restart();
  }
});

test('Redis nearly full: senders are told when to come again, deliveries go on and make room', async () => {
  const stack = await stacks.open({ config: `${CONFIG}\nredis: { maxMemoryPercent: 50 }\n` });
  const { url } = await stack.startReady('receiver');
  await stack.redis.config(
    'SET',
    'maxmemory',
    String((await readMemory(stack.redis))!.usedBytes + 6_000_000),
  );
  try {
    // Random text does not shrink when it is compressed.
    const blob = () => randomBytes(500).toString('base64');
    const taken: Track[] = [];
    const refused = await waitFor(
      async () => {
        const batch = makeTracks(10).map((track) => ({
          ...track,
          properties: { tokens: 1, model: blob(), subscription_id: 'sub-1' },
        }));
        const answered = await postBatch(url, batch);
        if (answered.status === 200) taken.push(...batch);
        return answered.status !== 200 && answered;
      },
      { what: 'Redis to fill up' },
    );
    expect(refused).toMatchObject({ status: 429, retryAfter: expect.stringMatching(/^[1-9]\d*$/) });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    await stack.startReady('worker');
    const next = makeTracks(10);
    await sendAll(url, next);
    const { lago } = await stack.settled(taken.length + 10);
    expect(lago).toMatchObject({ difference: 0, dead: 0, delivered: taken.length + 10 });
    expectEachOnce(
      stack.sandbox,
      [...taken, ...next].map(({ messageId }) => messageId),
    );
  } finally {
    await stack.redis.config('SET', 'maxmemory', '0');
  }
});

test('answers an orchestrator and Prometheus', async () => {
  const stack = await stacks.open();
  const { url } = await stack.startReady('receiver');
  const page = { type: 'page', userId: 'u1', messageId: 'page-1', timestamp: new Date().toISOString() };
  await sendAll(url, [...makeTracks(20), page, { type: 'track', userId: 'u1', messageId: 'no-event' }]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  // The filtered event is counted with a write of its own, which nobody waits for.
  const text = await waitFor(
    async () => {
      const now = await (await fetch(`${url}/metrics`)).text();
      return now.includes('meterbridge_deliveries_filtered_total{destination="lago"} 1') && now;
    },
    { what: 'the filtered event' },
  );
  for (const line of [
    'meterbridge_events_received_total{source="backend"} 22',
    'meterbridge_events_rejected_total{source="backend",reason="missing_event"} 1',
    'meterbridge_deliveries_accepted_total{destination="lago"} 21',
    'meterbridge_http_requests_total{route="/v1/batch",status="200"} 1',
    'meterbridge_http_request_duration_seconds_count{route="/v1/batch"} 1',
    'meterbridge_committed_batch_events_count{destination="hyperline"} 1',
  ]) {
    expect(text).toContain(line);
  }
});

test('refused events fill no Redis: what they may take is a small part of it, and good events are taken all along', async () => {
  const stack = await stacks.open();
  // From its first look on, each second, the receiver knows of it.
  await stack.redis.config('SET', 'maxmemory', '40000000');
  try {
    const { url } = await stack.startReady('receiver');
    await stack.startReady('worker');
    const blob = () => randomBytes(660).toString('base64');
    const good: Track[] = [];
    const ledger = () => stack.redis.hgetall('meterbridge:{receiver}:ledger');
    for (let request = 0; request < 40; request += 1) {
      const refused = makeTracks(1_000).map(() => ({ messageId: '', text: blob() }));
      expect(await postBatch(url, refused)).toMatchObject({ status: 200 });
      const [next] = makeTracks(1) as [Track];
      expect(await postBatch(url, [next])).toMatchObject({ status: 200 });
      good.push(next);
    }
    // 5 % of 40 MB, a fourth of that for the source, half of that for the hour, and two hours at most.
    const { keptBytes, accepted, dead, discarded, notKept } = await ledger();
    expect(Number(keptBytes)).toBeGreaterThan(200_000);
    expect(Number(keptBytes)).toBeLessThanOrEqual(500_000);
    expect([accepted, discarded]).toEqual(['40000', notKept]);
    expect(Number(dead) + Number(notKept)).toBe(40_000);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(`meterbridge_events_rejected_not_kept_total{source="backend"} ${notKept}`);
    const audited = await stack.cli('audit', '--destination', 'receiver');
    expect(audited.code).toBe(0);
    expect(audited.output).toContain(
      `${Number(notKept).toLocaleString('en')} of the discarded are events that the receiver refused and counted`,
    );
    const { lago } = await stack.settled(good.length);
    expect(lago).toMatchObject({ delivered: good.length, difference: 0 });
  } finally {
    await stack.redis.config('SET', 'maxmemory', '0');
  }
});
