import { expect, test } from '@jest/globals';
import { createBusinessEvents } from './business-events.js';
import { createLogger } from './create-logger.js';
import { createWorkerMetrics, type DestinationStatus } from './create-metrics.js';

function setUp(level: 'trace' | 'debug' | 'info' = 'trace') {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const metrics = createWorkerMetrics();
  const events = createBusinessEvents(createLogger({ name: 'test', level, destination }), metrics);
  /** The samples of one meter, without its HELP and TYPE lines. */
  const samples = async (name: string) =>
    (await metrics.render()).text
      .split('\n')
      .filter((line) => line.startsWith(`meterbridge_${name}{`))
      .toSorted();
  return { lines, metrics, events, samples };
}

test.each([
  [201, '2xx'],
  [422, '4xx'],
  [503, '5xx'],
  [undefined, 'none'],
])('an attempt answered with %p counts as %s', async (status, expected) => {
  const { events, lines, samples } = setUp();
  events.deliveryAttempted({
    destination: 'lago',
    events: 100,
    bytes: 40_000,
    large: 3,
    status,
    verdict: 'settled',
    jobIds: ['b1'],
    durationMs: 250,
    waitedMs: 20,
  });
  expect(lines[0]).toMatchObject({ msg: 'delivery.attempted', level: 'info', events: 100 });
  expect(await samples('destination_request_duration_seconds_sum')).toEqual([
    `meterbridge_destination_request_duration_seconds_sum{destination="lago",status="${expected}"} 0.25`,
  ]);
  expect(await samples('limiter_wait_seconds_sum')).toEqual([
    'meterbridge_limiter_wait_seconds_sum{destination="lago"} 0.02',
  ]);
  expect(await samples('large_usage_events_total')).toEqual([
    'meterbridge_large_usage_events_total{destination="lago"} 3',
  ]);
});

test('an attempt that failed has its code and its cause in the line', () => {
  const { events, lines } = setUp();
  const attempted = {
    destination: 'lago',
    events: 1,
    bytes: 1,
    large: 0,
    jobIds: ['b1'],
    durationMs: 1,
    waitedMs: 0,
  };
  const failure = { verdict: 'transient', code: 'connection', cause: 'ECONNREFUSED' };
  events.deliveryAttempted({ ...attempted, ...failure });
  expect(lines[0]).toMatchObject({ msg: 'delivery.attempted', ...failure });
});

test('an attempt says its jobs, and where it failed or at debug the requests that it carries, 20 of each at most', () => {
  const many = Array.from({ length: 500 }, (_, index) => `id-${index}`);
  const attempted = {
    destination: 'lago',
    attemptId: 'k3x9q0-1',
    events: 500,
    bytes: 1,
    large: 0,
    jobIds: many,
  };
  const times = { durationMs: 1, waitedMs: 0 };
  const first = many.slice(0, 20);
  const tell = (level: 'info' | 'debug', verdict: string) => {
    const { events, lines } = setUp(level);
    events.deliveryAttempted({ ...attempted, ...times, verdict }, () => many);
    return lines[0];
  };
  expect(tell('info', 'settled')).toMatchObject({ attemptId: 'k3x9q0-1', jobIds: first });
  expect(tell('info', 'settled')).not.toHaveProperty('requestIds');
  expect(tell('info', 'rate-limited')).toMatchObject({ jobIds: first, requestIds: first });
  expect(tell('debug', 'settled')).toMatchObject({ requestIds: first });
});

test('what was not written since another hand has the job is counted, and told with job and hand', async () => {
  const { events, lines, samples } = setUp();
  const refused = { destination: 'lago', jobId: 'b1', hand: 'w1:7' };
  events.settlementRefused({ ...refused, result: 'stale' });
  events.settlementRefused({ ...refused, result: 'gone' });
  expect(lines).toMatchObject([
    { msg: 'settlement.refused', level: 'warn', ...refused, result: 'stale' },
    { msg: 'settlement.refused', level: 'warn', ...refused, result: 'gone' },
  ]);
  expect(await samples('settlements_refused_total')).toEqual([
    'meterbridge_settlements_refused_total{destination="lago",result="gone"} 1',
    'meterbridge_settlements_refused_total{destination="lago",result="stale"} 1',
  ]);
});

test('what was settled and what died is counted', async () => {
  const { events, lines, samples } = setUp();
  const settled = { destination: 'lago', jobId: 'j1', delivered: 7, duplicate: 2, dead: 1 };
  events.deliverySettled({ ...settled, remaining: 0, delayMs: 0 });
  const letters = { source: 'backend', rule: 'api-calls', reason: 'refused', status: 422, count: 3 };
  events.eventsDeadLettered({
    ...letters,
    destination: 'lago',
    messageIds: ['m1', 'm2', 'm3'],
    requestIds: ['r1'],
  });
  expect(lines.map((line) => line.msg)).toEqual(['delivery.settled', 'event.dead_lettered']);
  expect(await samples('deliveries_delivered_total')).toEqual([
    'meterbridge_deliveries_delivered_total{destination="lago"} 7',
  ]);
  expect(await samples('deliveries_duplicate_total')).toEqual([
    'meterbridge_deliveries_duplicate_total{destination="lago"} 2',
  ]);
  expect(await samples('deliveries_dead_total')).toEqual([
    'meterbridge_deliveries_dead_total{destination="lago",rule="api-calls",reason="refused"} 3',
  ]);
});

