/** A subscription that Lago knows, as far as the sandbox needs it. */
export type LagoSubscription = {
  external_id: string;
  /** Default: the subscription's external_id. */
  external_customer_id?: string;
  plan_code?: string;
  status?: 'active' | 'pending' | 'terminated' | 'canceled';
  /** ISO 8601. Events before it are never billed. Default: long ago. */
  started_at?: string;
  /** ISO 8601. Events after it are never billed. */
  terminated_at?: string;
};

export type LagoAggregation = 'count_agg' | 'sum_agg' | 'max_agg' | 'unique_count_agg' | 'latest_agg';

export type LagoMetric = {
  aggregation: LagoAggregation;
  /** The property that is aggregated; none for `count_agg`. */
  field?: string;
  /** Only its variables are looked at: an event without one of them fails as in Lago. It is not evaluated. */
  expression?: string;
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
};
