import { describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../src/index.js';
import type { LagoOptions } from '../src/lago/options.js';
import { call, start } from './fixture.js';
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
    api_call: { aggregation: 'sum_agg', field: 'tokens' },
    requests: { aggregation: 'count_agg' },
    seats: { aggregation: 'unique_count_agg', field: 'user_id' },
    doomed: { aggregation: 'count_agg' },
  },
  knownSubscriptions: Array.from({ length: 20 }, (_item, i) => ({
    external_id: `sub_${i}`,
    external_customer_id: `cus_${i}`,
    plan_code: 'std',
    started_at: '2026-11-01T00:00:00.000Z',
  })),
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
});

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
