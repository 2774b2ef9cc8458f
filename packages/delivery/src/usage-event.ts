/** One usage event, written for its destination, ready to send. */
export type UsageEvent = {
  /**
   * What the API takes for the same effect: Lago's transaction_id and timestamp, Hyperline's event_type,
   * record.id and timestamp. Two with one key and different bodies are an identity collision: the API
   * would silently keep only one.
   */
  key: string;
  /** What may stand only once in one request: Lago's transaction_id, Hyperline's event_type and record.id. */
  recordIdentity: string;
  /**
   * Requests hold events of one kind only, where the API asks for that (Hyperline's event_type). Left out where any
   * may share a request.
   */
  kind?: string;
  /** The customer that is billed, where the API's key leaves it out (Hyperline): one record under two customers is a collision. */
  customer?: string;
  /**
   * What is sent of it, as JSON; one that is sent otherwise is written anew from it, each time the same. Frozen: a retry
   * sends the same bytes.
   */
  body: string;
};
