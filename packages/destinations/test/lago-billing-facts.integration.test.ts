import { describe, expect, test } from '@jest/globals';
import { type Sandbox, type SandboxOptions, startSandbox } from '@meterbridge/sandbox';
import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';
import { useClosing } from '@meterbridge/testing';
import { loadRecording, type Recorded } from '../../sandbox/test/lago-recording.js';
import { fateAmong, periodOf } from '../src/lago/billing-fate.js';
import { readMetricFacts, readPlanFacts } from '../src/lago/plan-facts.js';
import { findPlanFaults } from '../src/lago/plan-faults.js';
import { lagoRuleSchema } from '../src/lago/settings.js';

const closing = useClosing();

async function startLago(lago: Partial<SandboxOptions['lago']>, at: string) {
  const clock = { nowMs: Date.parse(at) };
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres', ...lago },
    hyperline: { apiKey: 'key' },
    now: () => clock.nowMs,
  });
  closing.push(() => sandbox.close());
  await listSubscriptions(sandbox);
  return { sandbox, clock };
}

async function read(sandbox: Sandbox, path: string): Promise<Record<string, JsonObject[]>> {
  const headers = { authorization: 'Bearer key' };
  const response = await fetch(`${sandbox.lago.url}/api/v1${path}`, { headers });
  return (await response.json()) as Record<string, JsonObject[]>;
}

async function listSubscriptions(sandbox: Sandbox): Promise<JsonObject[]> {
  const path = '/subscriptions?external_customer_id=c&status[]=active&status[]=terminated';
  return (await read(sandbox, path)).subscriptions!;
}

async function send(sandbox: Sandbox, id: string, at: string): Promise<void> {
  const event = {
    transaction_id: id,
    external_subscription_id: 's',
    code: 'calls',
    timestamp: (Date.parse(at) / 1_000).toFixed(3),
  };
  await fetch(`${sandbox.lago.url}/api/v1/events/batch`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
    body: JSON.stringify({ events: [event] }),
  });
}

const UPGRADED = '2026-11-20T12:00:00.558Z';

test.each([
  ['2026-10-10T11:59:59.999Z'],
  ['2026-10-10T12:00:00.000Z'],
  ['2026-10-31T23:59:59.999Z'],
  ['2026-11-01T00:00:00.000Z'],
  ['2026-11-20T12:00:00.557Z'],
  ['2026-11-20T12:00:00.558Z'],
  ['2026-11-29T00:00:00.000Z'],
  ['2026-12-01T00:00:00.000Z'],
])('an event of %s is open where it will be billed, and nowhere else', async (at) => {
  const known = { external_id: 's', external_customer_id: 'c', plan_code: 'p' };
  const { sandbox, clock } = await startLago(
    {
      knownSubscriptions: [{ ...known, started_at: '2026-10-10T12:00:00.000Z' }],
      metrics: { calls: { aggregation: 'count_agg' } },
      plans: {
        p: { charges: [{ billable_metric_code: 'calls' }] },
        q: { charges: [{ billable_metric_code: 'calls' }] },
      },
    },
    UPGRADED,
  );
  sandbox.lago.upgradeSubscription('s', 'q');
  clock.nowMs = Date.parse('2026-11-29T16:00:00Z');
  const rows = (await listSubscriptions(sandbox)).map((item) => periodOf(item)!);
  const fate = fateAmong(Date.parse(at), rows);
  await send(sandbox, 'e', at);
  clock.nowMs = Date.parse('2027-01-01T00:00:00Z');
  const billed = sandbox.lago.invoices().flatMap(({ fees }) => fees);
  expect({ fate, billed: billed.length }).toEqual({ fate, billed: fate === 'open' ? 1 : 0 });
});

test('metrics and plans as they are answered say what a rule would lose', async () => {
  const { sandbox } = await startLago(
    {
      metrics: {
        seats: { aggregation: 'unique_count_agg', field: 'user' },
        tokens: { aggregation: 'sum_agg', field: 'n', filters: [{ key: 'region', values: ['eu'] }] },
        hours: { aggregation: 'sum_agg', field: 'h', expression: 'event.properties.end - 1' },
      },
      plans: {
        p: {
          charges: [
            { billable_metric_code: 'hours' },
            {
              billable_metric_code: 'tokens',
              filters: [{ values: { region: ['eu'] }, properties: { amount: '2' } }],
            },
          ],
        },
      },
      knownSubscriptions: [],
    },
    '2026-11-29T16:00:00Z',
  );
  const metrics = (await read(sandbox, '/billable_metrics')).billable_metrics!.map(readMetricFacts);
  const plans = (await read(sandbox, '/plans')).plans!.map(readPlanFacts);
  const rules = ['seats', 'tokens', 'hours'].map((code) =>
    lagoRuleSchema.parse({ name: code, code, subscription: 'userId', properties: { user: 'userId' } }),
  );
  const catalogue = { metrics: metrics.map((each) => each!), plans: plans.map((each) => each!) };
  expect(findPlanFaults(catalogue, rules)).toEqual([
    { code: 'metric_in_no_plan', rule: 'seats', metric: 'seats' },
    { code: 'unique_value_untyped', rule: 'seats', metric: 'seats', field: 'user', isPaidInAdvance: false },
    { code: 'filter_key_not_sent', rule: 'tokens', metric: 'tokens', plan: 'p', key: 'region' },
    {
      code: 'expression_variable_not_sent',
      rule: 'hours',
      metric: 'hours',
      variable: 'end',
      isCertain: true,
    },
  ]);
});

const recording = loadRecording<{ answers: Recorded[] }>('lago-1.51.0-reads.json');
const describeIfLoaded = recording === undefined ? describe.skip : describe;

describeIfLoaded('what Lago 1.51.0 answered (skipped where ../shared/data is missing)', () => {
  /** Lists that were shortened hold a text for what was left out. */
  const recorded = (name: 'subscriptions' | 'billable_metrics' | 'plans') =>
    recording!.answers.flatMap(
      ({ answer }) => (answer.body as Record<string, unknown[]>)[name]?.filter(isJsonObject) ?? [],
    );

  test('every subscription can be read, and tells its open period', () => {
    const rows = recorded('subscriptions').map(periodOf);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter((times) => times === null || times.openFromMs === null)).toEqual([]);
  });

  test('every metric and every plan can be read', () => {
    const metrics = recorded('billable_metrics').map(readMetricFacts);
    const plans = recorded('plans').map(readPlanFacts);
    expect(metrics.length).toBeGreaterThan(0);
    expect(plans.length).toBeGreaterThan(0);
    expect([...metrics, ...plans].filter((each) => each === null)).toEqual([]);
    expect(plans.filter((plan) => plan!.charges.length === 0)).toEqual([]);
  });

  test.each<[RegExp, string, string]>([
    [/^an event into an ended/, 'adv_t1_wait', 'late_for_its_period'],
    [/^an event into an earlier period/, 'adv_w1', 'late_for_its_period'],
  ])('%s was taken, and is on no invoice', (name, externalId, fate) => {
    const { answer } = recording!.answers.find((each) => name.test(each.name))!;
    const { events } = answer.body as { events: { timestamp: string }[] };
    const whole = recording!.answers.map((each) => (each.answer.body as JsonObject).subscription);
    const rows = [...recorded('subscriptions'), ...whole.filter(isJsonObject)].filter(
      (item) => item.external_id === externalId,
    );
    const times = rows.map((item) => periodOf(item)!);
    expect(fateAmong(Date.parse(events[0]!.timestamp), times)).toBe(fate);
  });
});
