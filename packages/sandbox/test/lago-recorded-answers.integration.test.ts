import { describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../src/index.js';
import type { LagoOptions } from '../src/lago/options.js';
import { call, lagoEvent, postLago, start } from './fixture.js';
import {
  type LagoRecording,
  lengthen,
  loadRecording,
  type Recorded,
  toComparable,
} from './lago-recording.js';

/** As the recording's set-up says. */
const SETUP: Partial<LagoOptions> = {
  metrics: {
    api_call: { name: 'API calls', aggregation: 'sum_agg', field: 'tokens' },
    requests: { name: 'Requests', aggregation: 'count_agg' },
    seats: { name: 'Seats', aggregation: 'unique_count_agg', field: 'user_id' },
    doomed: { name: 'Doomed', aggregation: 'count_agg' },
  },
  knownSubscriptions: Array.from({ length: 20 }, (_item, i) => ({
    external_id: `sub_${i}`,
    external_customer_id: `cus_${i}`,
    plan_code: 'std',
    started_at: '2026-11-01T00:00:00.000Z',
  })),
  plans: {
    std: {
      name: 'Std',
      charges: [
        { billable_metric_code: 'seats', properties: { amount: '5' } },
        { billable_metric_code: 'requests', properties: { amount: '0.02' } },
        { billable_metric_code: 'api_call', properties: { amount: '0.01' } },
      ],
    },
  },
};

/** What the recording says in a name only: all else went with the right key, as JSON. */
const HEADERS: Record<string, Record<string, string>> = {
  'no key': { authorization: '' },
  'wrong key': { authorization: 'Bearer wrong' },
  'basic auth': { authorization: 'Basic key' },
  'wrong content type': { 'content-type': 'text/plain' },
};

const recording = loadRecording<LagoRecording>('lago-1.51.0.json');
const describeIfLoaded = recording === undefined ? describe.skip : describe;

describeIfLoaded('asked what Lago 1.51.0 was asked (skipped where ../shared/data is missing)', () => {
  test('every write is answered as Lago answered it', async () => {
    let nowMs = 0;
    const sandbox = await start({ lago: SETUP, now: () => nowMs });
    for (const recorded of [...recording!.writes, ...recording!.deletedMetric]) {
      nowMs = timeOf(recorded);
      await expectSameAnswer(sandbox, recorded);
    }
  });

  test('every read is answered as Lago answered it', async () => {
    const sandbox = await start({ lago: SETUP, now: () => Date.parse('2026-11-29T15:21:36Z') });
    for (const { request } of recording!.writes) {
      if (request.body !== undefined && request.path === '/events/batch')
        await call('POST', `${sandbox.lago.url}/api/v1/events/batch`, lengthen(request.body));
    }
    await sendHour(sandbox);
    await fillUp(sandbox);
    for (const recorded of recording!.reads) await expectSameAnswer(sandbox, recorded);
  });

  test('each value counts as it counted there', async () => {
    const sandbox = await start({ lago: SETUP, now: () => Date.parse('2026-11-29T15:22:00Z') });
    for (const [i, { value, unitsAfter, eventsAfter }] of recording!.sums.rows.entries()) {
      const event = lagoEvent(`sum-${i}`, {
        external_subscription_id: 'sub_6',
        timestamp: 1795965700,
        properties: { tokens: value },
      });
      await call('POST', `${sandbox.lago.url}/api/v1/events`, { event });
      const path =
        '/customers/cus_6/current_usage?external_subscription_id=sub_6&billable_metric_code=api_call';
      const usage = { units: unitsAfter, events_count: eventsAfter };
      expect({ value, usage: (await call('GET', `${sandbox.lago.url}/api/v1${path}`)).json }).toMatchObject({
        value,
        usage: { customer_usage: { charges_usage: [usage] } },
      });
    }
  });
});

/** Events that the reads are about, and whose writing is not in the recording: four a minute, and the edges. */
async function sendHour(sandbox: Sandbox): Promise<void> {
  const from = Date.parse('2026-11-29T13:00:00Z');
  const times = new Map(Array.from({ length: 250 }, (_item, i) => [i, from + i * 14_400]));
  times
    .set(899, from - 1)
    .set(900, from)
    .set(901, from + 3_599_999)
    .set(902, from + 3_600_000);
  const events = [...times].map(([i, ms]) =>
    lagoEvent(`r695590-${String(i).padStart(4, '0')}`, {
      external_subscription_id: 'sub_5',
      timestamp: String(ms / 1000),
      properties: { tokens: 1 },
    }),
  );
  for (let i = 0; i < events.length; i += 100) await postLago(sandbox, events.slice(i, i + 100));
}

/** The lists over all subscriptions counted 432 events of one code, 440 in all: older ones make up for them. */
async function fillUp(sandbox: Sandbox): Promise<void> {
  const events = sandbox.lago.events();
  const calls = events.filter(({ code }) => code === 'api_call').length;
  const others = events.length - calls;
  const older = [...Array(432 - calls).fill('api_call'), ...Array(8 - others).fill('requests')].map(
    (code, i) => lagoEvent(`older-${i}`, { code, external_subscription_id: 'sub_2', timestamp: 1 }),
  );
  await postLago(sandbox, older);
}

async function expectSameAnswer(sandbox: Sandbox, { name, request, answer }: Recorded): Promise<void> {
  const url = `${sandbox.lago.url}/api/v1${request.path}`;
  const body = request.raw ?? lengthen(request.body);
  const reply = await call(request.method, url, body, HEADERS[name]);
  expect({ name, status: reply.status, body: toComparable(reply.json ?? reply.text, answer.body) }).toEqual({
    name,
    status: answer.status,
    body: toComparable(answer.body),
  });
}

/** An event without a time of its own got the time of its arrival. */
function timeOf({ answer }: Recorded): number {
  const [, time] = /"timestamp":"(2026[^"]*)"/.exec(JSON.stringify(answer.body)) ?? [];
  return Date.parse(time ?? '2026-11-29T15:20:38Z');
}
