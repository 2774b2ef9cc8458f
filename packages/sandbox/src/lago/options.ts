/** A subscription that Lago knows, as far as the sandbox needs it. */
export type LagoSubscription = {
  external_id: string;
  /** Default: the subscription's external_id. */
  external_customer_id?: string;
  plan_code?: string;
  status?: 'active' | 'pending' | 'terminated' | 'canceled';
  /** ISO 8601. Events before it are never billed. Default: long ago. */
  started_at?: string;
  /** ISO 8601, to the millisecond, which Lago does not tell. Events after it are never billed. */
  terminated_at?: string;
  /** A planned end, ISO 8601: once the clock is past it, the subscription has ended then. */
  ending_at?: string;
  /** Since when the customer has it, upgrades included. Default: started_at. */
  subscription_at?: string;
  /** Where the first period begins that is still to be billed. Default: the first of the clock's month, or started_at where that is later. */
  current_billing_period_started_at?: string;
  plan_amount_cents?: number;
  /** After an upgrade or downgrade: two rows with one external_id. */
  previous_plan_code?: string;
  next_plan_code?: string;
  downgrade_plan_date?: string;
};

/** The last two are shown to those who read metrics, and not computed: their usage is 0 units. */
export type LagoAggregation =
  | 'count_agg'
  | 'sum_agg'
  | 'max_agg'
  | 'unique_count_agg'
  | 'latest_agg'
  | 'weighted_sum_agg'
  | 'custom_agg';

export type LagoMetric = {
  aggregation: LagoAggregation;
  /** Default: its code. */
  name?: string;
  /** The property that is aggregated; none for `count_agg`. */
  field?: string;
  /** Only its variables are looked at: an event without one of them fails as in Lago. It is not evaluated. */
  expression?: string;
  /** Its usage is carried over from period to period: events of any earlier time count too. */
  recurring?: boolean;
  /** Properties by which a charge may tell prices apart, and the values they may have. */
  filters?: readonly { key: string; values: readonly string[] }[];
};

/** What a plan takes for a metric. */
export type LagoCharge = {
  billable_metric_code: string;
  /** Default 'standard'. Of the others `dynamic` is priced by its events, and the rest as if they were standard. */
  charge_model?: string;
  /** Each event has a fee of its own at once, and none on the invoice of its period. */
  pay_in_advance?: boolean;
  /** Default { amount: '1' }. */
  properties?: Readonly<Record<string, unknown>>;
  /** Values that have a price of their own; any other falls to the charge's properties. */
  filters?: readonly {
    values: Readonly<Record<string, readonly string[]>>;
    properties: Readonly<Record<string, unknown>>;
  }[];
};

export type LagoPlan = {
  /** Default: its code. */
  name?: string;
  amount_cents?: number;
  charges: readonly LagoCharge[];
};

export type LagoOptions = {
  apiKey: string;
  /** A second key that may read only: its writes are answered 403. */
  readOnlyApiKey?: string;
  /** Which of Lago's two ways of telling repeats apart. */
  store: 'postgres' | 'clickhouse';
  /** Limit on ingestion, per organization, over any second. Without it there are no limit headers, as when self-hosted. */
  requestsPerSecond?: number;
  /** Limit on everything else. */
  readRequestsPerSecond?: number;
  /** Default 100. */
  maxBatch?: number;
  /** When given, events of any other subscription are still answered 200, and counted as unbillable. */
  knownSubscriptions?: readonly (string | LagoSubscription)[];
  /** By code. When given, events of any other code are still answered 200, and counted as unbillable. */
  metrics?: Readonly<Record<string, LagoMetric>>;
  /** By code. Default: each plan that a subscription names, with a charge for every metric. */
  plans?: Readonly<Record<string, LagoPlan>>;
};
