export type HyperlineOptions = {
  apiKey: string;
  /** Limit on all requests of the ingest API, reads included, over any ten seconds. Default: none. */
  requestsPer10Seconds?: number;
  /** When given, any other customer is not found: `events_failed` in a batch, 404 alone. */
  knownCustomers?: readonly string[];
  /**
   * Refuses a batch of several event types, as the vendor's command line says the API does; no page says so.
   * Default: they are taken.
   */
  oneEventTypeABatch?: boolean;
  /** Both are documented for POST /v1/events. Default 201. */
  singleStatus?: 201 | 202;
  /** What a single ingest answers besides its status; no page says. Default 'event'. */
  singleBody?: 'event' | 'empty';
};
