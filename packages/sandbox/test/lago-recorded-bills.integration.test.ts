import { describe, expect, test } from '@jest/globals';
import type { LagoOptions, LagoSubscription } from '../src/lago/options.js';
import { call, lagoEvent, postLago, start } from './fixture.js';
import { loadRecording, type Recorded, toComparable } from './lago-recording.js';

const recording = loadRecording<{ answers: Recorded[] }>('lago-1.51.0-reads.json');
const describeIfLoaded = recording === undefined ? describe.skip : describe;

const CATALOGUE: Partial<LagoOptions> = {
  metrics: {
    adv_sum: { name: 'adv sum', aggregation: 'sum_agg', field: 'amount' },
    adv_count: { name: 'adv count', aggregation: 'count_agg' },
    adv_dyn: { name: 'adv dyn', aggregation: 'sum_agg', field: 'amount' },
    adv_wsum_rec: { name: 'adv wsum rec', aggregation: 'weighted_sum_agg', field: 'amount', recurring: true },
  },
  plans: {
    adv_small: { charges: [{ billable_metric_code: 'adv_count' }, { billable_metric_code: 'adv_sum' }] },
    adv_plan: {
      charges: [
        { billable_metric_code: 'adv_wsum_rec' },
        { billable_metric_code: 'adv_dyn', charge_model: 'dynamic' },
        { billable_metric_code: 'adv_count' },
      ],
    },
  },
};

/** A Lago whose clock is told, and which knew its subscription at the beginning. */
async function startLago(subscription: LagoSubscription, at: string) {
  const clock = { nowMs: Date.parse(at) };
  const sandbox = await start({
    lago: { ...CATALOGUE, knownSubscriptions: [subscription] },
    now: () => clock.nowMs,
  });
  await call('GET', `${sandbox.lago.url}/api/v1/subscriptions`);
  return { sandbox, clock };
}

function find(name: RegExp): Recorded {
  return recording!.answers.find((recorded) => name.test(recorded.name))!;
}

/** One event of 1, and ten of 10 that wait. */
function eventsOf(externalId: string, at: string) {
  return Array.from({ length: 11 }, (_item, i) =>
    lagoEvent(`${externalId}-${i}`, {
      external_subscription_id: externalId,
      code: 'adv_sum',
      timestamp: String(Date.parse(at) / 1000 + i / 1000),
      properties: { amount: i === 0 ? 1 : 10 },
    }),
  );
}

describeIfLoaded('bills what Lago 1.51.0 billed (skipped where ../shared/data is missing)', () => {
  test.each<[RegExp, LagoSubscription, string, string]>([
    [
      /^fees of a subscription whose October was billed/,
      { external_id: 'adv_u1_late', plan_code: 'adv_small', started_at: '2026-10-01T00:00:00Z' },
      '2026-10-31T23:59:00Z',
      '2026-11-01T00:00:00Z',
    ],
    [
      /^fees of a subscription that ended/,
      {
        external_id: 'adv_t1_wait',
        plan_code: 'adv_small',
        started_at: '2026-11-24T15:43:54.959Z',
        ending_at: '2026-11-29T15:44:02Z',
      },
      '2026-11-29T15:44:00Z',
      '2026-11-29T15:44:02Z',
    ],
  ])('%s', async (name, subscription, usedAt, billedAt) => {
    const { sandbox, clock } = await startLago(subscription, usedAt);
    const [first, ...waiting] = eventsOf(subscription.external_id, usedAt);
    await postLago(sandbox, [first]);
    clock.nowMs = Date.parse(billedAt);
    await postLago(sandbox, waiting);
    // The month after is billed as well, and changes nothing.
    clock.nowMs = Date.parse('2026-12-01T00:00:00Z');
    const { request, answer } = find(name);
    const url = `${sandbox.lago.url}/api/v1`;
    const { status, json } = await call('GET', `${url}${request.path}`);
    expect({ status, body: toComparable(json) }).toEqual({
      status: answer.status,
      body: toComparable(answer.body),
    });
    const path = `/events?external_subscription_id=${subscription.external_id}`;
    expect((await call('GET', `${url}${path}`)).json).toMatchObject({ meta: { total_count: 11 } });
    expect(sandbox.lago.inspect().late).toBe(10);
  });

  /** `adv_custom` runs code of Lago's own, and what was left out of the list cannot be told. */
  test.each(['adv_count', 'adv_dyn', 'adv_wsum_rec'])('usage of %s', async (code) => {
    const { request, answer } = find(/^usage with charge filters/);
    const subscription = {
      external_id: 'adv_s1',
      external_customer_id: 'adv_c1',
      plan_code: 'adv_plan',
      started_at: '2026-11-01T00:00:00Z',
    };
    const { sandbox } = await startLago(subscription, '2026-11-29T16:00:00Z');
    await postLago(
      sandbox,
      ['100.5', '50.5'].map((cents, i) =>
        lagoEvent(`dynamic-${i}`, {
          external_subscription_id: 'adv_s1',
          code: 'adv_dyn',
          timestamp: '1795965638',
          precise_total_amount_cents: cents,
          properties: { amount: i + 2 },
        }),
      ),
    );
    const rowOf = (body: unknown) => {
      const { customer_usage: usage } = body as { customer_usage: { charges_usage: unknown[] } };
      return usage.charges_usage.find((row) => (row as { charge?: { code: string } }).charge?.code === code);
    };
    const { json } = await call('GET', `${sandbox.lago.url}/api/v1${request.path}`);
    expect(toComparable(rowOf(json))).toEqual(toComparable(rowOf(answer.body)));
  });
});