test('what comparing duplicates found is counted by what it was; a line warns where an event is not what it seemed', async () => {
  const { events, lines, samples } = setUp();
  const compared = { destination: 'lago', same: 5, olderRule: 1, notCompared: 2, durationMs: 9 };
  events.duplicatesCompared({ ...compared, different: 0, deletedThere: 0 });
  events.duplicatesCompared({ ...compared, different: 3, deletedThere: 1 });
  expect(lines).toMatchObject([
    { msg: 'duplicates.compared', level: 'debug', same: 5 },
    { msg: 'duplicates.compared', level: 'warn', different: 3 },
  ]);
  const counts = { same: 10, older_rule: 2, different: 3, deleted_there: 1, not_compared: 4 };
  expect((await samples('duplicates_compared_total')).toSorted()).toEqual(
    Object.entries(counts)
      .map(
        ([found, count]) =>
          `meterbridge_duplicates_compared_total{destination="lago",found="${found}"} ${count}`,
      )
      .toSorted(),
  );
});

test('late usage is counted by its fate, and a line warns of it', async () => {
  const { events, lines, samples } = setUp();
  const late = {
    destination: 'lago',
    jobId: '7',
    late_for_its_period: 3,
    after_its_end: 0,
    before_its_start: 1,
  };
  events.usageLate(late);
  expect(lines).toMatchObject([{ msg: 'usage.late', level: 'warn', late_for_its_period: 3, jobId: '7' }]);
  expect((await samples('deliveries_late_total')).toSorted()).toEqual([
    'meterbridge_deliveries_late_total{destination="lago",fate="after_its_end"} 0',
    'meterbridge_deliveries_late_total{destination="lago",fate="before_its_start"} 1',
    'meterbridge_deliveries_late_total{destination="lago",fate="late_for_its_period"} 3',
  ]);
});

test("a destination's status is read for each scrape, and absent when it cannot be read", async () => {
  const { metrics, samples } = setUp();
  const status: DestinationStatus = {
    destination: 'lago',
    inFlight: 3,
    oldestEventAgeMs: 1_500,
    dead: 4,
    discarded: 5,
    difference: -2,
    differences: [
      { shard: 'lago', hour: '2026-08-01T14:00Z', source: 'backend', difference: 5 },
      { shard: 'lago@1', hour: 'earlier', source: 'any', difference: -7 },
    ],
    breaker: 'open',
  };
  const none = { inFlight: 0, oldestEventAgeMs: 0, discarded: 0, difference: 0 };
  const receiver = { destination: 'receiver', ...none, dead: 7 };
  let read = (): Promise<DestinationStatus[]> => Promise.resolve([status, receiver]);
  metrics.watchDestinations(() => read());
  expect(await samples('deliveries_in_flight')).toEqual([
    'meterbridge_deliveries_in_flight{destination="lago"} 3',
    'meterbridge_deliveries_in_flight{destination="receiver"} 0',
  ]);
  expect(await samples('dead_letters')).toEqual([
    'meterbridge_dead_letters{destination="lago"} 4',
    'meterbridge_dead_letters{destination="receiver"} 7',
  ]);
  expect(await samples('dead_letters_discarded')).toEqual([
    'meterbridge_dead_letters_discarded{destination="lago"} 5',
    'meterbridge_dead_letters_discarded{destination="receiver"} 0',
  ]);
  expect(await samples('account_difference')).toEqual([
    'meterbridge_account_difference{destination="lago"} -2',
    'meterbridge_account_difference{destination="receiver"} 0',
  ]);
  expect(await samples('account_difference_by_hour')).toEqual([
    'meterbridge_account_difference_by_hour{destination="lago",shard="lago",hour="2026-08-01T14:00Z",source="backend"} 5',
    'meterbridge_account_difference_by_hour{destination="lago",shard="lago@1",hour="earlier",source="any"} -7',
  ]);
  expect(await samples('oldest_event_age_seconds')).toEqual([
    'meterbridge_oldest_event_age_seconds{destination="lago"} 1.5',
    'meterbridge_oldest_event_age_seconds{destination="receiver"} 0',
  ]);
  expect(await samples('breaker_state')).toContain(
    'meterbridge_breaker_state{destination="lago",state="open"} 1',
  );
  expect(await samples('breaker_state')).toContain(
    'meterbridge_breaker_state{destination="lago",state="closed"} 0',
  );
  expect((await samples('breaker_state')).join()).not.toContain('receiver');
  read = () => Promise.reject(new Error('Redis is away'));
  expect(await samples('deliveries_in_flight')).toEqual([]);
  expect(await samples('account_difference')).toEqual([]);
  expect(await samples('account_difference_by_hour')).toEqual([]);
  read = () => new Promise(() => {});
  expect(await samples('breaker_state')).toEqual([]);
});
