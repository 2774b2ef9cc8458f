import { describe, expect, test } from '@jest/globals';
import type { LagoCharge, LagoOptions, LagoPlan, LagoSubscription } from '../src/lago/options.js';
import { call, lagoEvent, postLago, start } from './fixture.js';
import { lengthen, loadRecording, type Recorded, toComparable } from './lago-recording.js';

const recording = loadRecording<{ answers: Recorded[] }>('lago-1.51.0-reads.json');
const describeIfLoaded = recording === undefined ? describe.skip : describe;

/** Parts of the recording that the sandbox does not play. */
const NOT_HERE: [RegExp, string][] = [
  [/^page 2 of 119/, 'rows that were made in the database, and have no name'],
  [/^fees of a subscription/, 'billed as time passes: see lago-recorded-bills'],
  [/^usage with charge filters/, 'shortened: the rows that are there, see lago-recorded-bills'],
  [/^a custom metric is a premium/, 'writing a metric'],
  [/^metrics, page 3/, 'shortened beyond what can be told'],
  [/^the organization$/, 'a name and settings of its own: see below'],
];
const here = (recording?.answers ?? []).filter(({ name }) => !NOT_HERE.some(([which]) => which.test(name)));

describeIfLoaded('asked to read what Lago 1.51.0 was asked (skipped where ../shared/data is missing)', () => {
  test.each(here.map((recorded) => [recorded.name, recorded] as const))('%s', async (_name, recorded) => {
    const sandbox = await start({ lago: toSetup(), now: () => Date.parse('2026-11-29T16:09:06Z') });
    await postLago(sandbox, toEvents());
    const { method, path, body } = recorded.request;
    const { status, json } = await call(method, `${sandbox.lago.url}/api/v1${path}`, toBody(body));
    expect({ status, body: toComparable(json, recorded.answer.body) }).toEqual({
      status: recorded.answer.status,
      body: toComparable(recorded.answer.body),
    });
  });

  test.each(['postgres', 'clickhouse'] as const)('the organization says that it is on %s', async (store) => {
    const sandbox = await start({ lago: { store } });
    const { json } = await call('GET', `${sandbox.lago.url}/api/v1/organizations`);
    const { organization } = json as { organization: Record<string, unknown> };
    const recorded = bodyOf('the organization').organization as Record<string, unknown>;
    expect(Object.keys(organization)).toEqual(Object.keys(recorded));
    expect(organization.events_store).toBe(store);
  });
});

function bodyOf(name: string): Record<string, unknown> {
  return recording!.answers.find((recorded) => recorded.name === name)!.answer.body as Record<
    string,
    unknown
  >;
}

/** Subscriptions, plans and metrics as the answers tell of them; the oldest first, as they were made. */
function toSetup(): Partial<LagoOptions> {
  const lists = here.flatMap(
    ({ answer }) => (answer.body as { subscriptions?: LagoSubscription[] }).subscriptions ?? [],
  );
  const ended = bodyOf('an ended subscription by its id').subscription as LagoSubscription & {
    plan: LagoPlan;
  };
  const plans = [
    bodyOf('a plan: its charges name their metrics, models, filters').plan as LagoPlan,
    ended.plan,
    ...(bodyOf('plans by page').plans as LagoPlan[]).toReversed(),
  ] as (LagoPlan & { code: string })[];
  const others = Array.from({ length: 6 - plans.length }, (_item, i): [string, LagoPlan] => [
    `p${i}`,
    { charges: [] },
  ]);
  return {
    knownSubscriptions: [
      ...[...lists, ended].map(toSubscription).reverse(),
      PENDING,
      ...LATE,
      ...BOTH,
      ...UNIQUE,
    ],
    plans: Object.fromEntries([...others, ...plans.map((plan) => [plan.code, toPlan(plan)])]),
    metrics: {
      adv_sum: { name: 'adv sum', aggregation: 'sum_agg', field: 'amount' },
      adv_count: { name: 'adv count', aggregation: 'count_agg' },
      adv_latest: { name: 'adv latest', aggregation: 'latest_agg', field: 'amount' },
      adv_max: { name: 'adv max', aggregation: 'max_agg', field: 'amount' },
      adv_uniq: { name: 'adv uniq', aggregation: 'unique_count_agg', field: 'user' },
      adv_uniq_pia: { aggregation: 'unique_count_agg', field: 'user', name: 'adv uniq adv' },
      adv_filter: {
        name: 'adv filter',
        aggregation: 'sum_agg',
        field: 'amount',
        filters: [
          { key: 'region', values: ['eu', 'us'] },
          { key: 'tier', values: ['free', 'pro', 'true'] },
        ],
      },
      adv_expr: {
        name: 'adv expr',
        aggregation: 'sum_agg',
        field: 'total',
        expression: 'event.properties.a * event.properties.b',
      },
    },
  };
}

