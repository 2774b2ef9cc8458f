import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Build } from './build.js';

const EVENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const ANSWER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WAIT_SECONDS = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Makes meters of a registry, all under the product's prefix. */
type Make = ReturnType<typeof makerOf>;

function makerOf(registry: Registry) {
  const registers = [registry];
  return {
    counter: <T extends string>(name: string, help: string, labelNames: T[]): Counter<T> =>
      new Counter({ name: `meterbridge_${name}`, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, labelNames: T[]): Gauge<T> =>
      new Gauge({ name: `meterbridge_${name}`, help, labelNames, registers }),
    histogram: <T extends string>(
      name: string,
      help: string,
      buckets: number[],
      labelNames: T[],
    ): Histogram<T> => new Histogram({ name: `meterbridge_${name}`, help, labelNames, buckets, registers }),
  };
}

/** What a worker counts itself, in the order in which a scrape shows it. */
export function createWorkerMeters(registry: Registry) {
  const make = makerOf(registry);
  return { configInfo: configInfo(make), ...settlingMeters(make), ...sendingMeters(make) };
}

/** The same of a receiver. */
export function createReceiverMeters(registry: Registry) {
  const make = makerOf(registry);
  const { counter, histogram } = make;
  return {
    configInfo: configInfo(make),
    httpRequests: counter('http_requests_total', 'Requests answered', ['route', 'status']),
    httpDuration: histogram(
      'http_request_duration_seconds',
      'From the first byte of a request to its answer',
      ANSWER_SECONDS,
      ['route'],
    ),
    received: counter('events_received_total', 'Segment events received, good and bad', ['source']),
    untaken: counter('events_untaken_total', 'Events of names that no rule of any destination takes', [
      'source',
    ]),
    rejected: counter(
      'events_rejected_total',
      'Events that are no Segment events: dead letters of the receiver',
      ['source', 'reason'],
    ),
    rejectedNotKept: counter(
      'events_rejected_not_kept_total',
      'Of the rejected events those that were counted and not kept: no dead letter has them',
      ['source'],
    ),
    personRefused: counter(
      'events_person_refused_total',
      'Events of people whose later events are refused (forget --refuse-later): counted, and stored nowhere',
      ['source'],
    ),
    forgetCalls: counter(
      'forget_calls_total',
      'Proven delete and suppress calls that have a person forgotten, retries of one call too',
      ['source'],
    ),
    accepted: counter('deliveries_accepted_total', 'Deliveries that are safely queued, and filtered events', [
      'destination',
    ]),
    filtered: counter('deliveries_filtered_total', 'Events that no rule of a destination takes', [
      'destination',
    ]),
    webhooks: counter(
      'destination_webhooks_total',
      'Webhooks of an API by what became of them: kept, ignored, refused, unreadable',
      ['destination', 'outcome'],
    ),
    committedBatch: histogram('committed_batch_events', 'Events in a queued job', EVENTS, ['destination']),
  };
}

/** What an archivist counts itself. */
export function createArchivistMeters(registry: Registry) {
  const make = makerOf(registry);
  const { counter } = make;
  return {
    configInfo: configInfo(make),
    rowsWritten: counter('receipt_rows_written_total', 'Rows of receipts in files that count', []),
    roundsFailed: counter(
      'receipt_rounds_failed_total',
      'Rounds in which receipts of a shard could not be taken from Redis or written to disk',
      [],
    ),
    conversionsFailed: counter(
      'receipt_conversions_failed_total',
      'Times that a closed spool could not be made rows of',
      [],
    ),
  };
}

/** What is read anew for each scrape (see `ReceiptStatus`). */
export function createReceiptGauges(registry: Registry) {
  const { gauge } = makerOf(registry);
  return {
    receiptsWaiting: gauge('receipts_waiting', 'Receipts that are in Redis and not on disk', ['shard']),
    receiptBytes: gauge('receipts_waiting_bytes', 'What they take of Redis, about', ['shard']),
    oldestReceipt: gauge('oldest_receipt_age_seconds', 'Age of the oldest of them', ['shard']),
    receiptGap: gauge(
      'receipts_missing',
      'Deliveries and filtered events that ended without a receipt, since too many waited',
      ['shard'],
    ),
  };
}

function configInfo({ gauge }: Make) {
  return gauge('config_info', 'The configuration that the process runs, by its name', ['hash']);
}

function settlingMeters({ counter }: Make) {
  return {
    delivered: counter('deliveries_delivered_total', 'Deliveries the API took', ['destination']),
    late: counter(
      'deliveries_late_total',
      'Of the delivered: usage that the API may never bill, since the time it is of was billed or has no subscription',
      ['destination', 'fate'],
    ),
    duplicate: counter('deliveries_duplicate_total', 'Deliveries the API had already: success', [
      'destination',
    ]),
    duplicatesCompared: counter(
      'duplicates_compared_total',
      'Duplicates by what was found when they were compared with what the API holds, and those that were not',
      ['destination', 'found'],
    ),
    dead: counter('deliveries_dead_total', 'Deliveries that became dead letters', [
      'destination',
      'rule',
      'reason',
    ]),
    newerRecords: counter(
      'newer_records_total',
      'Times that something which a newer version wrote was met, and left to a newer worker',
      ['destination', 'kind'],
    ),
    forgetTurns: counter(
      'forget_turns_total',
      'Turns at requests to forget a person that came as calls: done, or why it is tried again',
      ['result'],
    ),
    settlementsRefused: counter(
      'settlements_refused_total',
      'Settlements that were not written: another hand has gone on with the job (stale), or it is gone',
      ['destination', 'result'],
    ),
  };
}

function sendingMeters({ counter, gauge, histogram }: Make) {
  return {
    requestEvents: histogram('destination_request_events', 'Usage events in a request to an API', EVENTS, [
      'destination',
    ]),
    largeUsage: counter(
      'large_usage_events_total',
      'Usage events sent that come near what the API can store of one, or are beyond it',
      ['destination'],
    ),
    requestDuration: histogram(
      'destination_request_duration_seconds',
      'From sending a request to an API to its answer',
      REQUEST_SECONDS,
      ['destination', 'status'],
    ),
    limiterWait: histogram('limiter_wait_seconds', 'From asking for a slot to having it', WAIT_SECONDS, [
      'destination',
    ]),
    eventsStore: gauge('events_store', '1 for the store that the API keeps events in, where it says so', [
      'destination',
      'store',
    ]),
    limiterProblems: counter('limiter_problems_total', 'What a rate limiter recovered from', [
      'destination',
      'problem',
    ]),
  };
}

/** What is read anew for each scrape (see `ActivityStatus`). */
export function createActivityGauges(registry: Registry) {
  const { gauge } = makerOf(registry);
  return {
    ruleSilent: gauge(
      'rule_silent',
      '1 where a rule has taken nothing for three times the longest gap of its last fourteen days, and an hour',
      ['destination', 'rule'],
    ),
    ruleTaken: gauge('rule_taken_events', 'Events that a rule took in the last fourteen days', [
      'destination',
      'rule',
    ]),
    ruleLastTaken: gauge('rule_last_taken_timestamp_seconds', 'When a rule took its last event', [
      'destination',
      'rule',
    ]),
    untakenNames: gauge('untaken_names', 'Names of events that no rule of any destination takes', ['source']),
  };
}

/** What is read anew for each scrape (see `ForgetStatus`). */
export function createForgetGauges(registry: Registry) {
  const { gauge } = makerOf(registry);
  return {
    forgetOpen: gauge(
      'forget_requests_open',
      'Requests to forget a person that are not done, by why; not_tried: their turn has not come',
      ['why'],
    ),
  };
}

/** What is read anew for each scrape (see `DestinationStatus`). */
export function createStatusGauges(registry: Registry) {
  const { gauge } = makerOf(registry);
  return {
    inFlight: gauge('deliveries_in_flight', 'Deliveries accepted and not settled, over all processes', [
      'destination',
    ]),
    oldestAge: gauge('oldest_event_age_seconds', 'Age of the oldest delivery that is not settled', [
      'destination',
    ]),
    deadLetters: gauge('dead_letters', 'Dead letters that lie there, over all processes', ['destination']),
    discarded: gauge('dead_letters_discarded', 'Dead letters that were discarded, and not brought back', [
      'destination',
    ]),
    difference: gauge(
      'account_difference',
      'Accepted minus what became of it, counted now and then: anything but 0 is a loss or a bug',
      ['destination'],
    ),
    differenceByHour: gauge(
      'account_difference_by_hour',
      'Where the account has not added up for a minute, and by how much; absent where it does',
      ['destination', 'shard', 'hour', 'source'],
    ),
    findingsOpen: gauge(
      'findings_open',
      'Usage that the API reports as taken and not billed, and that nobody has waived or resolved',
      ['destination', 'kind'],
    ),
    breaker: gauge('breaker_state', '1 for the state the destination is in', ['destination', 'state']),
  };
}

/** Which build a process runs: always 1, its labels are what it says. */
export function createBuildGauge(registry: Registry, { revision, ...build }: Build): void {
  const labels = ['version', 'revision', 'node'];
  const gauge = makerOf(registry).gauge('build_info', 'Always 1; its labels say which build this is', labels);
  gauge.set(revision === undefined ? build : { ...build, revision }, 1);
}