const PENDING: LagoSubscription = {
  external_id: 'pend',
  external_customer_id: 'adv_l3_pend',
  status: 'pending',
};
const LATE: LagoSubscription[] = [{ external_id: 'adv_u1_late', started_at: '2026-10-01T00:00:00Z' }];
const BOTH: LagoSubscription[] = [{ external_id: 'adv_r1_a' }, { external_id: 'adv_r1_b' }];

const UNIQUE: LagoSubscription[] = ['adv_o1_a', 'adv_o1_b'].map((external_id) => ({
  external_id,
  plan_code: 'adv_small',
  started_at: '2026-11-28T16:03:15Z',
}));

/** The options only: an answer's other fields are what the test is about. */
function toSubscription(given: LagoSubscription): LagoSubscription {
  const names = [
    'external_id',
    'external_customer_id',
    'plan_code',
    'status',
    'started_at',
    'terminated_at',
    'subscription_at',
    'plan_amount_cents',
    'previous_plan_code',
    'next_plan_code',
    'downgrade_plan_date',
  ] as const;
  const kept = names.filter((name) => given[name] !== null).map((name) => [name, given[name]]);
  return Object.fromEntries(kept) as LagoSubscription;
}

function toPlan({ amount_cents, charges }: LagoPlan): LagoPlan {
  // A text stands for what was left out between the charges.
  const shown = charges.filter((charge) => typeof charge === 'object');
  const left = shown.length === charges.length ? 0 : 20 - shown.length;
  const [last] = shown.slice(-1);
  const more = Array.from({ length: left }, (_item, i) => ({ billable_metric_code: `m${i}` }));
  const paidInAdvance = left > 0 ? [PAID_IN_ADVANCE] : [];
  const all: LagoCharge[] = [
    ...shown.slice(0, -1),
    ...more.slice(paidInAdvance.length),
    ...paidInAdvance,
    last!,
  ];
  return {
    amount_cents: amount_cents ?? 0,
    charges: all.map(({ billable_metric_code, charge_model, pay_in_advance, properties }) => ({
      billable_metric_code,
      ...(charge_model && { charge_model, pay_in_advance: pay_in_advance === true }),
      ...(properties && { properties }),
    })),
  };
}

const PAID_IN_ADVANCE: LagoCharge = {
  billable_metric_code: 'adv_uniq_pia',
  charge_model: 'standard',
  pay_in_advance: true,
  properties: { amount: '10' },
};

/** Events that the reads find. */
function toEvents() {
  const listed = (bodyOf('events that were stored of it').events as Record<string, unknown>[]).map((event) =>
    toSent(event),
  );
  const older = Array.from({ length: 8 }, (_item, i) =>
    lagoEvent(`older-${i}`, {
      code: 'adv_sum',
      external_subscription_id: 'adv_u1_late',
      timestamp: 1793400000 + i,
    }),
  );
  const both = bodyOf('an event by an id that two subscriptions have').event as Record<string, unknown>;
  const late = lagoEvent('adv_w1-adv_uniq_pia', {
    code: 'adv_uniq_pia',
    external_subscription_id: 'adv_w1',
    timestamp: Date.parse('2026-10-15T00:00:00Z') / 1000,
    properties: { user: 'u1' },
  });
  return [...older, ...listed, toSent(both), late, ...toOperations()];
}

function toOperations() {
  const users: [string, string, string?][] = [
    ['adv_o1_a', 'u1', 'add'],
    ['adv_o1_a', 'u2', 'add'],
    ['adv_o1_a', 'u3'],
    ['adv_o1_a', 'u4', 'Add'],
    ['adv_o1_a', 'u5', 'update'],
    ['adv_o1_b', 'u1', 'login'],
  ];
  return users.map(([external_subscription_id, user, operation_type], i) =>
    lagoEvent(`operation-${i}`, {
      code: 'adv_uniq',
      external_subscription_id,
      timestamp: Date.parse('2026-11-29T16:03:15Z') / 1000,
      properties: { user, operation_type },
    }),
  );
}

function toSent({ transaction_id, timestamp, ...event }: Record<string, unknown>) {
  return lagoEvent(transaction_id as string, {
    code: event.code,
    external_subscription_id: event.external_subscription_id,
    timestamp: String(Date.parse(timestamp as string) / 1000),
    properties: event.properties,
  });
}

function toBody(body: unknown): unknown {
  const isTooMany = (body as { events?: unknown } | undefined)?.events === '101 events';
  return isTooMany
    ? { events: Array.from({ length: 101 }, (_item, i) => lagoEvent(`t${i}`)) }
    : lengthen(body);
}
